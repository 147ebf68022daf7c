//! The two losses of several labels that take logits.
//!
//! With y = exp(-|x|) and L = ln_1p(y), an element of either loss and its derivative are
//!
//! ```text
//! loss  = w * (((1-t) + p*t) * L + (x >= 0 ? 1-t : -p*t) * x)
//! slope = w * (x >= 0 ? (1-t) - p*t*y : (1-t)*y - p*t) / (1+y)
//! ```
//!
//! with the weight w and the pos_weight p, 1 where they are not given. Nothing here overflows,
//! and nothing cancels.

use super::arguments::{
    Array, LossError, Options, Parts, Result, check_shapes, expand, reduce, sum,
};

/// Computes BCEWithLogitsLoss. x and t have one shape, to which the weights broadcast.
pub fn bce_with_logits(x: &Array, t: &Array, options: &Options) -> Result {
    let (losses, slopes) = elements(x, t, options.weight, options.pos_weight)?;
    let divisor = losses.len() as f64;
    let losses = Array { shape: x.shape.clone(), values: losses };
    reduce(x, Parts { losses, slopes, divisor, loss_of: |i| i }, options)
}

/// Computes MultiLabelSoftMarginLoss, which has no pos_weight; see [`bce_with_logits`].
pub fn multi_label_soft_margin(x: &Array, t: &Array, options: &Options) -> Result {
    let (losses, slopes) = elements(x, t, options.weight, None)?;
    let Some((&classes, samples)) = x.shape.split_last() else {
        return Err(LossError::Shape("input is 0-d, want at least a dimension of classes".into()));
    };
    let row = |i: usize| sum(&losses[i * classes..(i + 1) * classes]) / classes as f64;
    let values: Vec<f64> = (0..samples.iter().product()).map(row).collect();
    let slopes = slopes.iter().map(|slope| slope / classes as f64).collect();
    let divisor = values.len() as f64;
    let losses = Array { shape: samples.to_vec(), values };
    reduce(x, Parts { losses, slopes, divisor, loss_of: |i| i / classes }, options)
}

/// Returns the loss and the derivative of each element, before any reduction.
fn elements(
    x: &Array,
    t: &Array,
    weight: Option<&Array>,
    pos_weight: Option<&Array>,
) -> std::result::Result<(Vec<f64>, Vec<f64>), LossError> {
    check_shapes(x, t)?;
    let w = expand("weight", weight, x)?;
    let p = expand("pos_weight", pos_weight, x)?;
    let each = 0..x.values.len();
    let losses = each.clone().map(|i| w[i] * loss(x.values[i], t.values[i], p[i])).collect();
    let slopes = each.map(|i| w[i] * slope(x.values[i], t.values[i], p[i])).collect();
    Ok((losses, slopes))
}

fn loss(x: f64, t: f64, p: f64) -> f64 {
    let factor = if x >= 0.0 { 1.0 - t } else { -p * t };
    // At an infinite logit: the limit in x with its factor fixed.
    let linear = if factor == 0.0 && x.is_infinite() { 0.0 } else { factor * x };
    ((1.0 - t) + p * t) * (-x.abs()).exp().ln_1p() + linear
}

fn slope(x: f64, t: f64, p: f64) -> f64 {
    let y = (-x.abs()).exp();
    let numerator = if x >= 0.0 { (1.0 - t) - p * t * y } else { (1.0 - t) * y - p * t };
    numerator / (1.0 + y)
}
