//! candle as a port of lossproof: `binary_cross_entropy_with_logit` and `cross_entropy` of
//! `candle_nn::loss`, asked over the wire protocol.
//!
//! The losses are called as they are, the gradients are those of `Tensor::backward`. This file
//! translates calls, tensors and errors, and computes nothing: what the library does not have
//! is not claimed.

#[path = "../../skeleton/rust/src/wire.rs"]
mod wire;

use candle_core::{DType, Device, Error, Result, Tensor, Var};
use candle_nn::loss::{binary_cross_entropy_with_logit, cross_entropy};
use serde_json::json;

use wire::{Call, Outputs, Refusal};

/// What neither loss has: each is a mean, and takes no options.
const MISSING: [&str; 6] =
    ["weight", "reduction:none", "reduction:sum", "legacy_reduction", "grad_output", "mixed_dtype"];

/// A program that makes a call by candle itself, into which lossproof writes it.
const PROGRAM: &str = include_str!("program.rs");

fn main() -> std::io::Result<()> {
    let program =
        |loss: &str, target: &str| PROGRAM.replace("LOSS", loss).replace("TARGET", target);
    let description = json!({
        "port": {
            "name": "candle-nn",
            "version": env!("CANDLE_VERSION"),
            "language": "rust",
            "language_version": env!("COMPILER_VERSION"),
        },
        "snippets": {
            "BCEWithLogitsLoss": program(
                "binary_cross_entropy_with_logit", "Var::from_tensor(&target)?",
            ),
            "CrossEntropyLoss": program("cross_entropy", "target"),
        },
        "modules": {
            "BCEWithLogitsLoss": {
                "dtypes": ["float32", "float64"],
                "outputs": ["loss", "grad_input", "grad_target"],
                "without": without(&["pos_weight"]),
            },
            // It takes logits of shape (N, C), and class indices.
            "CrossEntropyLoss": {
                "dtypes": ["float32", "float64"],
                "outputs": ["loss", "grad_input"],
                "without": without(&[
                    "class_probabilities", "ignore_index", "label_smoothing", "rank:1", "rank:3+",
                ]),
            },
        },
    });
    wire::serve(&description, evaluate)
}

fn without(words: &[&str]) -> Vec<String> {
    MISSING.iter().chain(words).map(ToString::to_string).collect()
}

fn evaluate(call: &Call) -> wire::Answer {
    check_options(call)?;
    for (name, tensor) in &call.inputs {
        if !matches!(name.as_str(), "input" | "target") {
            return Err(Refusal::Unsupported(format!("the loss of candle has no {name}")));
        }
        if matches!(tensor.dtype, "float16" | "bfloat16") {
            return Err(Refusal::Unsupported(format!("{name} is {}", tensor.dtype)));
        }
        if tensor.dtype == "bool" {
            let message = format!("{name} is bool: candle has no such dtype");
            return Err(Refusal::Inexpressible { kind: "dtype", message });
        }
    }
    let outputs = match call.module.as_str() {
        "BCEWithLogitsLoss" => bce_with_logits(call),
        "CrossEntropyLoss" => class_indices(call),
        other => return Err(Refusal::Unsupported(format!("module '{other}'"))),
    };
    outputs.map_err(refusal)
}

fn check_options(call: &Call) -> std::result::Result<(), Refusal> {
    if call.options.ignore_index.is_some() || call.options.label_smoothing.is_some() {
        return Err(Refusal::Unsupported(
            "cross_entropy has no ignore_index and no label_smoothing".into(),
        ));
    }
    if call.options.size_average.is_some() || call.options.reduce.is_some() {
        return Err(Refusal::Unsupported("the loss of candle has no size_average, reduce".into()));
    }
    match call.options.reduction.as_deref() {
        None | Some("mean") => Ok(()),
        Some(name @ ("none" | "sum" | "elementwise_mean")) => {
            Err(Refusal::Unsupported(format!("the loss of candle is a mean; it has no '{name}'")))
        }
        Some(name) => {
            let message = format!("reduction '{name}': the loss of candle takes no reduction");
            Err(Refusal::Inexpressible { kind: "option", message })
        }
    }
}

