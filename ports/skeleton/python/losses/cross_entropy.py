"""CrossEntropyLoss, which takes logits and one class for each row, or a probability for each class.

In a row of logits x let m be the largest, d = m - x, and R the sum of exp(-d) over the other
classes. Then

    -log p = d + log1p(R)      p = exp(-d) / (1 + R)      1 - p = the sum of the other p

and nothing cancels where one class dominates. A row has a coefficient a for each class: with the
index y of a class (1-e)*w[y] for class y and e/C*w for each, with probabilities w*((1-e)*t + e/C),
where w is the weight, C the number of classes and e the label smoothing. Then

    loss  = the sum of a * -log p
    slope = p * (the sum of the other a) - a * (1-p)
"""

from __future__ import annotations

import numpy as np

from .arguments import LossError, check_input, check_reduction, expand_upstream, is_float


@np.errstate(all="ignore")  # overflow, and 0/0 for a mean over nothing, are results
def cross_entropy(
    x,
    target,
    weight=None,
    reduction="mean",
    upstream=None,
    ignore_index=-100,
    label_smoothing=0.0,
):
    """Return CrossEntropyLoss and the gradient of x, both in the dtype of x.

    x has shape (C,), (N, C) or (N, C, d1, ...). target has class indices, in the shape of x without
    C, or class probabilities, in that of x. weight has shape (C,). upstream is the gradient of the
    loss, of its shape; None means ones. A row whose class index is ignore_index does not count.
    """
    check_reduction(reduction)
    check_arguments(x, target, weight, ignore_index, label_smoothing)
    # The classes come last, the rows before them.
    axis = min(1, x.ndim - 1)
    logits = np.moveaxis(x.astype(np.float64), axis, -1)
    w = np.ones(logits.shape[-1]) if weight is None else weight.astype(np.float64)
    smoothing = max(0.0, label_smoothing)
    if is_float(target):
        probabilities = np.moveaxis(target.astype(np.float64), axis, -1)
        counts = np.ones(logits.shape[:-1], bool)
        a, divisor = of_probabilities(probabilities, w, smoothing), counts.sum()
    else:
        counts = target != ignore_index
        a, divisor = of_indices(np.where(counts, target, 0), counts, w, smoothing)

    minus_log, p, rest = softmax(logits)
    loss = np.where(counts, np.sum(times(a, minus_log), axis=-1), 0)
    slopes = times(others(a), p) - times(a, rest)
    if reduction == "none":
        slopes = expand_upstream(upstream, loss)[..., np.newaxis] * slopes
    else:
        n = np.float64(divisor if reduction == "mean" else 1)
        loss, slopes = np.sum(loss) / n, slopes / n
        slopes = expand_upstream(upstream, loss) * slopes
    slopes = np.where(counts[..., np.newaxis], slopes, 0)
    return loss.astype(x.dtype), np.moveaxis(slopes, -1, axis).astype(x.dtype)


def check_arguments(x, target, weight, ignore_index, label_smoothing):
    check_input(x)
    if x.ndim == 0:
        raise LossError("shape", "input is 0-d, want at least the dimension of the classes")
    if not label_smoothing <= 1:
        raise LossError("option", f"label_smoothing is {label_smoothing}, want at most 1")
    rows = x.shape[:1] + x.shape[2:] if x.ndim > 1 else ()
    if target.shape not in (rows, x.shape):
        raise LossError("shape", f"target has shape {target.shape}, want {rows} or {x.shape}")
    if target.shape == x.shape:
        if target.dtype != x.dtype:
            message = f"class probabilities have dtype {target.dtype}, want {x.dtype}"
            raise LossError("dtype", message)
        if ignore_index >= 0:
            raise LossError("option", "ignore_index is not for class probabilities")
    # PyTorch takes uint8 where there are no further dimensions than rows and classes.
    elif target.dtype != np.int64 and not (target.dtype == np.uint8 and x.ndim <= 2):
        raise LossError("dtype", f"class indices have dtype {target.dtype}, want int64")
    if weight is not None and weight.shape != (x.shape[min(1, x.ndim - 1)],):
        raise LossError("shape", f"weight has shape {weight.shape}, want a number for each class")
    if weight is not None and weight.dtype != x.dtype:
        raise LossError("dtype", f"weight has dtype {weight.dtype}, want that of input, {x.dtype}")


def of_probabilities(t, w, smoothing):
    """Return the coefficients of class probabilities."""
    return w * (t * (1 - smoothing) + smoothing / max(w.size, 1))


def of_indices(y, counts, w, smoothing):
    """Return the coefficients of class indices, and what their mean divides by."""
    if not ((y >= 0) & (y < w.size) | ~counts).all():
        raise LossError("value", f"a class index is not in [0, {w.size})")
    weights = np.where(counts, w[y.astype(np.int64)], 0) if w.size else np.zeros(counts.shape)
    # Where no part of an infinite weight is taken, 0 times infinity must not come in.
    a = np.where(y[..., np.newaxis] == np.arange(w.size), (1 - smoothing) * w, 0)
    if smoothing > 0:
        a = a + smoothing / max(w.size, 1) * w
    return a, np.sum(weights)


def softmax(x):
    """Return -log p, p and 1-p of every class of every row."""
    if x.shape[-1] == 0:
        return x, x, x
    largest = np.argmax(x, axis=-1)[..., np.newaxis]
    m = np.take_along_axis(x, largest, axis=-1)
    is_largest = np.arange(x.shape[-1]) == largest
    # m - m is 0 where m is infinite too, as long as the other classes are below it.
    d = np.where(is_largest, 0, m - x)
    tied = (x.shape[-1] > 1) & np.isinf(m) & ((x == m).sum(axis=-1, keepdims=True) > 1)
    d = np.where(tied | np.isnan(m), np.nan, d)
    y = np.exp(-d)
    r = np.sum(np.where(is_largest & ~np.isnan(d), 0, y), axis=-1, keepdims=True)
    p = y / (1 + r)
    return d + np.log1p(r), p, others(p)


def others(a):
    """Return for each class the sum over the other classes: by halves, nothing is subtracted."""
    sums = np.zeros_like(a)
    half = a.shape[-1] // 2
    if half > 0:
        left, right = a[..., :half], a[..., half:]
        sums[..., :half] = others(left) + np.sum(right, axis=-1, keepdims=True)
        sums[..., half:] = others(right) + np.sum(left, axis=-1, keepdims=True)
    return sums


def times(a, b):
    """Return a*b, but 0 where a is 0 and b infinite: the limit in the logits with a fixed."""
    return np.where((a == 0) & np.isinf(b), 0, a * b)
