//! burn as a port of lossproof: `BinaryCrossEntropyLoss` and `CrossEntropyLoss` of
//! `burn::nn::loss` on the backend Flex, asked over the wire protocol.
//!
//! The losses are called as they are, the gradients are those of `Tensor::backward`. This file
//! translates calls, tensors and panics, and computes nothing: what the library does not have
//! is not claimed.

#[allow(dead_code)] // the numbers of 16 bits are burn's
#[path = "../../skeleton/rust/src/wire.rs"]
mod wire;

use std::any::Any;
use std::collections::BTreeMap;
use std::env::current_exe;
use std::io::{BufRead, BufReader, Write, stdin, stdout};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use burn::nn::loss::{BinaryCrossEntropyLossConfig, CrossEntropyLossConfig};
use burn::tensor::{DType, Device, FloatDType, Int, Tensor, TensorData};
use serde_json::{Value, json};

use wire::{Call, Outputs, Refusal};

const DTYPES: [&str; 4] = ["float16", "bfloat16", "float32", "float64"];

/// What neither loss has: each is a mean with a weight for each class.
const MISSING: [&str; 8] = [
    "reduction:none",
    "reduction:sum",
    "legacy_reduction",
    "grad_output",
    "mixed_dtype",
    "rank:0",
    "weight:element",
    "weight:nonpositive",
];

/// A program that makes a call by burn itself, into which lossproof writes it.
const PROGRAM: &str = include_str!("program.rs");

/// The losses of the program.
const BINARY: &str = "BinaryCrossEntropyLossConfig::new().with_logits(LOGITS)
        .with_weights(broadcast(weights)).init(&device)";
const CROSS_ENTROPY: &str = "CrossEntropyLossConfig::new().with_pad_tokens(pad)
        .with_weights(weights).with_smoothing(smoothing).init(&device)";

fn main() -> std::io::Result<()> {
    match std::env::args().nth(1) {
        Some(dtype) => serve(&dtype),
        None => route(),
    }
}

/// Hands each request to a process for the dtype of its input: a device of burn has one float dtype
/// for as long as its process lives, and the losses make tensors of it.
fn route() -> std::io::Result<()> {
    let mut servers: BTreeMap<String, (ChildStdin, BufReader<ChildStdout>)> = BTreeMap::new();
    for line in stdin().lines() {
        let line = line?;
        let request: Value = serde_json::from_str(&line)?;
        if request["cmd"] == "bye" {
            break;
        }
        let dtype = request["inputs"]["input"]["dtype"].as_str().unwrap_or_default();
        let dtype = if DTYPES.contains(&dtype) { dtype } else { "float32" };
        if !servers.contains_key(dtype) {
            let mut command = Command::new(current_exe()?);
            command.arg(dtype).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.spawn()?;
            let input = child.stdin.take().expect("it is piped");
            let output = BufReader::new(child.stdout.take().expect("it is piped"));
            servers.insert(dtype.into(), (input, output));
        }
        let (input, output) = servers.get_mut(dtype).expect("it was inserted");
        writeln!(input, "{line}")?;
        let mut answer = String::new();
        if output.read_line(&mut answer)? == 0 {
            return Err(std::io::Error::other(format!("the process of {dtype} is lost")));
        }
        let mut out = stdout().lock();
        out.write_all(answer.as_bytes())?;
        out.flush()?;
    }
    Ok(())
}

fn serve(dtype: &str) -> std::io::Result<()> {
    let default: FloatDType = match dtype {
        "float16" => FloatDType::F16,
        "bfloat16" => FloatDType::BF16,
        "float64" => FloatDType::F64,
        _ => FloatDType::F32,
    };
    Device::flex().configure(default).expect("no tensor was made before");
    let outputs = ["loss", "grad_input"];
    // The targets are integers, the weights of one-dimensional logits those of the targets 0 and 1.
    let binary = without(&["soft_targets", "pos_weight", "weight+rank:1"]);
    let description = json!({
        "port": {
            "name": "burn",
            "version": env!("BURN_VERSION"),
            "language": "rust",
            "language_version": env!("COMPILER_VERSION"),
        },
        "snippets": {
            "BCEWithLogitsLoss": PROGRAM.replace("LOSS", &BINARY.replace("LOGITS", "true")),
            "BCELoss": PROGRAM.replace("LOSS", &BINARY.replace("LOGITS", "false")),
            "CrossEntropyLoss": PROGRAM.replace("LOSS", CROSS_ENTROPY),
        },
        "modules": {
            "BCEWithLogitsLoss": {"dtypes": DTYPES, "outputs": outputs, "without": binary},
            "BCELoss": {"dtypes": DTYPES, "outputs": outputs, "without": binary},
            // It takes logits of shape (N, C), and class indices.
            "CrossEntropyLoss": {
                "dtypes": DTYPES,
                "outputs": outputs,
                "without": without(
                    &["class_probabilities", "ignore_index:negative", "rank:1", "rank:3+"],
                ),
            },
        },
    });
    set_hook(Box::new(|_| {})); // the message of a panic is the answer
    wire::serve(&description, evaluate)
}

