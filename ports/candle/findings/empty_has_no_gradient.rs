//! An operation on an empty tensor returns a clone of its left operand, without a node of the graph:
//! `backward` gives a gradient for the target alone, though the loss is that of the input too.

use candle_core::{DType, Device, Result, Var};
use candle_nn::loss::binary_cross_entropy_with_logit;

fn main() -> Result<()> {
    for shape in [(1, 3), (0, 3)] {
        let input = Var::zeros(shape, DType::F32, &Device::Cpu)?;
        let target = Var::zeros(shape, DType::F32, &Device::Cpu)?;
        let gradients = binary_cross_entropy_with_logit(&input, &target)?.backward()?;
        println!(
            "{shape:?}: a gradient of input: {}, of target: {}",
            gradients.get(&input).is_some(),
            gradients.get(&target).is_some(),
        );
    }
    Ok(())
}
