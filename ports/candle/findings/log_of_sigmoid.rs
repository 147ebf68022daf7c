//! `binary_cross_entropy_with_logit` takes the logarithm of sigmoid(x) and of 1 - sigmoid(x): it is
//! infinite or NaN as soon as one of them rounds to 0, and inexact before.

use candle_core::{Device, Result, Tensor, Var};
use candle_nn::loss::binary_cross_entropy_with_logit;

fn main() -> Result<()> {
    for (x, t) in [(5f32, 0f32), (10., 0.), (16., 0.), (17., 0.), (17., 1.), (-89., 0.), (-89., 1.)]
    {
        let input = Var::new(&[x], &Device::Cpu)?;
        let loss = binary_cross_entropy_with_logit(&input, &Tensor::new(&[t], &Device::Cpu)?)?;
        let gradients = loss.backward()?;
        let gradient = gradients.get(&input).expect("input is a variable").to_vec1::<f32>()?[0];
        let (wide, soft) = (x as f64, if t == 0. { x as f64 } else { -x as f64 });
        let exact = soft.max(0.) + (-soft.abs()).exp().ln_1p();
        let slope = 1. / (1. + (-wide).exp()) - t as f64;
        let loss = loss.to_scalar::<f32>()?;
        println!(
            "x={x} t={t}: loss {loss} (exact {exact:.9}), gradient {gradient} (exact {slope:.3e})"
        );
    }
    Ok(())
}
