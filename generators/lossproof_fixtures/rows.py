"""CrossEntropyLoss: how the elements of a call meet, its exact results, and their tolerances.

The class axis is 1, or 0 for an input of one dimension; every place of the other axes is a row.
With m = max x, d_c = m - x_c and S = sum exp(-d_j) over the classes of a row

    n_c = -log_softmax(x)_c = d_c + log(S)      p_c = softmax(x)_c = exp(-d_c)/S      q_c = 1 - p_c

and with e = label_smoothing, K classes, weights W and the target, the row has coefficients

    class index y:         a_c = (1-e)*W[y]*[c = y] + e/K*W[c], 0 in a row whose y is ignore_index
    class probabilities t: a_c = W[c]*((1-e)*t_c + e/K)

The loss of a row is sum a_c*n_c; 'mean' divides the sum by sum W[y] over the rows that are not
ignored, or for class probabilities by the number of rows. The gradient of x_c is

    p_c * sum of a_k over k != c  -  a_c * q_c

in which nothing cancels but coefficients of opposite sign. Logits that are infinite stand for the
limit; where there is none (several are +inf, or all of several are -inf) there is no oracle.

A tolerance is K*(sum |c|*ulp(f) + eta...), as in tolerances.py, and what the rounding of the
differences d, which everybody has to form, does to f: an error of ulp(d) makes a relative error
of ulp(d) in exp(-d). M is that of differences, too: what all logits have in common excuses no error.
"""

from __future__ import annotations

import math

import mpmath
import numpy as np
from mpmath import mp, mpf

from . import floats, oracle, tolerances
from .geometry import resolve_reduction
from .tolerances import product

#: Beyond this difference exp(-d) vanishes beside everything.
_FAR = 1e5


class Rows:
    """The rows of an accepted call of CrossEntropyLoss."""

    def __init__(self, options: dict, inputs: dict[str, np.ndarray]):
        self.inputs = inputs
        self.reduction = resolve_reduction(options)
        smoothing = float(options.get("label_smoothing", 0.0))
        self.smoothing = smoothing if smoothing > 0 else 0.0
        x, target = inputs["input"], inputs["target"]
        self.axis = 0 if x.ndim == 1 else 1
        self.classes = x.shape[self.axis]
        self.row_shape = x.shape[: self.axis] + x.shape[self.axis + 1 :]
        self.count = int(np.prod(self.row_shape, dtype=np.int64))
        self.x = self._rows(x)
        self.w = np.asarray(inputs.get("weight", np.ones(self.classes)), dtype=np.float64).reshape(-1)
        self.by_index = not floats.is_float(target.dtype)
        if self.by_index:
            self.y = target.reshape(-1).astype(np.int64)
            self.ignored = self.y == int(options.get("ignore_index", -100))
            self.t = None
        else:
            self.y, self.t = None, self._rows(target)
            self.ignored = np.zeros(self.count, dtype=bool)
        self.loss_shape = self.row_shape if self.reduction == "none" else ()
        if "grad_output" in inputs:
            u = np.asarray(inputs["grad_output"], dtype=np.float64).reshape(-1)
            self.u = u if self.reduction == "none" else np.full(self.count, u[0])
        else:
            self.u = np.ones(self.count)

    def _rows(self, a: np.ndarray) -> np.ndarray:
        """An array of the shape of the input as (rows, classes) of float64."""
        return np.moveaxis(a, self.axis, -1).reshape(self.count, self.classes).astype(np.float64)

    def back(self, a: np.ndarray) -> np.ndarray:
        """(rows, classes) in the shape of the input."""
        return np.moveaxis(a.reshape(*self.row_shape, self.classes), -1, self.axis)

    def shape_of(self, output: str) -> tuple[int, ...]:
        return self.loss_shape if output == "loss" else self.inputs[output.removeprefix("grad_")].shape

    def divisor_weights(self) -> np.ndarray:
        """The weights whose sum 'mean' divides by."""
        return self.w[self.y[~self.ignored]] if self.by_index else np.ones(self.count)

    def divisor(self) -> float:
        """What the sum is divided by, rounded to float64."""
        return math.fsum(self.divisor_weights().tolist()) if self.reduction == "mean" else 1.0

    def known_rows(self) -> np.ndarray:
        """Where a row for itself has an oracle: finite weight, target and upstream gradient, and a limit."""
        with np.errstate(invalid="ignore"):
            infinite = np.sum(self.x == np.inf, axis=1)
            nothing = np.all(self.x == -np.inf, axis=1) & (self.classes > 1)
        known = np.isfinite(self.u) & ~((infinite > 1) | nothing)
        every = bool(np.all(np.isfinite(self.w)))
        if not self.by_index:
            known &= np.all(np.isfinite(self.t), axis=1) & every
        elif self.smoothing:
            known &= every
        else:
            y = np.where(self.ignored, 0, self.y)
            known &= np.isfinite(self.w[y]) if self.classes else True
        return known | self.ignored

    def known(self, output: str) -> np.ndarray:
        """Where there is an oracle."""
        rows, divisor = self.known_rows(), self.divisor()
        if not np.isfinite(divisor) or divisor == 0:
            rows = np.zeros_like(rows)
        if output == "loss":
            whole = rows.reshape(self.row_shape)
            return whole if self.reduction == "none" else np.array(bool(rows.all()) and bool(divisor))
        if output == "grad_weight":
            return np.full(self.shape_of(output), bool(rows.all()))
        return self.back(np.repeat(rows[:, None], self.classes, axis=1))


