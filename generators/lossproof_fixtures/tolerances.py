"""How far from the oracle, and from the reference, a right result may be.

The formulas stand in fixtures/README.md under "Tolerances"; the constants here are written to
tolerances.json. All arithmetic is addition, multiplication and division of float64 in a fixed
order, on softplus and sigmoid values that the oracle rounded: the same bits on every CPU.
"""

from __future__ import annotations

import math

import numpy as np
from mpmath import mp

from . import floats, oracle, probabilities
from .floats import LIMITS
from .geometry import Geometry
from .model import BCE

K_BASE = 6
FLOOR = 4  # parity is at least FLOOR * eps * M
ETA = 4  # parity's share of the smallest subnormal
VANISHED = 40  # exp(-40) is below half an ulp of 40 in every dtype
CAP = {"loss": 16, "grad_input": 32, "grad_target": 32, "grad_weight": 32}


def document() -> dict:
    """The content of tolerances.json."""
    dtypes = {}
    for dtype, limits in LIMITS.items():
        dtypes[dtype.name] = {
            "eps": floats.eps(dtype),
            "smallest_subnormal": floats.smallest_subnormal(dtype),
            "atol": limits["atol"],
            "rtol": limits["rtol"],
        }
    return {
        "formulas": {
            "tolerance": "K*(sum(|c|*ulp(f)) + eta*max(1, s*sum(A))) + sum(|c|*D(f));"
            " float16 and bfloat16: that of float32, T, and half the spacing at |exact| + T",
            "parity": "min(max(atol + rtol*|r|, parity_floor_factor*eps*M), cap*eps*M)"
            " + eta_parity_factor*eta*max(1, s*sum(A))",
            "A": "max(1,|w|)*max(1,|p|)*max(1,|t|,|1-t|)*max(1,|u|); times 1/(x*(1-x)) for grad_input of BCELoss",
            "D": "CrossEntropyLoss: what an error of ulp(d) in every difference d of logits does to f; else 0",
            "M": "|w|*(max(1,|p|)*|t|*(1+z(softplus(-x))) + |1-t|*(1+z(softplus(x)))), z(f) = min(|x|, vanished+f) for t of 0 or 1, else |x|;"
            " grad_weight: with |u| for |w|; grad_target: |u*w|*max(1,|p|)*(1+|x|);"
            " grad_input: |u*w|*(max(1,|p|)*|t|*(1+v) + |1-t|*v), v = sigmoid(x)*(1+softplus(-x));"
            " BCELoss: |w|*(t*(1-log(x)) + (1-t)*(1-log(1-x))); grad_target: |u*w|*(1+max(-log(x), -log(1-x)));"
            " grad_input: |u*w|*(t*(1-x)+(1-t)*x)/(x*(1-x));"
            " CrossEntropyLoss: |u|*sum|a|*(1+n) over the classes of the row; grad_input: |u|*(p*(1+n)*sum|a| + |a|);"
            " summed and scaled as the elements are",
        },
        "k": {"base": K_BASE, "per_term": "ceil(log2 n)"},
        "eta_parity_factor": ETA,
        "parity_floor_factor": FLOOR,
        "vanished": VANISHED,
        "cap": {"loss": CAP["loss"], "gradient": CAP["grad_input"]},
        "dtypes": dtypes,
    }


def ulp(f: np.ndarray, dtype) -> np.ndarray:
    """The spacing of dtype's numbers at f, at least its smallest subnormal, at most that of the
    top binade; f may be infinite (top binade) or NaN (NaN)."""
    limits = LIMITS[np.dtype(dtype)]
    finite = np.where(np.isfinite(f), f, 1.0)
    _, exponent = np.frexp(finite)
    exponent = np.where(np.isinf(f), limits["top"], np.minimum(exponent, limits["top"]))
    exponent = np.where(finite == 0, -2000, exponent)
    spacing = np.ldexp(1.0, np.maximum(exponent - limits["bits"], limits["low"]))
    return np.where(np.isnan(f), np.nan, spacing)


