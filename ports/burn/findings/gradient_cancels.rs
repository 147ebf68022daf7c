//! The gradient of `BinaryCrossEntropyLoss` of logits at target 0 is 1 less the gradient of
//! log_sigmoid, which is near 1 for a negative logit: the difference cancels.

use burn::nn::loss::BinaryCrossEntropyLossConfig;
use burn::tensor::{Device, Int, Tensor};

fn main() {
    let device = Device::flex().autodiff();
    let loss = BinaryCrossEntropyLossConfig::new().with_logits(true).init(&device);
    for x in [-5f32, -10., -15., -17., -20.] {
        let input = Tensor::<1>::from_floats([x], &device).require_grad();
        let target = Tensor::<1, Int>::from_ints([0], &device);
        let gradients = loss.forward(input.clone(), target).backward();
        let gradient: f32 = input.grad(&gradients).expect("input is a leaf").into_scalar();
        let exact = 1. / (1. + f64::from(-x).exp());
        println!("x={x}: gradient {gradient:.4e} (exact {exact:.4e})");
    }
}