fn without(words: &[&str]) -> Vec<String> {
    MISSING.iter().chain(words).map(ToString::to_string).collect()
}

fn evaluate(call: &Call) -> wire::Answer {
    check_options(call)?;
    for name in call.inputs.keys() {
        if !matches!(name.as_str(), "input" | "target" | "weight") {
            return Err(Refusal::Unsupported(format!("the losses of burn have no {name}")));
        }
    }
    let (input, target) = (&call.inputs["input"], &call.inputs["target"]);
    let dtype = float(input.dtype).ok_or_else(|| Refusal::Inexpressible {
        kind: "dtype",
        message: format!("input is {}: burn's is a float tensor", input.dtype),
    })?;
    let device = Device::flex().autodiff();
    let weight =
        call.inputs.get("weight").map(|weight| classes(&call.module, weight, input)).transpose()?;
    let evaluated = match (call.module.as_str(), input.shape.len(), target.shape.len()) {
        ("CrossEntropyLoss", 2, 1) => {
            let config = CrossEntropyLossConfig::new()
                .with_pad_tokens(ignored(call)?)
                .with_weights(weight)
                .with_smoothing(call.options.label_smoothing.map(|e| e as f32));
            let targets = Tensor::from_data(integers(target)?, (&device, DType::I64));
            catch_unwind(AssertUnwindSafe(|| {
                let loss = config.init(&device);
                differentiate(call, dtype, &device, |x: Tensor<2>| loss.forward(x, targets))
            }))
        }
        ("BCEWithLogitsLoss" | "BCELoss", rank, other) if rank == other => match rank {
            1 => binary::<1>(call, weight, dtype, &device)?,
            2 => binary::<2>(call, weight, dtype, &device)?,
            3 => binary::<3>(call, weight, dtype, &device)?,
            4 => binary::<4>(call, weight, dtype, &device)?,
            5 => binary::<5>(call, weight, dtype, &device)?,
            _ => return Err(Refusal::Unsupported(format!("logits of rank {rank}"))),
        },
        _ => {
            let message = "the types of burn's losses tell the ranks of both".into();
            return Err(Refusal::Inexpressible { kind: "shape", message });
        }
    };
    evaluated.map_err(refusal)
}

type Evaluated = Result<Outputs, Box<dyn Any + Send>>;

fn binary<const D: usize>(
    call: &Call,
    weight: Option<Vec<f32>>,
    dtype: DType,
    device: &Device,
) -> Result<Evaluated, Refusal> {
    let config = BinaryCrossEntropyLossConfig::new()
        .with_weights(weight)
        .with_logits(call.module == "BCEWithLogitsLoss");
    let targets: Tensor<D, Int> =
        Tensor::from_data(integers(&call.inputs["target"])?, (device, DType::I64));
    Ok(catch_unwind(AssertUnwindSafe(|| {
        let loss = config.init(device);
        differentiate(call, dtype, device, |x: Tensor<D>| loss.forward(x, targets))
    })))
}

fn differentiate<const D: usize>(
    call: &Call,
    dtype: DType,
    device: &Device,
    loss: impl FnOnce(Tensor<D>) -> Tensor<1>,
) -> Outputs {
    let input = &call.inputs["input"];
    let data = TensorData::from_bytes_vec(input.data.clone(), input.shape.clone(), dtype);
    let x = Tensor::<D>::from_data(data, (device, dtype)).require_grad();
    let loss = loss(x.clone());
    let mut outputs = Outputs::new();
    if call.want.iter().any(|name| name == "grad_input") {
        let gradient = x.grad(&loss.backward()).expect("backward gives no gradient of input");
        outputs.insert("grad_input".into(), to_wire(gradient.into_data(), input.shape.clone()));
    }
    // A tensor of burn has a dimension at least, a mean has one element.
    outputs.insert("loss".into(), to_wire(loss.into_data(), vec![]));
    outputs
}

