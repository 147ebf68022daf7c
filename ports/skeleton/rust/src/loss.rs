//! Both losses and their gradients. Put your own implementation in the place of this file.
//!
//! With y = exp(-|x|) and L = ln_1p(y), an element of either loss and its derivative are
//!
//! ```text
//! loss  = w * (((1-t) + p*t) * L + (x >= 0 ? 1-t : -p*t) * x)
//! slope = w * (x >= 0 ? (1-t) - p*t*y : (1-t)*y - p*t) / (1+y)
//! ```
//!
//! with the weight w and the pos_weight p, 1 where they are not given. Nothing here overflows,
//! and nothing cancels. All is computed in float64; who wants float32 rounds once.

/// A dense array, row-major.
pub struct Array {
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
}

/// The arguments do not fit.
pub enum LossError {
    Shape(String),
    Option(String),
}

/// What a call may have beside input and target; None means: no weights, 'mean', and an upstream
/// gradient of ones.
#[derive(Default)]
pub struct Options<'a> {
    pub weight: Option<&'a Array>,
    pub pos_weight: Option<&'a Array>,
    pub reduction: Option<&'a str>,
    /// The gradient of the loss, of its shape.
    pub upstream: Option<&'a Array>,
}

/// A loss and the gradient of the input.
pub type Result = std::result::Result<(Array, Array), LossError>;

/// Computes BCEWithLogitsLoss. x and t have one shape, to which the weights broadcast.
pub fn bce_with_logits(x: &Array, t: &Array, options: &Options) -> Result {
    let (losses, slopes) = elements(x, t, options.weight, options.pos_weight)?;
    reduce(Array { shape: x.shape.clone(), values: losses }, slopes, x, options)
}

/// Computes MultiLabelSoftMarginLoss, which has no pos_weight; see [`bce_with_logits`].
pub fn multi_label_soft_margin(x: &Array, t: &Array, options: &Options) -> Result {
    let (losses, slopes) = elements(x, t, options.weight, None)?;
    let Some((&classes, samples)) = x.shape.split_last() else {
        return Err(LossError::Shape("input is 0-d, want at least a dimension of classes".into()));
    };
    let row = |i: usize| sum(&losses[i * classes..(i + 1) * classes]) / classes as f64;
    let rows = (0..samples.iter().product()).map(row).collect();
    let slopes = slopes.iter().map(|slope| slope / classes as f64).collect();
    reduce(Array { shape: samples.to_vec(), values: rows }, slopes, x, options)
}

/// Returns the loss and the derivative of each element, before any reduction.
fn elements(
    x: &Array,
    t: &Array,
    weight: Option<&Array>,
    pos_weight: Option<&Array>,
) -> std::result::Result<(Vec<f64>, Vec<f64>), LossError> {
    if t.shape != x.shape {
        let message = format!("target has shape {:?}, want that of input, {:?}", t.shape, x.shape);
        return Err(LossError::Shape(message));
    }
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

/// Reduces losses, and multiplies each slope by the upstream gradient of the loss that it
/// belongs to.
fn reduce(losses: Array, slopes: Vec<f64>, x: &Array, options: &Options) -> Result {
    let mean = losses.values.len() as f64;
    let scale = match options.reduction.unwrap_or("mean") {
        "none" => None,
        "mean" => Some(mean),
        "sum" => Some(1.0),
        other => {
            let message = format!("reduction '{other}': want 'none', 'mean' or 'sum'");
            return Err(LossError::Option(message));
        }
    };
    let (loss, slopes): (Array, Vec<f64>) = match scale {
        None => (losses, slopes),
        Some(scale) => (
            Array { shape: vec![], values: vec![sum(&losses.values) / scale] },
            slopes.iter().map(|slope| slope / scale).collect(),
        ),
    };
    let gradient = match options.upstream {
        None => slopes,
        Some(upstream) if upstream.shape != loss.shape => {
            let (got, want) = (&upstream.shape, &loss.shape);
            let message = format!("grad_output has shape {got:?}, want that of the loss, {want:?}");
            return Err(LossError::Shape(message));
        }
        Some(upstream) => {
            // The slopes that belong to one loss; without losses there are no slopes either.
            let run = slopes.len() / loss.values.len().max(1);
            slopes.iter().enumerate().map(|(i, slope)| upstream.values[i / run] * slope).collect()
        }
    };
    Ok((loss, Array { shape: x.shape.clone(), values: gradient }))
}

/// Returns a weight in the shape of x, which it may not enlarge; None means ones.
fn expand(
    name: &str,
    array: Option<&Array>,
    x: &Array,
) -> std::result::Result<Vec<f64>, LossError> {
    let Some(array) = array else {
        return Ok(vec![1.0; x.values.len()]);
    };
    let refused = || {
        let (got, want) = (&array.shape, &x.shape);
        LossError::Shape(format!("{name} has shape {got:?}, which does not broadcast to {want:?}"))
    };
    let skipped = x.shape.len().checked_sub(array.shape.len()).ok_or_else(refused)?;
    if !array.shape.iter().zip(&x.shape[skipped..]).all(|(&n, &want)| n == 1 || n == want) {
        return Err(refused());
    }
    let at = |mut rest: usize| {
        let (mut index, mut stride) = (0, 1);
        for axis in (skipped..x.shape.len()).rev() {
            let n = array.shape[axis - skipped];
            if n != 1 {
                index += rest % x.shape[axis] * stride;
            }
            stride *= n;
            rest /= x.shape[axis];
        }
        array.values[index]
    };
    Ok((0..x.values.len()).map(at).collect())
}

/// Sums in pairs: the error grows with the logarithm of the number of terms.
fn sum(values: &[f64]) -> f64 {
    if values.len() <= 8 {
        return values.iter().sum::<f64>() + 0.0; // an empty sum is -0
    }
    let (a, b) = values.split_at(values.len() / 2);
    sum(a) + sum(b)
}
