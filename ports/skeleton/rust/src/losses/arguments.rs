//! What the losses share: arrays, options, weights, sums, reductions.

/// A dense array, row-major.
pub struct Array {
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
}

/// The arguments do not fit.
pub enum LossError {
    Shape(String),
    Option(String),
    Value(String),
}

/// What a call may have beside input and target; None means: no weights, 'mean', an upstream
/// gradient of ones, -100 and 0.
#[derive(Default)]
pub struct Options<'a> {
    pub weight: Option<&'a Array>,
    pub pos_weight: Option<&'a Array>,
    pub reduction: Option<&'a str>,
    /// The gradient of the loss, of its shape.
    pub upstream: Option<&'a Array>,
    pub ignore_index: Option<i64>,
    pub label_smoothing: Option<f64>,
}

/// A loss and the gradient of the input.
pub type Result = std::result::Result<(Array, Array), LossError>;

/// Losses and slopes before the reduction.
pub struct Parts<F: Fn(usize) -> usize> {
    pub losses: Array,
    pub slopes: Vec<f64>,
    /// What the mean divides by.
    pub divisor: f64,
    /// Which loss a slope belongs to.
    pub loss_of: F,
}

/// Reduces losses, and multiplies each slope by the upstream gradient of the loss that it
/// belongs to.
pub fn reduce(x: &Array, parts: Parts<impl Fn(usize) -> usize>, options: &Options) -> Result {
    let Parts { losses, slopes, divisor, loss_of } = parts;
    let scale = match options.reduction.unwrap_or("mean") {
        "none" => None,
        "mean" => Some(divisor),
        "sum" => Some(1.0),
        other => {
            let message = format!("reduction '{other}': want 'none', 'mean' or 'sum'");
            return Err(LossError::Option(message));
        }
    };
    let loss = match scale {
        None => losses,
        Some(scale) => Array { shape: vec![], values: vec![sum(&losses.values) / scale] },
    };
    if let Some(upstream) = options.upstream
        && upstream.shape != loss.shape
    {
        let (got, want) = (&upstream.shape, &loss.shape);
        let message = format!("grad_output has shape {got:?}, want that of the loss, {want:?}");
        return Err(LossError::Shape(message));
    }
    let gradient = |(i, slope): (usize, &f64)| {
        let at = if scale.is_none() { loss_of(i) } else { 0 };
        let upstream = options.upstream.map_or(1.0, |upstream| upstream.values[at]);
        upstream * (slope / scale.unwrap_or(1.0))
    };
    let values = slopes.iter().enumerate().map(gradient).collect();
    Ok((loss, Array { shape: x.shape.clone(), values }))
}

/// Refuses a target of another shape than the input.
pub fn check_shapes(x: &Array, t: &Array) -> std::result::Result<(), LossError> {
    if t.shape == x.shape {
        return Ok(());
    }
    let message = format!("target has shape {:?}, want that of input, {:?}", t.shape, x.shape);
    Err(LossError::Shape(message))
}

/// Returns a weight in the shape of x, which it may not enlarge; None means ones.
pub fn expand(
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
pub fn sum(values: &[f64]) -> f64 {
    if values.len() <= 8 {
        return values.iter().sum::<f64>() + 0.0; // an empty sum is -0
    }
    let (a, b) = values.split_at(values.len() / 2);
    sum(a) + sum(b)
}
