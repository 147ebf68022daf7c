#![allow(unused)]
use burn::nn::loss::{BinaryCrossEntropyLossConfig, CrossEntropyLossConfig};
use burn::tensor::{DType, Device, FloatDType, Int, Tensor, TensorData};

const INPUT: &[usize] = &{input_shape};
const TARGET: &[usize] = &{target_shape};

fn main() {
    let (float, dtype) = match "{input_dtype}" {
        "float16" => (FloatDType::F16, DType::F16),
        "bfloat16" => (FloatDType::BF16, DType::BF16),
        "float64" => (FloatDType::F64, DType::F64),
        _ => (FloatDType::F32, DType::F32),
    };
    Device::flex().configure(float).expect("no tensor was made before");
    let device = Device::flex().autodiff();
    let data = TensorData::new(numbers::<f64>("{input}"), INPUT.to_vec()).convert_dtype(dtype);
    let input = Tensor::<{ INPUT.len() }>::from_data(data, (&device, dtype)).require_grad();
    // Targets are integers, as floats too.
    let integers = numbers::<f64>("{target}").into_iter().map(|t| t as i64).collect();
    let data = TensorData::new(integers, TARGET.to_vec());
    let target = Tensor::<{ TARGET.len() }, Int>::from_data(data, (&device, DType::I64));
    let (mut weights, mut pad, mut smoothing) = (None::<Vec<f32>>, None::<Vec<usize>>, None::<f32>);
    weights = Some(numbers("{weight}"));
    pad = Some(vec![{ignore_index}]);
    smoothing = Some({label_smoothing} as f32);
    let loss = LOSS.forward(input.clone(), target);
    println!("loss {:?}", values(loss.to_data()));
    let gradient = input.grad(&loss.backward()).expect("a gradient of input");
    println!("grad_input {:?}", values(gradient.to_data()));
}

/// Returns a weight for each class, of one that broadcasts too.
fn broadcast(weights: Option<Vec<f32>>) -> Option<Vec<f32>> {
    weights.map(|w| if w.len() == 1 { vec![w[0]; INPUT[INPUT.len() - 1]] } else { w })
}

fn numbers<T: std::str::FromStr>(text: &str) -> Vec<T> {
    let words = text.split(|c| "[], ".contains(c)).filter(|word| !word.is_empty());
    words.map(|word| word.parse().ok().expect("a number")).collect()
}

fn values(data: TensorData) -> Vec<f64> {
    data.iter::<f64>().collect()
}