fn check_options(call: &Call) -> Result<(), Refusal> {
    if call.options.size_average.is_some() || call.options.reduce.is_some() {
        return Err(Refusal::Unsupported("burn has no size_average and no reduce".into()));
    }
    match call.options.reduction.as_deref() {
        None | Some("mean") => Ok(()),
        Some(name @ ("none" | "sum" | "elementwise_mean")) => {
            Err(Refusal::Unsupported(format!("the losses of burn are means; there is no '{name}'")))
        }
        Some(name) => {
            let message = format!("reduction '{name}': the losses of burn take no reduction");
            Err(Refusal::Inexpressible { kind: "option", message })
        }
    }
}

/// Returns ignore_index as pad_tokens, which are not negative.
fn ignored(call: &Call) -> Result<Option<Vec<usize>>, Refusal> {
    call.options
        .ignore_index
        .map(|index| {
            usize::try_from(index).map(|index| vec![index]).map_err(|_| {
                Refusal::Unsupported(format!("ignore_index={index}: pad_tokens are not negative"))
            })
        })
        .transpose()
}

/// Returns a weight for each class, which is what burn takes; one that broadcasts is that of all.
fn classes(module: &str, weight: &wire::Tensor, input: &wire::Tensor) -> Result<Vec<f32>, Refusal> {
    if weight.dtype != input.dtype {
        let message = format!("weight is {}, input {}", weight.dtype, input.dtype);
        return Err(Refusal::Inexpressible { kind: "dtype", message });
    }
    if weight.shape.iter().rev().skip(1).any(|&size| size != 1) {
        return Err(Refusal::Unsupported(format!("a weight of shape {:?}", weight.shape)));
    }
    let data = TensorData::from_bytes_vec(
        weight.data.clone(),
        weight.shape.clone(),
        float(weight.dtype).expect("it is that of input"),
    );
    let weights: Vec<f32> = data.iter().collect();
    Ok(match (weights.as_slice(), input.shape.last()) {
        ([one], Some(&classes)) if module != "CrossEntropyLoss" => vec![*one; classes],
        _ => weights,
    })
}

fn float(dtype: &str) -> Option<DType> {
    Some(match dtype {
        "float16" => DType::F16,
        "bfloat16" => DType::BF16,
        "float32" => DType::F32,
        "float64" => DType::F64,
        _ => return None,
    })
}

/// Makes the integers that burn's losses take as targets.
fn integers(target: &wire::Tensor) -> Result<TensorData, Refusal> {
    let dtype = match target.dtype {
        "int64" => DType::I64,
        "int32" => DType::I32,
        "uint8" | "bool" => DType::U8,
        other => float(other).expect("the wire has no other dtype"),
    };
    let data = TensorData::from_bytes_vec(target.data.clone(), target.shape.clone(), dtype);
    if data.iter::<f64>().any(|t| t.fract() != 0.0 || !t.is_finite()) {
        return Err(Refusal::Unsupported("a target that is no integer".into()));
    }
    Ok(TensorData::new(data.iter::<i64>().collect(), target.shape.clone()))
}

fn to_wire(data: TensorData, shape: Vec<usize>) -> wire::Tensor {
    let dtype = match data.dtype() {
        DType::F16 => "float16",
        DType::BF16 => "bfloat16",
        DType::F32 => "float32",
        DType::F64 => "float64",
        other => panic!("an output is {other:?}, want a float"),
    };
    wire::Tensor { dtype, shape, data: data.as_bytes().to_vec() }
}

/// How the messages begin with which the losses refuse a call, and the kinds of these refusals.
const REFUSALS: [(&str, &str); 5] = [
    ("Shape of targets (", "shape"),
    ("assert_shape!(targets", "shape"),
    ("The number of classes (", "shape"),
    ("Alpha of Cross-entropy loss", "value"),
    ("Weights of cross-entropy", "value"),
];

/// Tells burn's refusals of a call from its failures: these must not pass for a refusal.
fn refusal(panic: Box<dyn Any + Send>) -> Refusal {
    let text = match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
        (Some(text), _) => text.clone(),
        (_, Some(text)) => text.to_string(),
        _ => "a panic without a message".into(),
    };
    if text.contains("out of bounds for dimension") {
        return Refusal::Rejected { kind: "value", message: text };
    }
    match REFUSALS.iter().find(|(start, _)| text.starts_with(start)) {
        Some((_, kind)) => Refusal::Rejected { kind, message: text },
        None => Refusal::Failed(text),
    }
}