# Exactly


def _differences(x: list[float]) -> tuple[list[mpf], int]:
    """d of a row, and the place of the largest logit."""
    top = max(range(len(x)), key=lambda c: x[c])
    if math.isinf(x[top]):  # the limit: all others, if any, are infinitely far below
        return [mpf(0) if c == top else mpf("inf") for c in range(len(x))], top
    return [mpf(x[top]) - mpf(v) for v in x], top


_cache: dict[tuple, tuple] = {}


def functions(x: tuple[float, ...]) -> tuple[list[mpf], list[mpf], list[mpf]]:
    """(n, p, q) of a row at mp.dps digits."""
    key = (mp.dps, x)
    if key not in _cache:
        if len(_cache) > 4096:
            _cache.clear()
        _cache[key] = _functions(list(x))
    return _cache[key]


def _functions(x: list[float]):
    if not x:
        return [], [], []
    if any(math.isnan(v) for v in x):
        nan = [mpf("nan")] * len(x)
        return nan, nan, nan
    d, top = _differences(x)
    y = [mpf(0) if v > _FAR else mpmath.exp(-v) for v in d]
    rest = mpmath.fsum(v for c, v in enumerate(y) if c != top)
    log_s = mpmath.log1p(rest)
    p = [v / (1 + rest) for v in y]
    return [v + log_s for v in d], p, _without_own(p)


def _without_own(values: list[mpf]) -> list[mpf]:
    """For each place the sum of all others, by sums from both ends: nothing is subtracted."""
    if not values:
        return []
    before, after = [mpf(0)], [mpf(0)]
    for v in values[:-1]:
        before.append(before[-1] + v)
    for v in reversed(values[1:]):
        after.append(after[-1] + v)
    return [b + a for b, a in zip(before, reversed(after), strict=True)]


def _coefficients(g: Rows, r: int) -> list[mpf]:
    """a of a row, without the scale of the mean."""
    w = [mpf(v) for v in g.w.tolist()]
    keep, uniform = 1 - mpf(g.smoothing), mpf(g.smoothing) / max(g.classes, 1)
    if not g.by_index:
        return [wc * (keep * mpf(t) + uniform) for wc, t in zip(w, g.t[r].tolist(), strict=True)]
    if g.ignored[r]:
        return [mpf(0)] * g.classes
    a = [uniform * wc if g.smoothing else mpf(0) for wc in w]
    a[g.y[r]] += keep * w[g.y[r]]
    return a


def evaluate(g: Rows, output: str) -> oracle.Exact:
    """Returns the exact result of one output of a call."""
    return oracle.exactly(g, output, _evaluate)


def _evaluate(g: Rows, output: str) -> list[mpf]:
    known = g.known(output)
    if g.reduction == "mean":
        divisor = mpmath.fsum(mpf(v) for v in g.divisor_weights().tolist())
        scale = 1 / divisor if divisor else mpf("nan")
    else:
        scale = mpf(1)
    nan, rows = mpf("nan"), g.known_rows()
    shares = [_share(g, output, r, scale) if rows[r] else None for r in range(g.count)]
    if output in ("grad_input", "grad_target"):
        table = np.empty((g.count, g.classes), dtype=object)
        for r, share in enumerate(shares):
            table[r, :] = share if share is not None else [nan] * g.classes
        values = g.back(table).reshape(-1).tolist()
    elif output == "grad_weight":
        sums = [mpmath.fsum(s[c] for s in shares if s is not None) for c in range(g.classes)]
        values = sums
    elif g.reduction == "none":
        values = [nan if s is None else s for s in shares]
    else:
        values = [mpmath.fsum(s for s in shares if s is not None)]
    return [v if k else nan for v, k in zip(values, known.reshape(-1).tolist(), strict=True)]


