//! The losses of the folder losses as a port of lossproof.
//!
//! ```text
//! cargo build --release --locked
//! lossproof run -- target/release/my-losses
//! ```
//!
//! This file is the adapter: it says what is implemented (the claim), and translates calls,
//! arrays and errors. It computes nothing.

mod losses;
mod wire;

use serde_json::json;

use losses::{Array, LossError, Target};
use wire::{Answer, Call, Outputs, Refusal, Tensor};

fn main() -> std::io::Result<()> {
    // What is not implemented; lossproof does not ask for it. An empty list claims everything.
    let claim = |without: &[&str]| {
        json!({
            "dtypes": ["float16", "bfloat16", "float32", "float64"],
            // There are also grad_target and grad_weight.
            "outputs": ["loss", "grad_input"],
            "without": without,
        })
    };
    let of_elements = claim(&["legacy_reduction", "mixed_dtype", "integer_targets"]);
    let description = json!({
        "port": {
            "name": env!("CARGO_PKG_NAME"),
            "version": env!("CARGO_PKG_VERSION"),
            "language": "rust",
        },
        "modules": {
            "BCEWithLogitsLoss": of_elements,
            "MultiLabelSoftMarginLoss": of_elements,
            "BCELoss": of_elements,
            // Class indices are integer targets.
            "CrossEntropyLoss": claim(&["legacy_reduction", "mixed_dtype"]),
        },
    });
    wire::serve(&description, evaluate)
}

fn evaluate(call: &Call) -> Answer {
    if call.options.size_average.is_some() || call.options.reduce.is_some() {
        return Err(Refusal::Unsupported("the options size_average and reduce".into()));
    }
    let input = array(call, "input")?.ok_or_else(|| missing("input"))?;
    let (weight, pos_weight) = (array(call, "weight")?, array(call, "pos_weight")?);
    let upstream = array(call, "grad_output")?;
    let options = losses::Options {
        weight: weight.as_ref(),
        pos_weight: pos_weight.as_ref(),
        reduction: call.options.reduction.as_deref(),
        upstream: upstream.as_ref(),
        ignore_index: call.options.ignore_index,
        label_smoothing: call.options.label_smoothing,
    };
    let target = || array(call, "target")?.ok_or_else(|| missing("target"));
    let result = match call.module.as_str() {
        "BCEWithLogitsLoss" => losses::bce_with_logits(&input, &target()?, &options),
        "MultiLabelSoftMarginLoss" => losses::multi_label_soft_margin(&input, &target()?, &options),
        "BCELoss" => losses::bce(&input, &target()?, &options),
        "CrossEntropyLoss" => losses::cross_entropy(&input, &classes(call)?, &options),
        other => return Err(Refusal::Unsupported(format!("module '{other}'"))),
    };
    // Only what the library refuses on purpose is a rejection.
    let (loss, gradient) = result.map_err(|error| match error {
        LossError::Shape(message) => Refusal::Rejected { kind: "shape", message },
        LossError::Option(message) => Refusal::Rejected { kind: "option", message },
        LossError::Value(message) => Refusal::Rejected { kind: "value", message },
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

/// Returns an input, None where it is not given. The losses are written for numbers of one type.
fn array(call: &Call, name: &str) -> Result<Option<Array>, Refusal> {
    let Some(tensor) = call.inputs.get(name) else {
        return Ok(None);
    };
    let of_input = call.inputs.get("input").map_or(tensor.dtype, |input| input.dtype);
    if tensor.dtype != of_input {
        let message = format!("{name} is {}, input {of_input}", tensor.dtype);
        return Err(Refusal::Inexpressible { kind: "dtype", message });
    }
    let values = match tensor.dtype {
        "float64" => tensor.data.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect(),
        "float32" => {
            tensor.data.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b).into()).collect()
        }
        "float16" | "bfloat16" => tensor
            .data
            .as_chunks()
            .0
            .iter()
            .map(|b| wire::from_half(tensor.dtype, u16::from_le_bytes(*b)))
            .collect(),
        other => {
            let message = format!("{name} is {other}: the losses take floating-point numbers");
            return Err(Refusal::Inexpressible { kind: "dtype", message });
        }
    };
    Ok(Some(Array { shape: tensor.shape.clone(), values }))
}

/// Returns the target of CrossEntropyLoss: class indices or class probabilities.
fn classes(call: &Call) -> Result<Target, Refusal> {
    let tensor = call.inputs.get("target").ok_or_else(|| missing("target"))?;
    let indices = |values| Target::Indices { shape: tensor.shape.clone(), values };
    let rank = call.inputs["input"].shape.len();
    match tensor.dtype {
        "int64" => {
            Ok(indices(tensor.data.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b)).collect()))
        }
        // PyTorch takes uint8 where there are no further dimensions than rows and classes.
        "uint8" if rank <= 2 => Ok(indices(tensor.data.iter().map(|&b| b.into()).collect())),
        _ => {
            let probabilities = array(call, "target")?.ok_or_else(|| missing("target"))?;
            Ok(Target::Probabilities(probabilities))
        }
    }
}

fn to_wire(dtype: &'static str, array: Array) -> Tensor {
    let values = array.values.into_iter();
    let data = match dtype {
        "float64" => values.flat_map(f64::to_le_bytes).collect(),
        "float16" | "bfloat16" => {
            values.flat_map(|value| wire::to_half(dtype, value).to_le_bytes()).collect()
        }
        _ => values.flat_map(|value| (value as f32).to_le_bytes()).collect(),
    };
    Tensor { dtype, shape: array.shape, data }
}
