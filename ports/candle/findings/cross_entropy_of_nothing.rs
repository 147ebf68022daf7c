//! `cross_entropy` without rows is an error, and with integer logits a panic; a class index that is the
//! largest number of its dtype is taken for a mark, and its row has loss 0.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::loss::cross_entropy;

fn main() -> Result<()> {
    let device = &Device::Cpu;
    let empty = Tensor::zeros((0, 3), DType::F32, device)?;
    match cross_entropy(&empty, &Tensor::zeros(0, DType::I64, device)?) {
        Ok(loss) => println!("(0, 3): {loss}"),
        Err(error) => println!("(0, 3): {}", error.to_string().lines().next().unwrap_or_default()),
    }
    let logits = Tensor::zeros((1, 3), DType::F32, device)?;
    for class in [2, 3, i64::MAX] {
        let loss = cross_entropy(&logits, &Tensor::from_vec(vec![class], 1, device)?);
        match loss.and_then(|loss| loss.to_scalar::<f32>()) {
            Ok(loss) => println!("class {class} of 3: {loss}"),
            Err(error) => {
                println!(
                    "class {class} of 3: {}",
                    error.to_string().lines().next().unwrap_or_default()
                );
            }
        }
    }
    Ok(())
}