def _share(g: Rows, output: str, r: int, scale: mpf):
    """What a row contributes: a number to the loss, one for each class to the gradients."""
    a = _coefficients(g, r)
    if g.ignored[r]:  # also where a logit is NaN
        return mpf(0) if output == "loss" else [mpf(0)] * g.classes
    n, p, q = functions(tuple(g.x[r].tolist()))
    if output == "loss":
        return scale * mpmath.fsum(oracle.times(c, f) for c, f in zip(a, n, strict=True))
    us = mpf(float(g.u[r])) * scale
    if output == "grad_input":
        others = _without_own(a)
        terms = zip(a, others, p, q, strict=True)
        return [us * (oracle.times(other, pc) - oracle.times(own, qc)) for own, other, pc, qc in terms]
    keep, uniform = 1 - mpf(g.smoothing), mpf(g.smoothing) / max(g.classes, 1)
    if output == "grad_target":
        return [oracle.times(us * keep * mpf(w), f) for w, f in zip(g.w.tolist(), n, strict=True)]
    if output == "grad_weight" and not g.by_index:
        t = g.t[r].tolist()
        return [oracle.times(us * (keep * mpf(v) + uniform), f) for v, f in zip(t, n, strict=True)]
    raise ValueError(f"this call of CrossEntropyLoss has no output {output!r}")


# Tolerances


class _Table:
    """What the tolerances need of every row and class, as float64."""

    def __init__(self, g: Rows):
        with mp.workdps(oracle.DIGITS[0]):
            blocks = [
                [[oracle.to_float64(v) for v in part] for part in functions(tuple(row))]
                for row in g.x.tolist()
            ]
            a = [[oracle.to_float64(v) for v in _coefficients(g, r)] for r in range(g.count)]
        shape = (g.count, g.classes)
        parts = np.array(blocks, dtype=np.float64).reshape(g.count, 3, g.classes)
        self.n, self.p, self.q = parts[:, 0], parts[:, 1], parts[:, 2]
        self.a = np.abs(np.array(a, dtype=np.float64).reshape(shape))
        self.others = _others(self.a)
        keep, uniform = 1 - g.smoothing, g.smoothing / g.classes if g.classes else 0.0
        t = np.ones(shape) if g.by_index else np.abs(g.t)
        #: the share of the target in a coefficient, without the weight
        self.t = np.abs(keep) * t + uniform
        self.w = np.broadcast_to(np.abs(g.w), shape) if g.classes else np.ones(shape)
        live = ~g.ignored[:, None]
        self.u = np.broadcast_to(np.abs(g.u)[:, None], shape)
        # ignored rows contribute nothing, not even the ulp of 0
        self.live = np.broadcast_to(live, shape)
        self.finite = np.isfinite(g.x)
        top = np.max(np.where(self.finite, g.x, -np.inf), axis=1, initial=-np.inf)[:, None]
        with np.errstate(all="ignore"):
            self.d = np.where(self.finite, top - g.x, 0.0)


def _others(a: np.ndarray) -> np.ndarray:
    """For each class the sum over all other classes of its row."""
    before, after = np.zeros_like(a), np.zeros_like(a)
    before[:, 1:] = np.cumsum(a[:, :-1], axis=1)
    after[:, :-1] = np.cumsum(a[:, :0:-1], axis=1)[:, ::-1]
    return before + after


def _terms(table: _Table, output: str, dtype):
    """(c, f, what the rounding of d adds to an error of f) of the terms."""
    wrong = product(table.p, tolerances.ulp(table.d, dtype))  # of p_c, by its own d_c
    log_s = np.sum(wrong, axis=1, keepdims=True)
    if output == "loss":
        return [(table.a, table.n, np.broadcast_to(log_s, table.n.shape))]
    if output == "grad_input":
        of_p = wrong + table.p * log_s
        return [(table.u * table.others, table.p, of_p), (table.u * table.a, table.q, _others(of_p))]
    c = table.w if output == "grad_target" else np.where(table.live, table.t, 0.0)
    return [(table.u * c, table.n, np.broadcast_to(log_s, table.n.shape))]


def _gather(g: Rows, output: str, values: np.ndarray) -> np.ndarray:
    """Sums (rows, classes) into the places of an output."""
    if output in ("grad_input", "grad_target"):
        return g.back(values)
    if output == "grad_weight":
        return np.sum(values, axis=0)
    rows = np.sum(values, axis=1)
    return rows.reshape(g.row_shape) if g.reduction == "none" else np.sum(rows)


def _scale(g: Rows) -> float:
    divisor = abs(g.divisor())
    return 1 / divisor if divisor else 1.0


