//! CrossEntropyLoss, which takes logits and one class for each row, or a probability for each
//! class.
//!
//! In a row of logits x let m be the largest, d = m - x, and R the sum of exp(-d) over the other
//! classes. Then
//!
//! ```text
//! -log p = d + ln_1p(R)      p = exp(-d) / (1 + R)      1 - p = the sum of the other p
//! ```
//!
//! and nothing cancels where one class dominates. A row has a coefficient a for each class: with
//! the index y of a class (1-e)*w[y] for class y and e/C*w for each, with probabilities
//! w*((1-e)*t + e/C), where w is the weight, C the number of classes and e the label smoothing.
//! Then
//!
//! ```text
//! loss  = the sum of a * -log p
//! slope = p * (the sum of the other a) - a * (1-p)
//! ```

use super::arguments::{Array, LossError, Options, Parts, Result, reduce, sum};

/// The target of [`cross_entropy`].
pub enum Target {
    /// Class indices, in the shape of the input without its dimension of classes.
    Indices { shape: Vec<usize>, values: Vec<i64> },
    /// A probability for each class, in the shape of the input.
    Probabilities(Array),
}

/// Computes CrossEntropyLoss of x, which has shape (C,), (N, C) or (N, C, d1, ...); the weight has
/// shape (C,). A row whose class index is options.ignore_index does not count.
pub fn cross_entropy(x: &Array, target: &Target, options: &Options) -> Result {
    let Some(last) = x.shape.len().checked_sub(1) else {
        return Err(LossError::Shape("input is 0-d, want at least a dimension of classes".into()));
    };
    let axis = last.min(1);
    let classes = x.shape[axis];
    let mut shape = x.shape.clone();
    shape.remove(axis);
    check(x, target, &shape, classes, options)?;
    let stride: usize = x.shape[axis + 1..].iter().product(); // from one class to the next
    let rows: usize = shape.iter().product();
    let ones = vec![1.0; classes];
    let w = options.weight.map_or(&ones, |weight| &weight.values);
    let smoothing = options.label_smoothing.unwrap_or(0.0).max(0.0);

    let mut losses = vec![0.0; rows];
    let mut divisors = vec![0.0; rows];
    let mut slopes = vec![0.0; x.values.len()];
    for row in 0..rows {
        let place = |class: usize| ((row / stride) * classes + class) * stride + row % stride;
        let a: Vec<f64> = match target {
            Target::Probabilities(t) => {
                divisors[row] = 1.0;
                let share = |t: f64| t * (1.0 - smoothing) + smoothing / classes as f64;
                (0..classes).map(|class| w[class] * share(t.values[place(class)])).collect()
            }
            Target::Indices { values, .. } if is_ignored(values[row], options) => continue,
            Target::Indices { values, .. } => {
                let y = usize::try_from(values[row]).ok().filter(|&y| y < classes);
                let y = y.ok_or_else(|| {
                    let message = format!("the class {} is not in [0, {classes})", values[row]);
                    LossError::Value(message)
                })?;
                divisors[row] = w[y];
                of_index(y, w, smoothing)
            }
        };
        let x: Vec<f64> = (0..classes).map(|class| x.values[place(class)]).collect();
        let (minus_log, p, rest) = softmax(&x);
        let terms: Vec<f64> = a.iter().zip(&minus_log).map(|(&a, &l)| times(a, l)).collect();
        losses[row] = sum(&terms);
        for (class, other) in others(&a).into_iter().enumerate() {
            slopes[place(class)] = times(other, p[class]) - times(a[class], rest[class]);
        }
    }

    let row_of = |i: usize| i / (classes * stride) * stride + i % stride;
    let losses = Array { shape, values: losses };
    let divisor = sum(&divisors);
    let (loss, mut gradient) =
        reduce(x, Parts { losses, slopes, divisor, loss_of: row_of }, options)?;
    // A row that does not count has no gradient, also where the divisor is 0.
    if let Target::Indices { values, .. } = target {
        for (i, value) in gradient.values.iter_mut().enumerate() {
            if is_ignored(values[row_of(i)], options) {
                *value = 0.0;
            }
        }
    }
    Ok((loss, gradient))
}

