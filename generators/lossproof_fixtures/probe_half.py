"""The tolerances of 16 bits, probed: which implementations pass, and by which rules others are told apart.

    python -m lossproof_fixtures.probe_half

computes the cases of cases/half.py by the plain NumPy code below, in several ways that are right or
wrong, and prints how many outputs each fails at exact and at parity, and of which rules. What it
printed stands in docs/accuracy.md.
"""

from __future__ import annotations

import collections
from dataclasses import dataclass

import numpy as np

from . import expected, floats, reference
from .cases import half
from .cases.cross_entropy.ordinary import one_hot
from .floats import F16, F32, F64
from .geometry import resolve_reduction
from .model import BCE, CE, MLSM, MODULES


@dataclass
class Way:
    """How an implementation computes: in which dtype (None: that of the input), and what it gets wrong."""

    work: np.dtype | None = F64
    through: np.dtype | None = None  # an intermediate rounding of results
    truncates: bool = False
    flushes: bool = False
    sums: np.dtype | None = None  # the dtype in which sums are accumulated, None: work
    losses: np.dtype | None = None  # 16-bit losses that are rounded before they are added
    casts: bool = False  # targets to integers
    naive: bool = False  # log(1 + exp(x))


WAYS = {
    "right: float64, rounded once": Way(),
    "right: float32, rounded once": Way(F32),
    "right: float32, sums in float64": Way(F32, sums=F64),
    "right: float64, through float32": Way(through=F32),
    "wrong: each step rounded to 16 bits": Way(None),
    "wrong: sums accumulated in 16 bits": Way(F32, sums=F16),
    "wrong: losses rounded before they are added": Way(F32, losses=F16),
    "wrong: truncated": Way(truncates=True),
    "wrong: subnormal results flushed": Way(flushes=True),
    "wrong: targets cast to integers": Way(casts=True),
    "wrong: log(1 + exp(x)) in float32": Way(F32, naive=True),
    "wrong: log(1 + exp(x)) in 16 bits": Way(None, naive=True),
}


def _softplus(x, way):
    one = x.dtype.type(1)
    if way.naive:
        return np.log(one + np.exp(x))
    return np.maximum(x, x.dtype.type(0)) + np.log1p(np.exp(-np.abs(x)))


def _sigmoid(x):
    y = np.exp(-np.abs(x))
    one = x.dtype.type(1)
    return np.where(x >= 0, one / (one + y), y / (one + y)).astype(x.dtype)


def _sum(a, way, out, axis=None):
    dtype = way.sums and (out if way.sums == F16 else way.sums)
    if way.losses:
        a = a.astype(out).astype(a.dtype)
    if dtype is None or dtype == F64:
        return np.sum(a, axis=axis, dtype=dtype or a.dtype)
    a = np.moveaxis(a, axis, 0) if axis is not None else a.reshape(-1)
    total = np.zeros(a.shape[1:], dtype)
    for v in a.astype(dtype):  # one after the other
        total = (total + v).astype(dtype)
    return total


def _elements(module, inputs, way):
    """(losses, gradients) of the elements, without reduction."""
    x, t = inputs["input"], inputs["target"]
    one = x.dtype.type(1)
    w, p = inputs.get("weight", one), inputs.get("pos_weight", one)
    if module == BCE:
        low = x.dtype.type(-100)
        loss = -(t * np.maximum(np.log(x), low) + (one - t) * np.maximum(np.log1p(-x), low))
        bound = np.maximum(x * (one - x), x.dtype.type(float(np.float32(1e-12))))
        return w * loss, w * (x - t) / bound
    loss = p * t * _softplus(-x, way) + (one - t) * _softplus(x, way)
    return w * loss, w * ((one - t) * _sigmoid(x) - p * t * _sigmoid(-x))


def _rows(case, inputs, way, out):
    """(losses, gradients, weights of the mean) of the rows of CrossEntropyLoss."""
    x, target = inputs["input"], inputs["target"]
    axis = 1 if x.ndim > 1 else 0
    x = np.moveaxis(x, axis, -1)
    w = inputs.get("weight", np.ones(x.shape[-1], x.dtype))
    e, classes = float(case.options.get("label_smoothing", 0)), x.shape[-1]
    counted = np.ones(x.shape[:-1], bool)
    if not floats.is_float(case.inputs["target"].dtype):
        counted = target != case.options.get("ignore_index", -100)
        t = one_hot(np.where(counted, target, 0), case.inputs["input"].shape, x.dtype)
        t = np.moveaxis(t, axis, -1)
        divisor = w[np.where(counted, target, 0)] * counted
    else:
        t, divisor = np.moveaxis(target, axis, -1), np.ones(x.shape[:-1], x.dtype)
    a = (w * (x.dtype.type(1 - e) * t + x.dtype.type(e / classes)) * counted[..., None]).astype(x.dtype)
    d = x.max(axis=-1, keepdims=True) - x
    y = np.exp(-d)
    top = np.expand_dims(np.argmax(x, axis=-1), -1)
    others = y.copy()
    np.put_along_axis(others, top, 0, -1)
    rest = np.asarray(_sum(others, way, out, axis=-1)).astype(x.dtype)[..., None]
    s = x.dtype.type(1) + rest
    n = d + np.log1p(rest)
    loss = np.where(a == 0, x.dtype.type(0), a * n)
    loss = np.asarray(_sum(loss, way if way.losses is None else Way(way.work), out, axis=-1)).astype(x.dtype)
    own = (x.dtype.type(1) - y + rest) / s  # 1 - y/s, where nothing cancels
    grad = y / s * (np.sum(a, axis=-1, keepdims=True, dtype=a.dtype) - a) - a * own
    return loss, np.moveaxis(grad, -1, axis), divisor.astype(x.dtype)


