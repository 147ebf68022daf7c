"""The two losses of several labels that take logits.

With y = exp(-|x|) and L = log1p(y), an element of either loss and its derivative are

    loss  = w * (((1-t) + p*t) * L + (1-t if x >= 0 else -p*t) * x)
    slope = w * ((1-t) - p*t*y if x >= 0 else (1-t)*y - p*t) / (1+y)

with the weight w and the pos_weight p, 1 where they are not given. Nothing here overflows, and
nothing cancels.
"""

from __future__ import annotations

import numpy as np

from .arguments import (
    LossError,
    check_pair,
    check_reduction,
    expand,
    expand_upstream,
    reduce_elements,
)


@np.errstate(all="ignore")  # overflow, and 0/0 for a mean over nothing, are results
def bce_with_logits(x, t, weight=None, pos_weight=None, reduction="mean", upstream=None):
    """Return BCEWithLogitsLoss and the gradient of x, both in the dtype of x.

    x and t have one shape; weight and pos_weight broadcast to it. upstream is the gradient of the
    loss, of its shape; None means ones.
    """
    losses, slopes = elements(x, t, weight, pos_weight)
    return reduce_elements(losses, slopes, reduction, upstream, x.dtype)


@np.errstate(all="ignore")
def multi_label_soft_margin(x, t, weight=None, reduction="mean", upstream=None):
    """Return MultiLabelSoftMarginLoss and the gradient of x; see bce_with_logits."""
    losses, slopes = elements(x, t, weight, None)
    check_reduction(reduction)
    if x.ndim == 0:
        raise LossError("shape", "input is 0-d, want at least the dimension of the classes")
    classes = np.float64(x.shape[-1])
    loss, slopes = np.sum(losses, axis=-1) / classes, slopes / classes
    if reduction == "none":
        slopes = expand_upstream(upstream, loss)[..., np.newaxis] * slopes
    else:
        n = np.float64(loss.size if reduction == "mean" else 1)
        loss, slopes = np.sum(loss) / n, slopes / n
        slopes = expand_upstream(upstream, loss) * slopes
    return loss.astype(x.dtype), slopes.astype(x.dtype)


def elements(x, t, weight, pos_weight):
    """Return the loss and the derivative of each element, before any reduction, in float64."""
    check_pair(x, t)
    w, p = expand("weight", weight, x), expand("pos_weight", pos_weight, x)
    x, t = x.astype(np.float64), t.astype(np.float64)
    y = np.exp(-np.abs(x))
    linear = np.where(x >= 0, 1 - t, -p * t)
    # At an infinite logit: the limit in x with its factor fixed.
    product = np.where((linear == 0) & np.isinf(x), 0, linear * x)
    losses = w * (((1 - t) + p * t) * np.log1p(y) + product)
    slopes = w * np.where(x >= 0, (1 - t) - p * t * y, (1 - t) * y - p * t) / (1 + y)
    return losses, slopes
