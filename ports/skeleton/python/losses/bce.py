"""BCELoss, which takes probabilities. With log'(z) = max(log z, -100) an element is

    loss  = -w * (t * log'(x) + (1-t) * log'(1-x))
    slope = w * (x-t) / max(x*(1-x), 1e-12)

with the weight w, 1 where it is not given. The clamp of the logarithm belongs to the definition.
"""

from __future__ import annotations

import numpy as np

from .arguments import LossError, check_pair, expand, reduce_elements

SMALLEST = np.float64(np.float32(1e-12))  # PyTorch's constant, in float64 too


@np.errstate(all="ignore")  # log(0), and 0/0 for a mean over nothing, are results
def bce(x, t, weight=None, reduction="mean", upstream=None):
    """Return BCELoss and the gradient of x, both in the dtype of x; see bce_with_logits.

    x and t lie in [0, 1].
    """
    check_pair(x, t)
    w = expand("weight", weight, x)
    dtype, x, t = x.dtype, x.astype(np.float64), t.astype(np.float64)
    for name, array in (("input", x), ("target", t)):
        if not ((array >= 0) & (array <= 1)).all():  # a NaN is outside too
            raise LossError("value", f"{name} has an element outside [0, 1]")
    of_one, of_zero = np.maximum(np.log(x), -100), np.maximum(np.log1p(-x), -100)
    losses = -w * (t * of_one + (1 - t) * of_zero)
    slopes = w * (x - t) / np.maximum(x * (1 - x), SMALLEST)
    return reduce_elements(losses, slopes, reduction, upstream, dtype)