def compute(case, way: Way) -> dict[str, np.ndarray]:
    """loss and grad_input of a case whose inputs have one dtype."""
    out = case.inputs["input"].dtype
    work = np.dtype(way.work or out)
    inputs = {k: a.astype(work) if floats.is_float(a.dtype) else a for k, a in case.inputs.items()}
    if way.casts and floats.is_float(case.inputs["target"].dtype):
        inputs["target"] = np.trunc(inputs["target"]).astype(work)
    reduction = resolve_reduction(case.options)
    u = inputs.get("grad_output", work.type(1))
    with np.errstate(all="ignore"):
        if case.module == CE:
            loss, grad, weights = _rows(case, inputs, way, out)
            divisor = (
                np.asarray(_sum(weights, Way(way.work, sums=F64), out)).astype(work)
                if reduction == "mean"
                else work.type(1)
            )
        else:
            loss, grad = _elements(case.module, inputs, way)
            divisor = work.type(loss.size) if reduction == "mean" else work.type(1)
            if case.module == MLSM:
                classes = work.type(loss.shape[-1])
                grad = grad / classes
                loss = np.asarray(_sum(loss, way, out, axis=-1)).astype(work) / classes
                divisor = work.type(loss.size) if reduction == "mean" else work.type(1)
        if reduction != "none":
            total = np.asarray(_sum(loss, way, out))
            loss = (total / divisor.astype(total.dtype)).astype(total.dtype)
        elif np.ndim(u) and case.module in (MLSM, CE):
            u = np.expand_dims(u, -1 if case.module == MLSM else min(1, grad.ndim - 1))
        results = {"loss": np.asarray(loss), "grad_input": np.asarray(grad * u / divisor)}
        return {name: _finish(np.asarray(r), way, out) for name, r in results.items()}


def _finish(r, way, out):
    if way.through is not None:
        r = r.astype(way.through)
    if way.truncates:
        # the bits behind the last one of the result are cut off, of float32
        single = r.astype(F32)
        drop = np.uint32(13 if out == F16 else 16)
        cut = (single.view(np.uint32) >> drop << drop).view(F32)
        r = np.where(np.isfinite(single) & (np.abs(single) <= floats.largest(out)), cut, single)
    r = np.asarray(r).astype(out)
    if way.flushes:
        normal = 2.0**-14 if out == F16 else 2.0**-126
        r = np.where(np.abs(r.astype(F64)) < normal, np.zeros((), out), r).astype(out)
    return r


def wrong(got: np.ndarray, output: expected.Output) -> tuple[bool, bool]:
    """Whether a result fails at exact and at parity: the verdict of fixtures/README.md."""
    arrays = {k: np.asarray(a, np.float64).reshape(-1) for k, a in output.arrays.items()}
    g, r = got.astype(np.float64).reshape(-1), arrays["reference"]
    with np.errstate(all="ignore"):
        torch = np.where(
            np.isfinite(r), np.abs(g - r) <= arrays["parity"], (g == r) | np.isnan(g) & np.isnan(r)
        )
        if "exact" not in arrays:
            return not torch.all(), not torch.all()
        e, tolerance = arrays["exact"], arrays["tolerance"]
        top = (np.sign(g) == np.sign(e)) & (
            np.abs(e) + tolerance >= floats.largest(output.arrays["reference"].dtype)
        )
        near = np.where(np.isinf(g), top, np.abs(g - e) <= tolerance)
        exact = np.where(np.isfinite(e), near, (g == e) | np.isnan(g) & np.isnan(e))
        exact = np.where(np.isnan(tolerance), torch, exact)
        exact |= (arrays.get("may_overflow", 0) != 0) & ~np.isfinite(g)
    return not exact.all(), not (torch | exact).all()


def main() -> None:
    fails = {name: [collections.Counter(), collections.Counter()] for name in [*WAYS, "PyTorch"]}
    outputs = 0
    for module in MODULES:
        for topic in half.build(module):
            for case in topic.cases:
                single = {a.dtype for a in case.inputs.values() if floats.is_float(a.dtype)}
                if case.rejects or "QUIRK" in case.rule or len(single) > 1 or case.inputs["input"].size == 0:
                    continue
                of_torch = reference.evaluate(case)
                wanted = {
                    k: v for k, v in expected.outputs(case, of_torch).items() if k in ("loss", "grad_input")
                }
                outputs += len(wanted)
                for name, counters in fails.items():
                    results = of_torch if name == "PyTorch" else compute(case, WAYS[name])
                    for output, want in wanted.items():
                        for counter, failed in zip(counters, wrong(results[output], want), strict=True):
                            counter[case.rule.split("-", 1)[1]] += failed
    print(f"{outputs} outputs of {sum(len(t.cases) for m in MODULES for t in half.build(m))} cases")
    for name, (exact, parity) in fails.items():
        print(f"\n{name}: fails {sum(exact.values())} at exact, {sum(parity.values())} at parity")
        for word, counter in (("exact", exact), ("parity", parity)):
            rules = ", ".join(f"{rule} {n}" for rule, n in counter.most_common(8) if n)
            if rules:
                print(f"  {word}: {rules}")


if __name__ == "__main__":
    main()