def _amplification(g: Rows, table: _Table, output: str) -> np.ndarray:
    # What is not finite either has no oracle or does not enter.
    w = np.where(np.isfinite(table.w), table.w, 1)
    a = np.maximum(1, w) * np.maximum(1, np.where(np.isfinite(table.t), table.t, 1))
    a = a if output == "loss" else a * np.maximum(1, table.u)
    return np.where(table.live, a, 0.0)


def _eta(g: Rows, table: _Table, output: str, dtype, factor) -> np.ndarray:
    """factor*eta*max(1, s*sum(A)), as in tolerances.py. The gradient of a logit adds over the classes."""
    a = _amplification(g, table, output)
    if output == "grad_input":
        a = np.broadcast_to(np.sum(a, axis=1, keepdims=True), a.shape)
    scaled = _scale(g) * _gather(g, output, a)
    return factor * np.maximum(1, scaled) * floats.smallest_subnormal(dtype)


def _summed(g: Rows, output: str) -> int:
    """How many elements are added up into one of the output, the softmax's sum included."""
    if output == "grad_weight" or (output == "loss" and g.reduction != "none"):
        return g.count * g.classes
    return g.classes * (g.count if g.reduction == "mean" and "weight" in g.inputs else 1)


def tolerance(g: Rows, output: str, dtype) -> np.ndarray:
    """The tolerance to the oracle of every element of the output, before it is rounded to 16 bits; NaN
    where there is no oracle."""
    dtype = floats.working(dtype)
    table = _Table(g)
    with np.errstate(all="ignore"):
        k = float(tolerances.factors(np.array([max(1, _summed(g, output))]))[0])
        total = 0.0
        for c, f, rounded in _terms(table, output, dtype):
            total = total + _gather(g, output, product(c, k * tolerances.ulp(f, dtype) + rounded))
            total = total + _divisor_error(g, dtype, k) * _gather(g, output, product(c, f))
        tol = _scale(g) * total + _eta(g, table, output, dtype, k)
        # A NaN logit has the oracle NaN: its tolerance is never used, but must not say "none".
        tol = np.where(np.isnan(tol), 0.0, tol)
    return np.asarray(np.where(g.known(output), tol, np.nan))


def _divisor_error(g: Rows, dtype, k: float) -> float:
    """How much weights of opposite sign add to the relative error of the sum that 'mean' divides by."""
    if g.reduction != "mean" or not g.by_index:
        return 0.0
    weights = g.divisor_weights()
    total = abs(math.fsum(weights.tolist()))
    if total == 0 or not np.all(np.isfinite(weights)):
        return 0.0
    condition = math.fsum(np.abs(weights).tolist()) / total
    return k * floats.eps(dtype) * (condition - 1) if condition > 1 else 0.0


def parity(g: Rows, output: str, dtype, reference: np.ndarray) -> np.ndarray:
    """The tolerance to the reference of every element of the output."""
    r = np.asarray(reference, dtype=np.float64)
    table = _Table(g)
    with np.errstate(all="ignore"):
        if output == "grad_input":
            total = np.sum(table.a, axis=1, keepdims=True)
            m = table.u * (product(total, product(table.p, 1 + table.n)) + table.a)
        else:
            c = table.w if output == "grad_target" else np.where(table.live, table.t, 0.0)
            m = product(table.a if output == "loss" else table.u * c, 1 + table.n)
        m = _scale(g) * _gather(g, output, m)
        value = tolerances.around(r, m, output, dtype) + _eta(g, table, output, dtype, tolerances.ETA)
        return np.asarray(np.where(np.isfinite(r), value, 0.0))


def may_overflow(g: Rows, output: str, dtype) -> np.ndarray:
    """Where an intermediate may exceed the largest finite number although the result does not: a
    difference of logits, or a product or sum before any division. Rows with a logit, weight or
    target that is not finite are not marked: nothing overflows there."""
    table, largest = _Table(g), floats.largest(floats.working(dtype))
    with np.errstate(all="ignore"):
        a = _amplification(g, table, output)
        if output != "grad_input":
            a = a * np.maximum(1, table.n)
        over = np.where(table.live & (table.d > largest), np.inf, 0.0)
        finite = table.finite.all(axis=1, keepdims=True) & np.isfinite(a)
        total = _gather(g, output, np.where(finite, a + over, 0.0))
        if output == "grad_input":
            rows = np.sum(np.where(finite, a + over, 0.0), axis=1, keepdims=True)
            total = g.back(np.broadcast_to(rows, a.shape))
        unmarked = _gather(g, output, np.broadcast_to(~finite & table.live, a.shape).astype(np.float64)) > 0
    return np.asarray(~(total <= largest) & ~unmarked)
