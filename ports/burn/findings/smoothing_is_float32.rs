//! `CrossEntropyLossConfig` takes smoothing as f32, and what is made of it is rounded to f32, also
//! where the device computes in f64: the gradient has eight digits.

use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Device, FloatDType, Int, Tensor, TensorData};

fn main() {
    Device::flex().configure(FloatDType::F64).expect("no tensor was made before");
    let device = Device::flex().autodiff();
    let loss = CrossEntropyLossConfig::new().with_smoothing(Some(0.1)).init(&device);
    let input = Tensor::<2>::from_data(TensorData::from([[0f64, 0.]]), &device).require_grad();
    let target = Tensor::<1, Int>::from_ints([0], &device);
    let gradients = loss.forward(input.clone(), target).backward();
    let gradient = input.grad(&gradients).expect("input is a leaf").into_data();
    let numbers: Vec<f64> = gradient.iter().collect();
    println!("{:?}: {numbers:?} (exact -0.45, 0.45)", gradient.dtype());
}
