//! Wire protocol 1 of lossproof: one JSON object a line on stdin, one a line on stdout.
//!
//! Nothing here is about a loss or a library: a port gives [`serve`] its answer to hello and a
//! function that evaluates one call. Nothing else may print on stdout: use `eprintln!`.

use std::any::Any;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

pub const PROTOCOL: u64 = 1;

const DTYPES: [(&str, usize); 8] = [
    ("float16", 2),
    ("bfloat16", 2),
    ("float32", 4),
    ("float64", 8),
    ("int64", 8),
    ("int32", 4),
    ("uint8", 1),
    ("bool", 1),
];
const OPTIONS: [&str; 5] =
    ["reduction", "size_average", "reduce", "ignore_index", "label_smoothing"];
const INPUTS: [&str; 5] = ["input", "target", "weight", "pos_weight", "grad_output"];

/// A dense array: data has the little-endian, row-major bytes.
pub struct Tensor {
    pub dtype: &'static str,
    pub shape: Vec<usize>,
    pub data: Vec<u8>,
}

/// Of a dtype of 16 bits: the bits behind the leading one, and the bias of the exponent.
fn half(dtype: &str) -> (i32, i32) {
    if dtype == "float16" { (10, 15) } else { (7, 127) }
}

/// Returns the number with these bits, of float16 or bfloat16.
pub fn from_half(dtype: &str, bits: u16) -> f64 {
    let (fraction, bias) = half(dtype);
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from((bits & 0x7fff) >> fraction);
    let rest = bits & ((1 << fraction) - 1);
    if exponent == 2 * bias + 1 {
        return if rest == 0 { sign * f64::INFINITY } else { f64::NAN };
    }
    let whole = if exponent == 0 { rest } else { rest + (1 << fraction) };
    sign * f64::from(whole) * 2f64.powi(exponent.max(1) - bias - fraction)
}

/// Returns the bits of the nearest number of float16 or bfloat16, of two as near the even one.
pub fn to_half(dtype: &str, v: f64) -> u16 {
    let (fraction, bias) = half(dtype);
    let infinity = ((2 * bias + 1) as u16) << fraction;
    if v.is_nan() {
        return infinity | 1 << (fraction - 1);
    }
    let sign = if v.is_sign_negative() { 0x8000 } else { 0 };
    let size = v.abs();
    // The exponent of v: a float64 that is subnormal is far below every spacing.
    let exponent = ((size.to_bits() >> 52) as i32 - 1023).max(1 - bias);
    if exponent > bias {
        return sign | infinity;
    }
    let units = (size * 2f64.powi(fraction - exponent)).round_ties_even() as u16;
    // A carry into the next exponent is what the addition makes of it.
    sign | ((((exponent + bias - 1) as u16) << fraction) + units)
}

/// The constructor's options; None was not given.
#[derive(Default)]
pub struct Options {
    pub reduction: Option<String>,
    pub size_average: Option<bool>,
    pub reduce: Option<bool>,
    pub ignore_index: Option<i64>,
    pub label_smoothing: Option<f64>,
}

/// One call of a module, and the outputs that are asked for.
pub struct Call {
    pub module: String,
    pub options: Options,
    pub inputs: BTreeMap<String, Tensor>,
    pub want: Vec<String>,
}

/// Why there are no outputs.
pub enum Refusal {
    /// The port refuses the call, as torch raises. kind: shape, dtype, option, value or empty.
    Rejected { kind: &'static str, message: String },
    /// As Rejected, where the types of the port cannot express the call.
    Inexpressible { kind: &'static str, message: String },
    /// The port does not do this. Inside the claim of the port it counts as a failure.
    Unsupported(String),
    /// An error inside the port.
    Failed(String),
}

pub type Outputs = BTreeMap<String, Tensor>;
pub type Answer = Result<Outputs, Refusal>;

/// Answers requests until bye or the end of stdin.
///
/// description has the members port and modules of the answer to hello. A panic of evaluate is
/// answered as a failure of the port.
pub fn serve(description: &Value, evaluate: impl Fn(&Call) -> Answer) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let answer = match request["cmd"].as_str() {
            Some("hello") => hello(&request, description),
            Some("run") => run(&request, &evaluate),
            Some("bye") => return Ok(()),
            _ => json!({"protocol": PROTOCOL, "error": "cmd: want hello, run or bye"}),
        };
        writeln!(out, "{answer}")?;
        out.flush()?; // lossproof waits for this line
    }
    Ok(())
}

