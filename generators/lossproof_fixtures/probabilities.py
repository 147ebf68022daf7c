"""BCELoss: the terms of its formula, exactly and as float64.

With a = min(-log(x), 100) and b = min(-log1p(-x), 100) the loss of an element is

    w * (t*a + (1-t)*b)

the clamp of the logarithms at -100 being part of the definition. Its gradient in the input is
w*((1-t)/(1-x) - t/x); in the target it is w*(a - b). Where x*(1-x) < 1e-12 torch divides by the
float32 nearest to 1e-12 instead, so there the gradient in the input has no oracle.
"""

from __future__ import annotations

import mpmath
import numpy as np
from mpmath import mpf

CLAMP = 100
#: The smallest x*(1-x) for which the gradient in the input has an oracle.
SMALLEST_SLOPE = 1e-12


def has_gradient(x: np.ndarray) -> np.ndarray:
    """Where the gradient in the input has an oracle."""
    return x * (1 - x) >= SMALLEST_SLOPE


def steepness(x: np.ndarray) -> np.ndarray:
    """1/(x*(1-x)), by which errors of x-t are enlarged in the gradient, at most 1e12."""
    return 1 / np.maximum(x * (1 - x), SMALLEST_SLOPE)


def functions(x: float) -> tuple[mpf, mpf]:
    """(b, a): the losses of target 0 and of target 1, at mp.dps digits."""
    clamp = mpf(CLAMP)
    a = clamp if x == 0 else min(-mpmath.log(mpf(x)), clamp)
    b = clamp if x == 1 else min(-mpmath.log1p(-mpf(x)), clamp)
    return b, a


def element(output: str, x: float, t: mpf, w: mpf, u: mpf) -> mpf:
    """The share of one element in an output, without the scale of the mean."""
    if output == "grad_input":
        return u * w * ((1 - t) / (1 - mpf(x)) - t / mpf(x))
    b, a = functions(x)
    if output == "loss":
        return w * t * a + w * (1 - t) * b
    if output == "grad_target":
        return u * w * (a - b)
    raise ValueError(f"BCELoss has no output {output!r}")


def terms(g, output: str, b: np.ndarray, a: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """(|c|, f) of the terms of every element, without the scale of the mean."""
    w, t, u = (np.abs(v) for v in (g.w, g.t, g.u))
    rest = np.abs(1 - g.t)
    if output == "grad_input":
        return [(u * w * rest, 1 / (1 - g.x)), (u * w * t, 1 / g.x)]
    if output == "loss":
        return [(w * t, a), (w * rest, b)]
    return [(u * w, a), (u * w, b)]


def magnitudes(g, output: str, b: np.ndarray, a: np.ndarray) -> np.ndarray:
    """M of every element, without the scale of the mean."""
    if output == "grad_input":
        return np.abs(g.u * g.w) * (g.t * (1 - g.x) + (1 - g.t) * g.x) * steepness(g.x)
    if output == "loss":
        return np.abs(g.w) * (g.t * (1 + a) + (1 - g.t) * (1 + b))
    return np.abs(g.u * g.w) * (1 + np.maximum(a, b))