def _rounded_functions(g: Geometry) -> tuple[np.ndarray, ...]:
    """softplus(x), softplus(-x), sigmoid(x), sigmoid(-x) of every element, rounded to float64; for
    BCELoss -log(1-x) and -log(x), clamped."""
    functions, count = (probabilities.functions, 2) if g.module == BCE else (oracle.functions, 4)
    numbers = {x for x in g.x.tolist() if not math.isnan(x)}
    with mp.workdps(oracle.DIGITS[0]):
        table = {x: [oracle.to_float64(f) for f in functions(x)] for x in numbers}
    rows = [table.get(x, [math.nan] * count) for x in g.x.tolist()]
    return tuple(np.array(rows, dtype=np.float64).reshape(-1, count).T)


def _terms(g: Geometry, output: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """(|c|, f) of the terms, without the scale of the mean."""
    if g.module == BCE:
        return probabilities.terms(g, output, *_rounded_functions(g))
    up, down, sig, gis = _rounded_functions(g)
    w, p, t, u = (np.abs(a) for a in (g.w, g.p, g.t, g.u))
    rest = np.abs(1 - g.t)
    if output == "loss":
        return [(w * p * t, down), (w * rest, up)]
    if output == "grad_input":
        return [(u * w * rest, sig), (u * w * p * t, gis)]
    if output == "grad_target":
        if not g.has_pos_weight:
            return [(u * w, np.abs(g.x))]
        return [(u * w * p, down), (u * w, up)]
    return [(u * p * t, down), (u * rest, up)]


def _sum_into(g: Geometry, output: str, values: np.ndarray) -> np.ndarray:
    """Adds the elements, in order, into the places of the output."""
    size = g.size_of(output)
    return np.bincount(g.target_index(output), weights=values, minlength=size)[:size]


def _amplification(g: Geometry, output: str) -> np.ndarray:
    a = np.maximum(1, np.abs(g.w)) * np.maximum(1, np.abs(g.p))
    a = a * np.maximum(1, np.maximum(np.abs(g.t), np.abs(1 - g.t)))
    if g.module == BCE and output == "grad_input":
        a = a * probabilities.steepness(g.x)
    return a if output == "loss" else a * np.maximum(1, np.abs(g.u))


def _eta(g: Geometry, output: str, dtype, factor) -> np.ndarray:
    """factor*eta*max(1, s*sum(A)); eta comes last, a product with it is rounded to its multiples."""
    scaled = _sum_into(g, output, _amplification(g, output)) / (g.divisor or 1)
    return factor * np.maximum(1, scaled) * floats.smallest_subnormal(dtype)


def factors(n: np.ndarray) -> np.ndarray:
    """K for sums of n elements."""
    return K_BASE + np.array([math.ceil(math.log2(i)) if i > 1 else 0 for i in n.tolist()])


def tolerance(g: Geometry, output: str, dtype) -> np.ndarray:
    """The tolerance to the oracle of every element of the output, before it is rounded to 16 bits; NaN
    where there is no oracle."""
    dtype = floats.working(dtype)
    with np.errstate(all="ignore"):
        total = np.zeros(g.size_of(output))
        for c, f in _terms(g, output):
            # a coefficient of 0 contributes nothing, whatever f is
            part = np.where(c == 0, 0.0, c * ulp(f, dtype))
            total = total + _sum_into(g, output, part)
        n = np.maximum(1, np.bincount(g.target_index(output), minlength=len(total))[: len(total)])
        k = factors(n)
        tol = k * (total / (g.divisor or 1)) + _eta(g, output, dtype, k)
        # A NaN logit has the oracle NaN: its tolerance is never used, but must not say "none".
        tol = np.where(np.isnan(tol), 0.0, tol)
    tol = np.where(g.known(output).reshape(-1), tol, np.nan)
    return tol.reshape(g.shape_of(output))


def rounded_once(tol: np.ndarray, exact: np.ndarray, dtype) -> np.ndarray:
    """A tolerance with what one rounding to 16 bits adds; that of other dtypes is as it is."""
    if not floats.is_half(dtype):
        return tol
    with np.errstate(invalid="ignore"):
        rounding = ulp(np.abs(exact) + tol, dtype) / 2
    return np.where(np.isfinite(exact), tol + rounding, tol)


def parity(g: Geometry, output: str, dtype, reference: np.ndarray) -> np.ndarray:
    """The tolerance to the reference of every element of the output."""
    r = np.asarray(reference, dtype=np.float64).reshape(-1)
    with np.errstate(all="ignore"):
        m = _sum_into(g, output, _magnitudes(g, output)) / (g.divisor or 1)
        value = around(r, m, output, dtype) + _eta(g, output, dtype, ETA)
        value = np.where(np.isfinite(r), value, 0.0)
    return value.reshape(g.shape_of(output))


def _magnitudes(g: Geometry, output: str) -> np.ndarray:
    """M of every element, without the scale of the mean."""
    if g.module == BCE:
        return probabilities.magnitudes(g, output, *_rounded_functions(g))
    up, down, sig, _ = _rounded_functions(g)
    w, t, u = (np.abs(a) for a in (g.w, g.t, g.u))
    positive, rest = np.maximum(1, np.abs(g.p)) * t, np.abs(1 - g.t)
    if output == "grad_target":
        return u * w * np.maximum(1, np.abs(g.p)) * (1 + np.abs(g.x))
    if output == "grad_input":
        # a relative error of sigmoid(x) is at least that of the exponent, which is -log(sigmoid(x))
        share = product(sig, 1 + down)
        return u * w * (product(positive, 1 + share) + product(rest, share))
    scale = w if output == "loss" else u
    # The terms of the textbook formula are of the size of x, and cancel. With a target of 0 or 1 they
    # do so exactly where exp(-|x|) vanishes beside x.
    size, hard = np.abs(g.x), (g.t == 0) | (g.t == 1)
    one, zero = (np.where(hard, np.minimum(size, VANISHED + f), size) for f in (down, up))
    return scale * (product(positive, 1 + one) + product(rest, 1 + zero))


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a*b, with 0 times anything 0."""
    return np.where((a == 0) | (b == 0), 0.0, a * b)


def around(r: np.ndarray, m: np.ndarray, output: str, dtype) -> np.ndarray:
    """The parity without its share of the smallest subnormal, for a reference r of magnitude m."""
    limits, eps = LIMITS[np.dtype(dtype)], floats.eps(dtype)
    close = limits["atol"] + limits["rtol"] * np.abs(r)
    bounded = np.minimum(np.maximum(close, FLOOR * eps * m), CAP[output] * eps * m)
    return np.where(np.isfinite(m), bounded, close)


def may_overflow(g: Geometry, output: str, dtype) -> np.ndarray:
    """Where an intermediate may exceed the largest finite number although the result does not.

    Elements with an infinite logit, weight or target are not marked: nothing overflows there.
    """
    with np.errstate(all="ignore"):
        a = _amplification(g, output)
        finite = np.isfinite(g.x) & np.isfinite(a)
        if output in ("loss", "grad_weight", "grad_target"):
            up, down = _rounded_functions(g)[:2]
            a = a * np.maximum(1, np.maximum(up, down))
        total = np.where(finite, a, 0.0)
        if output == "grad_input":
            total = _largest_into(g, output, total)
        else:
            total = _sum_into(g, output, total)
        marked = ~(total <= floats.largest(floats.working(dtype)))
        unmarked = _sum_into(g, output, (~finite).astype(np.float64)) > 0
    return (marked & ~unmarked).reshape(g.shape_of(output))


def _largest_into(g: Geometry, output: str, values: np.ndarray) -> np.ndarray:
    largest = np.zeros(g.size_of(output))
    np.maximum.at(largest, g.target_index(output), values)
    return largest