fn is_ignored(class: i64, options: &Options) -> bool {
    class == options.ignore_index.unwrap_or(-100)
}

/// Refuses a target or a weight of another shape, and options out of range.
fn check(
    x: &Array,
    target: &Target,
    rows: &[usize],
    classes: usize,
    options: &Options,
) -> std::result::Result<(), LossError> {
    let (got, want) = match target {
        Target::Indices { shape, .. } => (shape, rows),
        Target::Probabilities(t) => (&t.shape, &x.shape[..]),
    };
    if got != want {
        return Err(LossError::Shape(format!("target has shape {got:?}, want {want:?}")));
    }
    if let Some(weight) = options.weight
        && weight.shape != [classes]
    {
        let message = format!("weight has shape {:?}, want [{classes}]", weight.shape);
        return Err(LossError::Shape(message));
    }
    let smoothing = options.label_smoothing.unwrap_or(0.0);
    if smoothing.is_nan() || smoothing > 1.0 {
        let message = format!("label_smoothing is {smoothing}, want at most 1");
        return Err(LossError::Option(message));
    }
    if matches!(target, Target::Probabilities(_)) && options.ignore_index.unwrap_or(-100) >= 0 {
        return Err(LossError::Option("ignore_index is not for class probabilities".into()));
    }
    Ok(())
}

/// Returns the coefficients of class y.
fn of_index(y: usize, w: &[f64], smoothing: f64) -> Vec<f64> {
    // Where no part of an infinite weight is taken, 0 times infinity must not come in.
    let uniform =
        |each: &f64| if smoothing > 0.0 { smoothing / w.len() as f64 * each } else { 0.0 };
    let mut a: Vec<f64> = w.iter().map(uniform).collect();
    a[y] += (1.0 - smoothing) * w[y];
    a
}

/// Returns -log p, p and 1-p of each class of a row.
fn softmax(x: &[f64]) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let nan = x.iter().any(|x| x.is_nan());
    let m = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let largest = x.iter().position(|&x| x == m);
    let undefined = nan || m.is_infinite() && x.iter().filter(|&&x| x == m).count() > 1;
    // m - m is 0 where m is infinite too, as long as the other classes are below it.
    let d = |(class, x): (usize, &f64)| match undefined {
        true => f64::NAN,
        false if Some(class) == largest => 0.0,
        false => m - x,
    };
    let d: Vec<f64> = x.iter().enumerate().map(d).collect();
    let mut y: Vec<f64> = d.iter().map(|d| (-d).exp()).collect();
    let of_largest = largest.map(|class| std::mem::replace(&mut y[class], 0.0));
    let r = sum(&y);
    if let (Some(class), Some(value)) = (largest, of_largest) {
        y[class] = value;
    }
    let p: Vec<f64> = y.iter().map(|y| y / (1.0 + r)).collect();
    let rest = others(&p);
    (d.iter().map(|d| d + r.ln_1p()).collect(), p, rest)
}

/// Returns for each class the sum over the other classes: by halves, nothing is subtracted.
fn others(a: &[f64]) -> Vec<f64> {
    if a.len() < 2 {
        return vec![0.0; a.len()];
    }
    let (left, right) = a.split_at(a.len() / 2);
    let beside = |half: &[f64], other: f64| others(half).into_iter().map(move |sum| sum + other);
    beside(left, sum(right)).chain(beside(right, sum(left))).collect()
}

/// Returns a*b, but 0 where a is 0 and b infinite: the limit in the logits with a fixed.
fn times(a: f64, b: f64) -> f64 {
    if a == 0.0 && b.is_infinite() { 0.0 } else { a * b }
}
