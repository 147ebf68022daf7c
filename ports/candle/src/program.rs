#![allow(unused)]
use candle_core::{Device, Result, Tensor, Var};
use candle_nn::loss::{binary_cross_entropy_with_logit, cross_entropy};

fn main() -> Result<()> {
    let input = Var::from_tensor(&array("{input}", "{input_dtype}", &{input_shape})?)?;
    let target = array("{target}", "{target_dtype}", &{target_shape})?;
    let target = TARGET;
    let loss = LOSS(&input, &target)?;
    println!("loss {:?}", values(&loss)?);
    let gradients = loss.backward()?;
    println!("grad_input {:?}", values(gradients.get(&input).expect("a gradient of input"))?);
    if let Some(gradient) = gradients.get(&target) {
        println!("grad_target {:?}", values(gradient)?);
    }
    Ok(())
}

/// Makes a tensor of numbers in brackets.
fn array(values: &str, dtype: &str, shape: &[usize]) -> Result<Tensor> {
    match dtype {
        "float64" => Tensor::from_vec(numbers::<f64>(values), shape, &Device::Cpu),
        "float32" => Tensor::from_vec(numbers::<f32>(values), shape, &Device::Cpu),
        "int64" => Tensor::from_vec(numbers::<i64>(values), shape, &Device::Cpu),
        "int32" => Tensor::from_vec(numbers::<i32>(values), shape, &Device::Cpu),
        _ => Tensor::from_vec(numbers::<u8>(values), shape, &Device::Cpu),
    }
}

fn numbers<T: std::str::FromStr>(text: &str) -> Vec<T> {
    let words = text.split(|c| "[], ".contains(c)).filter(|word| !word.is_empty());
    words.map(|word| word.parse().ok().expect("a number")).collect()
}

fn values(tensor: &Tensor) -> Result<Vec<f64>> {
    tensor.to_dtype(candle_core::DType::F64)?.flatten_all()?.to_vec1()
}