fn hello(request: &Value, description: &Value) -> Value {
    let got = &request["protocol"];
    if got.as_u64() != Some(PROTOCOL) {
        return json!({"protocol": PROTOCOL, "error": format!("got protocol {got}, want {PROTOCOL}")});
    }
    let mut answer = description.clone();
    answer["protocol"] = json!(PROTOCOL);
    answer
}

fn run(request: &Value, evaluate: &impl Fn(&Call) -> Answer) -> Value {
    let answer = catch_unwind(AssertUnwindSafe(|| evaluate(&decode(request)?)));
    let answer = answer.unwrap_or_else(|panic| Err(Refusal::Failed(panic_message(&*panic))));
    let (member, body) = match answer {
        Ok(outputs) => {
            ("outputs", outputs.iter().map(|(name, t)| (name.clone(), encode(t))).collect())
        }
        Err(Refusal::Rejected { kind, message }) => ("rejected", rejected(kind, message, false)),
        Err(Refusal::Inexpressible { kind, message }) => {
            ("rejected", rejected(kind, message, true))
        }
        Err(Refusal::Unsupported(reason)) => ("unsupported", json!({"reason": reason})),
        Err(Refusal::Failed(message)) => ("failed", json!({"message": message})),
    };
    json!({"id": request["id"], member: body})
}

fn rejected(kind: &str, message: String, is_static: bool) -> Value {
    let mut body = json!({"message": message});
    if !kind.is_empty() {
        body["kind"] = json!(kind);
    }
    if is_static {
        body["static"] = json!(true);
    }
    body
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("panic: {}", message.unwrap_or("without a message"))
}

fn decode(request: &Value) -> Result<Call, Refusal> {
    let empty = Map::new();
    let options = request["options"].as_object().unwrap_or(&empty);
    check_names("options", options, &OPTIONS)?;
    let values = request["inputs"].as_object().ok_or_else(|| failed("inputs: want an object"))?;
    check_names("inputs", values, &INPUTS)?;
    let mut inputs = BTreeMap::new();
    for (name, value) in values {
        inputs.insert(name.clone(), decode_tensor(name, value)?);
    }
    let want = request["want"].as_array().ok_or_else(|| failed("want: want an array"))?;
    Ok(Call {
        module: request["module"]
            .as_str()
            .ok_or_else(|| failed("module: want a string"))?
            .to_string(),
        options: Options {
            reduction: options.get("reduction").and_then(Value::as_str).map(str::to_string),
            size_average: options.get("size_average").and_then(Value::as_bool),
            reduce: options.get("reduce").and_then(Value::as_bool),
            ignore_index: number("ignore_index", options.get("ignore_index"))?,
            label_smoothing: number("label_smoothing", options.get("label_smoothing"))?,
        },
        inputs,
        want: want.iter().filter_map(Value::as_str).map(str::to_string).collect(),
    })
}

/// Returns a number that travels as a string where JSON does not hold it everywhere.
fn number<T: FromStr>(name: &str, value: Option<&Value>) -> Result<Option<T>, Refusal> {
    let Some(value) = value else {
        return Ok(None);
    };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_string);
    match text.parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(failed(format!("{name}: {value} is no such number"))),
    }
}

/// Refuses what this port has not heard of: to ignore it would compute something else.
fn check_names(place: &str, found: &Map<String, Value>, known: &[&str]) -> Result<(), Refusal> {
    match found.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let known = known.join(", ");
            Err(Refusal::Unsupported(format!(
                "{place}: unknown name '{name}', want one of {known}"
            )))
        }
    }
}

fn decode_tensor(name: &str, value: &Value) -> Result<Tensor, Refusal> {
    let dtype = &value["dtype"];
    let known = DTYPES.iter().find(|(known, _)| dtype.as_str() == Some(*known));
    let (dtype, size) = *known.ok_or_else(|| failed(format!("{name}: unknown dtype {dtype}")))?;
    let shape: Vec<usize> = serde_json::from_value(value["shape"].clone())
        .map_err(|err| failed(format!("{name}: shape: {err}")))?;
    let data = STANDARD
        .decode(value["data"].as_str().unwrap_or_default())
        .map_err(|err| failed(format!("{name}: data: {err}")))?;
    let want = shape.iter().try_fold(size, |product, &n| product.checked_mul(n));
    if want != Some(data.len()) {
        let message = format!("{name}: {} bytes do not fit {dtype} {shape:?}", data.len());
        return Err(failed(message));
    }
    Ok(Tensor { dtype, shape, data })
}

fn encode(tensor: &Tensor) -> Value {
    let data = STANDARD.encode(&tensor.data);
    json!({"dtype": tensor.dtype, "shape": tensor.shape, "data": data})
}

fn failed(message: impl Into<String>) -> Refusal {
    Refusal::Failed(message.into())
}