fn bce_with_logits(call: &Call) -> Result<Outputs> {
    let input = Var::from_tensor(&from_wire(&call.inputs["input"])?)?;
    let target = Var::from_tensor(&from_wire(&call.inputs["target"])?)?;
    let loss = binary_cross_entropy_with_logit(&input, &target)?;
    outputs(call, &loss, &[("grad_input", &input), ("grad_target", &target)])
}

fn class_indices(call: &Call) -> Result<Outputs> {
    let input = Var::from_tensor(&from_wire(&call.inputs["input"])?)?;
    let target = from_wire(&call.inputs["target"])?;
    let loss = cross_entropy(&input, &target)?;
    outputs(call, &loss, &[("grad_input", &input)])
}

fn outputs(call: &Call, loss: &Tensor, leaves: &[(&str, &Var)]) -> Result<Outputs> {
    let mut outputs = Outputs::new();
    outputs.insert("loss".into(), to_wire(loss)?);
    if call.want.iter().any(|name| name != "loss") {
        let gradients = loss.backward()?;
        for (name, leaf) in leaves {
            let Some(gradient) = gradients.get(leaf) else {
                candle_core::bail!("backward gives no {name}");
            };
            outputs.insert(name.to_string(), to_wire(gradient)?);
        }
    }
    Ok(outputs)
}

/// How the messages begin with which cross_entropy refuses shapes.
const SHAPES: [&str; 3] = [
    "cross_entropy expects an input tensor of rank 2",
    "the target tensor should have",
    "batch size mismatch between inp",
];

/// Tells candle's refusals of a call from its failures: these must not pass for a refusal.
fn refusal(error: Error) -> Refusal {
    let text = error.to_string();
    let message = text.lines().next().unwrap_or_default().to_string(); // without the backtrace
    let inner = match &error {
        Error::WithBacktrace { inner, .. } => inner,
        other => other,
    };
    let kind = match inner {
        Error::ShapeMismatchBinaryOp { .. } => "shape",
        Error::DTypeMismatchBinaryOp { .. } | Error::UnsupportedDTypeForOp(..) => "dtype",
        Error::InvalidIndex { .. } => "value",
        Error::Msg(text) if SHAPES.iter().any(|shape| text.starts_with(shape)) => "shape",
        _ => return Refusal::Failed(message),
    };
    Refusal::Rejected { kind, message }
}

/// Makes a vector of numbers from their little-endian bytes.
macro_rules! numbers {
    ($type:ty, $data:expr) => {{
        let (chunks, _) = $data.as_chunks::<{ size_of::<$type>() }>();
        chunks.iter().map(|bytes| <$type>::from_le_bytes(*bytes)).collect::<Vec<$type>>()
    }};
}

/// Makes the little-endian bytes of a tensor's numbers.
macro_rules! bytes {
    ($type:ty, $tensor:expr) => {
        $tensor.to_vec1::<$type>()?.into_iter().flat_map(<$type>::to_le_bytes).collect()
    };
}

fn from_wire(tensor: &wire::Tensor) -> Result<Tensor> {
    let (shape, device) = (tensor.shape.as_slice(), &Device::Cpu);
    match tensor.dtype {
        "float64" => Tensor::from_vec(numbers!(f64, tensor.data), shape, device),
        "float32" => Tensor::from_vec(numbers!(f32, tensor.data), shape, device),
        "int64" => Tensor::from_vec(numbers!(i64, tensor.data), shape, device),
        "int32" => Tensor::from_vec(numbers!(i32, tensor.data), shape, device),
        "uint8" => Tensor::from_vec(tensor.data.clone(), shape, device),
        other => candle_core::bail!("{other} is outside the claim"),
    }
}

fn to_wire(tensor: &Tensor) -> Result<wire::Tensor> {
    let flat = tensor.flatten_all()?;
    let (dtype, data) = match tensor.dtype() {
        DType::F64 => ("float64", bytes!(f64, flat)),
        DType::F32 => ("float32", bytes!(f32, flat)),
        other => candle_core::bail!("an output is {other:?}, want F32 or F64"),
    };
    Ok(wire::Tensor { dtype, shape: tensor.dims().to_vec(), data })
}
