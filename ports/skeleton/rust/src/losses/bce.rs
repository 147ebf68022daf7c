//! BCELoss, which takes probabilities. With log'(z) = max(log z, -100) an element is
//!
//! ```text
//! loss  = -w * (t * log'(x) + (1-t) * log'(1-x))
//! slope = w * (x-t) / max(x*(1-x), 1e-12)
//! ```
//!
//! with the weight w, 1 where it is not given. The clamp of the logarithm belongs to the
//! definition.

use super::arguments::{Array, LossError, Options, Parts, Result, check_shapes, expand, reduce};

/// PyTorch's constant, in float64 too.
const SMALLEST: f64 = 1e-12f32 as f64;

/// Computes BCELoss. x and t lie in [0, 1] and have one shape, to which the weight broadcasts.
pub fn bce(x: &Array, t: &Array, options: &Options) -> Result {
    check_shapes(x, t)?;
    let w = expand("weight", options.weight, x)?;
    for (name, array) in [("input", x), ("target", t)] {
        // A NaN is outside too.
        if !array.values.iter().all(|value| (0.0..=1.0).contains(value)) {
            return Err(LossError::Value(format!("{name} has an element outside [0, 1]")));
        }
    }
    let loss = |i: usize| {
        let (x, t) = (x.values[i], t.values[i]);
        -w[i] * (t * x.ln().max(-100.0) + (1.0 - t) * (-x).ln_1p().max(-100.0))
    };
    let slope = |i: usize| {
        let (x, t) = (x.values[i], t.values[i]);
        w[i] * (x - t) / (x * (1.0 - x)).max(SMALLEST)
    };
    let each = 0..x.values.len();
    let losses = Array { shape: x.shape.clone(), values: each.clone().map(loss).collect() };
    let divisor = losses.values.len() as f64;
    reduce(x, Parts { losses, slopes: each.map(slope).collect(), divisor, loss_of: |i| i }, options)
}
