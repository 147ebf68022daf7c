"""The arguments that the losses share: what fits, and what is refused."""

from __future__ import annotations

import numpy as np


class LossError(ValueError):
    """The arguments do not fit. kind is shape, dtype, option or value."""

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


def check_pair(x, t):
    """Refuse an input that is no floating point, and a target of another dtype or shape."""
    check_input(x)
    if t.dtype != x.dtype:
        raise LossError("dtype", f"target has dtype {t.dtype}, want that of input, {x.dtype}")
    if t.shape != x.shape:
        raise LossError("shape", f"target has shape {t.shape}, want that of input, {x.shape}")


def check_input(x):
    if not is_float(x):
        raise LossError("dtype", f"input has dtype {x.dtype}, want a floating-point dtype")


def is_float(array):
    return array.dtype.kind == "f" or array.dtype.name == "bfloat16"


def check_reduction(reduction):
    if reduction not in ("none", "mean", "sum"):
        raise LossError("option", f"reduction {reduction!r}: want 'none', 'mean' or 'sum'")


def expand(name, array, x):
    """Return a weight in the shape of x, which it may not enlarge; None means ones."""
    if array is None:
        return np.ones(x.shape)
    if array.dtype != x.dtype:
        raise LossError("dtype", f"{name} has dtype {array.dtype}, want that of input, {x.dtype}")
    try:
        return np.broadcast_to(array, x.shape).astype(np.float64)
    except ValueError:
        message = f"{name} has shape {array.shape}, which does not broadcast to {x.shape}"
        raise LossError("shape", message) from None


def expand_upstream(upstream, loss):
    """Return the gradient of the loss, of its shape; None means ones."""
    if upstream is None:
        return np.ones(loss.shape)
    if upstream.shape != loss.shape:
        message = f"grad_output has shape {upstream.shape}, want that of the loss, {loss.shape}"
        raise LossError("shape", message)
    return upstream.astype(np.float64)


def reduce_elements(losses, slopes, reduction, upstream, dtype):
    """Return the loss and the gradient, in dtype, of losses and slopes that are one per element."""
    check_reduction(reduction)
    if reduction != "none":
        n = np.float64(losses.size if reduction == "mean" else 1)
        losses, slopes = np.sum(losses) / n, slopes / n
    slopes = expand_upstream(upstream, losses) * slopes
    return losses.astype(dtype), slopes.astype(dtype)
