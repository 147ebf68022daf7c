//! The losses of loss.rs as a port of lossproof.
//!
//! ```text
//! cargo build --release --locked
//! lossproof run -- target/release/my-losses
//! ```
//!
//! This file is the adapter: it says what is implemented (the claim), and translates calls,
//! arrays and errors. It computes nothing.

mod loss;
mod wire;

use serde_json::json;

use loss::{Array, LossError};
use wire::{Answer, Call, Outputs, Refusal, Tensor};

fn main() -> std::io::Result<()> {
    let claim = json!({
        "dtypes": ["float32", "float64"],
        // There are also grad_target and grad_weight.
        "outputs": ["loss", "grad_input"],
        // What is not implemented; lossproof does not ask for it. An empty list claims everything.
        "without": ["legacy_reduction", "mixed_dtype", "integer_targets"],
    });
    let description = json!({
        "port": {
            "name": env!("CARGO_PKG_NAME"),
            "version": env!("CARGO_PKG_VERSION"),
            "language": "rust",
        },
        "modules": {"BCEWithLogitsLoss": claim, "MultiLabelSoftMarginLoss": claim},
    });
    wire::serve(&description, evaluate)
}

fn evaluate(call: &Call) -> Answer {
    if call.options.size_average.is_some() || call.options.reduce.is_some() {
        return Err(Refusal::Unsupported("the options size_average and reduce".into()));
    }
    let input = array(call, "input")?.ok_or_else(|| missing("input"))?;
    let target = array(call, "target")?.ok_or_else(|| missing("target"))?;
    let (weight, pos_weight) = (array(call, "weight")?, array(call, "pos_weight")?);
    let upstream = array(call, "grad_output")?;
    let options = loss::Options {
        weight: weight.as_ref(),
        pos_weight: pos_weight.as_ref(),
        reduction: call.options.reduction.as_deref(),
        upstream: upstream.as_ref(),
    };
    let result = match call.module.as_str() {
        "BCEWithLogitsLoss" => loss::bce_with_logits(&input, &target, &options),
        "MultiLabelSoftMarginLoss" => loss::multi_label_soft_margin(&input, &target, &options),
        other => return Err(Refusal::Unsupported(format!("module '{other}'"))),
    };
    // Only what the library refuses on purpose is a rejection.
    let (loss, gradient) = result.map_err(|error| match error {
        LossError::Shape(message) => Refusal::Rejected { kind: "shape", message },
        LossError::Option(message) => Refusal::Rejected { kind: "option", message },
    })?;
    let dtype = call.inputs["input"].dtype;
    let mut outputs = Outputs::from([
        ("loss".to_string(), to_wire(dtype, loss)),
        ("grad_input".to_string(), to_wire(dtype, gradient)),
    ]);
    outputs.retain(|name, _| call.want.contains(name));
    Ok(outputs)
}

fn missing(name: &str) -> Refusal {
    Refusal::Failed(format!("inputs: {name} is missing"))
}

/// Returns an input, None where it is not given.
fn array(call: &Call, name: &str) -> Result<Option<Array>, Refusal> {
    let Some(tensor) = call.inputs.get(name) else {
        return Ok(None);
    };
    let values = match tensor.dtype {
        "float64" => tensor.data.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect(),
        "float32" => {
            tensor.data.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b).into()).collect()
        }
        other => {
            let message = format!("{name} is {other}: the losses take float32 and float64");
            return Err(Refusal::Inexpressible { kind: "dtype", message });
        }
    };
    Ok(Some(Array { shape: tensor.shape.clone(), values }))
}

fn to_wire(dtype: &'static str, array: Array) -> Tensor {
    let values = array.values.into_iter();
    let data = match dtype {
        "float64" => values.flat_map(f64::to_le_bytes).collect(),
        _ => values.flat_map(|value| (value as f32).to_le_bytes()).collect(),
    };
    Tensor { dtype, shape: array.shape, data }
}
