"""The exact results, by mpmath.

With y = exp(-|x|) and L = log1p(y):

    softplus(x) = L + max(x, 0)      sigmoid(x) = 1/(1+y) for x >= 0, y/(1+y) for x < 0

log1p is needed at any number of digits: 1 + e^-800 is 1 even at 60. The loss of an element is

    w * (p*t*softplus(-x) + (1-t)*softplus(x))

and its derivatives follow; classes are averaged over x.size(-1). The terms of BCELoss stand in
probabilities.py, those of CrossEntropyLoss in rows.py. Everything is done with 60 and with 120
digits, and both must give the same pair of float64.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

import mpmath
import numpy as np
from mpmath import mp, mpf

from . import probabilities
from .geometry import Geometry
from .model import BCE

DIGITS = (60, 120)
MAX = sys.float_info.max

#: Bits of an oracle: two significands of float64 and one more. What lies below (the 1e-66 of
#: softplus(150) = 150 + 7e-66) is beyond what any tolerance can see.
PAIR_BITS = 107

#: Beyond this |x|, exp(-|x|) is below 10^-40000 and vanishes beside everything.
_FAR = 1e5

_cache: dict[tuple[int, float], tuple] = {}


def functions(x: float) -> tuple:
    """(softplus(x), softplus(-x), sigmoid(x), sigmoid(-x)) at mp.dps digits."""
    key = (mp.dps, x)
    if key not in _cache:
        _cache[key] = _functions(x)
    return _cache[key]


def _functions(x: float) -> tuple:
    if math.isnan(x):
        nan = mpf("nan")
        return nan, nan, nan, nan
    size = abs(x)
    big = mpf(size)
    if size > _FAR:
        y = low = mpf(0)
    else:
        y = mpmath.exp(-big)
        low = mpmath.log1p(y)
    up, p, q = low + big, 1 / (1 + y), y / (1 + y)
    return (up, low, p, q) if x >= 0 else (low, up, q, p)


def to_float64(m: mpf) -> float:
    """The nearest float64, ties to even, subnormals and overflow included."""
    if mpmath.isnan(m):
        return float("nan")
    if mpmath.isinf(m):
        return float("inf") if m > 0 else float("-inf")
    man, exponent = m.man, m.exp
    sign = -1 if m._mpf_[0] else 1
    man = abs(int(man))
    if man == 0:
        return 0.0
    exponent = int(exponent)
    top = exponent + man.bit_length()
    if top > 1100:
        return sign * float("inf")
    if top < -1100:
        return sign * 0.0
    try:  # int / int is correctly rounded in Python
        return sign * (float(man << exponent) if exponent >= 0 else man / (1 << -exponent))
    except OverflowError:
        return sign * float("inf")


def to_pair(m: mpf) -> tuple[float, float]:
    """m as an unevaluated sum of two float64; see exact and exact_low in fixtures/README.md."""
    if mpmath.isinf(m) or mpmath.isnan(m):
        return to_float64(m), 0.0
    with mp.workprec(PAIR_BITS):
        m = +m
    high = to_float64(m)
    if np.isinf(high):
        if abs(m) > 2 * mpf(MAX):
            return high, 0.0
        high = MAX if m > 0 else -MAX
    return high, to_float64(m - mpf(high))


def times(c: mpf, f: mpf) -> mpf:
    """c*f as the limit in the logit: a coefficient of 0 makes 0, even of an infinite f."""
    return mpf(0) if c == 0 and not mpmath.isnan(f) else c * f


@dataclass
class Exact:
    """One output: ``high + low`` is the exact result, ``known`` says where there is one."""

    high: np.ndarray
    low: np.ndarray
    known: np.ndarray


def evaluate(g: Geometry, output: str) -> Exact:
    """Returns the exact result of one output of an element-wise call."""
    return exactly(g, output, _evaluate)


def exactly(g, output: str, results) -> Exact:
    """``results(g, output)`` is the flat list of the exact results; it is called at either precision."""
    pairs = []
    for digits in DIGITS:
        with mp.workdps(digits):
            pairs.append([to_pair(m) for m in results(g, output)])
    if not np.array_equal(np.array(pairs[0]), np.array(pairs[1]), equal_nan=True):
        raise ArithmeticError(f"{output}: {DIGITS[0]} and {DIGITS[1]} digits give other float64 pairs")
    shape = g.shape_of(output)
    array = np.array(pairs[0], dtype=np.float64).reshape(-1, 2)
    known = g.known(output)
    return Exact(array[:, 0].reshape(shape), array[:, 1].reshape(shape), known)


def _evaluate(g: Geometry, output: str) -> list[mpf]:
    at = g.target_index(output)
    sums: list[list[mpf]] = [[] for _ in range(g.size_of(output))]
    scale = mpf(1) / g.divisor if g.divisor else mpf("nan")
    known = g.known(output).reshape(-1)
    for e in range(g.elements):
        if known[at[e]]:
            sums[at[e]].append(_element(g, output, e))
    return [scale * mpmath.fsum(s) if known[i] else mpf("nan") for i, s in enumerate(sums)]


def _element(g: Geometry, output: str, e: int) -> mpf:
    x, t, w, p, u = g.at(e)
    if g.module == BCE:
        return probabilities.element(output, x, mpf(t), mpf(w), mpf(u))
    up, down, sig, gis = functions(x)
    t, w, p, u = mpf(t), mpf(w), mpf(p), mpf(u)
    if output == "loss":
        return times(w * p * t, down) + times(w * (1 - t), up)
    if output == "grad_input":
        return times(u * w * (1 - t), sig) - times(u * w * p * t, gis)
    if output == "grad_target":
        # without pos_weight, softplus(-x) - softplus(x) = -x
        if not g.has_pos_weight:
            return times(-u * w, mpf(x))
        return times(u * w * p, down) - times(u * w, up)
    if output == "grad_weight":
        return times(u * p * t, down) + times(u * (1 - t), up)
    raise ValueError(f"unknown output {output!r}")
