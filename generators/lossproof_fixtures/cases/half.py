"""float16 and bfloat16: what is asked of float32, where 16 bits make a difference.

Each call has one dtype, but in half_mixed. The numbers are drawn in the dtype itself.
"""

from __future__ import annotations

import math

import numpy as np

from .. import draw, floats, probabilities
from ..floats import F16, F32, HALVES
from ..model import BCE, BCEWL, CE, MLSM, REDUCTIONS, Topic
from .cross_entropy import ordinary

SINCE = "2.1.0"
_GRADS = {
    BCEWL: ("grad_target",),
    MLSM: ("grad_target", "grad_weight"),
    BCE: ("grad_target",),
    CE: ("grad_target", "grad_weight"),
}
_TARGETS = {"0": 0.0, "0.3": 0.3, "1": 1.0}


class _Topic(Topic):
    """A topic whose cases all came with the same version."""

    def add(self, name, rule, options, inputs, **more):
        return super().add(name, rule, options, inputs, since=SINCE, **more)


def build(module: str) -> list[Topic]:
    extremes = _Topic(
        module,
        "half_extremes",
        "float16 and bfloat16: inputs of every magnitude, against hard and soft targets.",
    )
    usual = _Topic(
        module,
        "half_ordinary",
        "float16 and bfloat16: reductions, weights, options, shapes and every gradient on ordinary numbers.",
    )
    sums = _Topic(
        module,
        "half_sums",
        "float16 and bfloat16: sums that 16 bits cannot accumulate, and means of sums that are too large.",
    )
    mixed = _Topic(
        module,
        "half_mixed",
        "float16 and bfloat16 beside each other and beside other dtypes: what is refused, and which dtype the result has.",
    )
    for tag, dtype in HALVES.items():
        if module == CE:
            _extreme_rows(extremes, tag, dtype)
            _usual_rows(usual, tag, dtype)
            _options_of_rows(usual, tag, dtype)
        else:
            if module == BCE:
                _extreme_probabilities(extremes, tag, dtype)
            else:
                _extreme_logits(extremes, tag, dtype)
            _usual_elements(usual, tag, dtype)
        _nearest(usual, tag, dtype)
        _sums(sums, tag, dtype)
    _mixed(mixed)
    return [extremes, usual, sums, mixed]


def _column(values, dtype) -> np.ndarray:
    return np.array(values, np.float64).astype(dtype).reshape(-1, 1)


def _padded(rows, n: int) -> list:
    """The rows, and the last one again until there are n: calls of one shape share their files."""
    return list(rows) + [rows[-1]] * (n - len(rows))


def _full(x: np.ndarray, value: float) -> np.ndarray:
    return np.full(x.shape, value, np.float64).astype(x.dtype)


# Extremes


def _bands(dtype) -> dict[str, tuple[str, list[float]]]:
    """Name -> (rule, magnitudes of logits); each is taken with both signs."""
    tiny = floats.smallest_subnormal(dtype)
    bands = {
        "zero": ("LOGIT-ZERO", [0.0, tiny, 3 * tiny]),
        "near": ("HALF", [0.001, 0.01, 0.1, 0.5, math.log(2), 1, 1.5, 2, 3]),
        "tail": ("HALF-TAIL", [3.5, 4.125, 4.15625, 5, 6.21875, 6.234375, 6.25, 7, 7.625]),
        "far-tail": ("HALF-TAIL", [8, 8.3125, 8.3203125, 8.5, 9, 9.5]),
    }
    if dtype == F16:
        return bands | {
            "subnormal": ("HALF-SUBNORMAL", [9.75, 10, 11, 12, 13, 14, 15, 16, 16.625]),
            "large": ("LOGIT-HUGE", [18, 30, 100, 1000, 1e4]),
            "largest": ("LOGIT-MAX", [floats.largest(dtype)]),
        }
    return bands | {
        "wide": ("HALF-TAIL", [10, 11, 15.25, 16, 17, 20, 40, 60, 80, 87]),
        "subnormal": ("HALF-SUBNORMAL", [88, 88.5, 89, 90, 91, 92]),
        "large": ("LOGIT-HUGE", [100, 1000, 1e4, 1e10, 1e20, 1e30]),
        "largest": ("LOGIT-MAX", [floats.largest(dtype)]),
    }


def _extreme_logits(topic, tag, dtype):
    for band, (rule, magnitudes) in _bands(dtype).items():
        x = _column([s * m for m in _padded(magnitudes, 10) for s in (1, -1)], dtype)
        for t_name, t in _TARGETS.items():
            call = {"input": x, "target": _full(x, t)}
            own = "HALF" if t == 0.3 and rule.startswith("HALF") else rule
            topic.add(f"{tag}-none-{band}-t-{t_name}", own, {"reduction": "none"}, call)
            if t != 0.3 and band not in ("zero", "largest"):
                topic.add(f"{tag}-mean-{band}-t-{t_name}", own, {"reduction": "mean"}, call)
                topic.add(f"{tag}-sum-{band}-t-{t_name}", own, {"reduction": "sum"}, call)
            if topic.module == BCEWL and t and band not in ("zero", "largest", "large"):
                for p in (0.5, 3):
                    weighed = dict(call, pos_weight=np.array([p]).astype(dtype))
                    topic.add(
                        f"{tag}-none-{band}-t-{t_name}-pos-weight-{p}", own, {"reduction": "none"}, weighed
                    )
        call = {"input": x, "target": _full(x, 0.3)}
        topic.add(
            f"{tag}-none-{band}-grad-target",
            "GRAD-TARGET",
            {"reduction": "none"},
            call,
            want=("grad_target",),
        )
    infinite = _column(_padded([np.inf, -np.inf], 20), dtype)
    topic.add(f"{tag}-none-inf-gradient-t-0.3", "INF-LIMIT", {"reduction": "none"},
              {"input": infinite, "target": _full(infinite, 0.3)}, want=("grad_input",))  # fmt: skip
    nan = _column(_padded([np.nan, 1, -1], 20), dtype)
    topic.add(f"{tag}-none-nan", "NAN-LOGIT", {"reduction": "none"}, {"input": nan, "target": _full(nan, 1)})


def _extreme_probabilities(topic, tag, dtype):
    tiny, normal = floats.smallest_subnormal(dtype), 2.0**-14 if dtype == F16 else 2.0**-126
    step = floats.eps(dtype) / 2  # below 1
    bands = {
        "ends": ("CLAMP", [0.0, 1.0]),
        "near": ("HALF", [0.01, 0.1, 0.25, 0.3, 0.5, 0.6, 0.75, 0.9, 0.95]),
        "near-one": ("HALF-TAIL", [1 - step, 1 - 2 * step, 1 - 3 * step, 1 - 5 * step, 1 - 16 * step]),
        "small": ("HALF-TAIL", [2e-2, 1e-3, 1e-4, 7e-5]),
    }
    if dtype == F16:
        bands["subnormal"] = ("HALF-SUBNORMAL", [normal / 2, 1e-5, 1e-6, 5 * tiny, tiny])
    else:
        bands |= {
            "tiny": ("HALF-TAIL", [1e-5, 1e-7, 1e-9, 1e-11, 2e-12]),
            "below-epsilon": ("HALF-TAIL", [1e-13, 1e-20, 1e-30, 2 * normal]),
            "subnormal": ("HALF-SUBNORMAL", [normal / 2, normal / 16, 3 * tiny, tiny]),
        }
    for band, (rule, values) in bands.items():
        x = _column(_padded(values, 10), dtype)
        exact = bool(probabilities.has_gradient(x.astype(np.float64)).all())
        for t_name, t in _TARGETS.items():
            call = {"input": x, "target": _full(x, t)}
            own = "HALF" if t == 0.3 and rule.startswith("HALF") else rule
            topic.add(f"{tag}-none-{band}-t-{t_name}", own, {"reduction": "none"}, call, want=("loss",))
            gradient = own if exact else "EPSILON-QUIRK"
            topic.add(
                f"{tag}-none-{band}-t-{t_name}-gradient",
                gradient,
                {"reduction": "none"},
                call,
                want=("grad_input",),
            )
            if t != 0.3:
                topic.add(f"{tag}-mean-{band}-t-{t_name}", own, {"reduction": "mean"}, call, want=("loss",))
        own = "GRAD-TARGET-QUIRK" if band == "ends" else "GRAD-TARGET"
        call = {"input": x, "target": _full(x, 0.3)}
        topic.add(f"{tag}-none-{band}-grad-target", own, {"reduction": "none"}, call, want=("grad_target",))


def _extreme_rows(topic, tag, dtype):
    tiny = floats.smallest_subnormal(dtype)
    gaps = {
        "near": ("HALF", [0.001, 0.1, 0.5, 1, 2, 3]),
        "tail": ("HALF-TAIL", [3.5, 4.125, 5, 6.25, 7.625, 8.3125, 9, 9.5]),
        "subnormal": (
            "HALF-SUBNORMAL",
            [10, 12, 14, 16, 16.625] if dtype == F16 else [88, 88.5, 89, 90, 91, 92],
        ),
        "large": ("LOGIT-HUGE", [20, 100, 1000, 1e4] if dtype == F16 else [100, 1e4, 1e10, 1e30]),
    }
    if dtype != F16:
        gaps["wide"] = ("HALF-TAIL", [10, 16, 17, 20, 40, 60, 80, 87])
    for name, (rule, values) in gaps.items():
        values = _padded(values, 10)
        x = np.concatenate([_column(values, dtype), np.zeros((len(values), 1), dtype)], axis=1)
        for y, word in ((0, "dominates"), (1, "is-dominated")):
            target = np.full(len(values), y, np.int64)
            own = rule if y == 0 or rule == "LOGIT-HUGE" else "HALF"
            for reduction in REDUCTIONS if name in ("near", "tail") else ("none",):
                topic.add(
                    f"{tag}-{reduction}-gap-{name}-target-{word}",
                    own,
                    {"reduction": reduction},
                    {"input": x, "target": target},
                )
        soft = np.repeat(np.array([[0.75, 0.25]]), len(values), axis=0).astype(dtype)
        call = {"input": x, "target": soft}
        topic.add(f"{tag}-none-gap-{name}-probabilities", "HALF", {"reduction": "none"}, call)
        topic.add(
            f"{tag}-none-gap-{name}-grad-target",
            "GRAD-TARGET",
            {"reduction": "none"},
            call,
            want=("grad_target",),
        )
    rng = draw.generator(topic.seed(tag))
    base = draw.bell(rng, (6, 3), 2.0, dtype)
    far = 512.0 if dtype == F16 else 64.0
    inf = np.inf
    rows = {
        "offset": ("SHIFT", base + dtype.type(far)),
        "offset-minus": ("SHIFT", base - dtype.type(far)),
        "equal": ("HALF", [[0.0] * 3, [0.5] * 3, [-7.25] * 3]),
        "subnormal-logits": ("HALF", np.array([[1, -3, 2], [0, 5, -5]]) * tiny),
        "scale-10": ("HALF", draw.bell(rng, (6, 3), 10.0, dtype)),
        "two-dominate": ("HALF", [[8, 8, 0], [0, 8, 8]]),
        "max-and-0": ("LOGIT-MAX", [[floats.largest(dtype), 0, 0]]),
        "quarters-of-max": ("LOGIT-MAX", np.array([[0.25, -0.25, 0]]) * floats.largest(dtype)),
        "masked": ("MASKED", [[1, -inf, 2], [0.5, -inf, -inf], [3, -inf, -1]]),
    }
    for name, (rule, x) in rows.items():
        x = np.array(_padded(np.array(x, np.float64), 6)).astype(dtype)
        for y in range(x.shape[1]):
            call = {"input": x, "target": np.full(len(x), y, np.int64)}
            topic.add(f"{tag}-none-{name}-target-{y}", rule, {"reduction": "none"}, call)
        if rule != "MASKED":
            call = {"input": x, "target": np.arange(len(x), dtype=np.int64) % x.shape[1]}
            topic.add(f"{tag}-mean-{name}", rule, {"reduction": "mean"}, call)
            topic.add(
                f"{tag}-none-{name}-smoothed", rule, {"reduction": "none", "label_smoothing": 0.1}, call
            )
    nan = np.array(_padded([[np.nan, 1], [0, 1]], 10)).astype(dtype)
    call = {"input": nan, "target": np.arange(10, dtype=np.int64) % 2}
    topic.add(f"{tag}-none-nan", "NAN-LOGIT", {"reduction": "none"}, call)


# Ordinary numbers


def _inputs(rng, module, shape, dtype, soft: bool) -> dict[str, np.ndarray]:
    x = (
        draw.uniform(rng, shape, 1 / 64, 63 / 64, dtype)
        if module == BCE
        else draw.bell(rng, shape, 2.0, dtype)
    )
    return {"input": x, "target": draw.soft(rng, shape, dtype) if soft else draw.hard(rng, shape, dtype)}


def _row_inputs(rng, shape, dtype, kind: str = "index") -> dict[str, np.ndarray]:
    """Logits and targets of CrossEntropyLoss. Probabilities are multiples of 1/64, which add up to 1 in 16 bits, too."""
    call = ordinary.inputs(rng, shape, dtype, kind)
    if kind == "probabilities":
        call["target"] = _probabilities(rng, shape, dtype)
    return call


def _probabilities(rng, shape, dtype) -> np.ndarray:
    axis, classes = (1 if len(shape) > 1 else 0), ordinary.classes(shape)
    rows = np.moveaxis(np.zeros(shape), axis, -1)
    for place in np.ndindex(rows.shape[:-1]):
        cuts = (
            np.sort(rng.choice(63, classes - 1, replace=False) + 1) if classes > 1 else np.array([], np.int64)
        )
        rows[place] = np.diff(np.concatenate([[0], cuts, [64]])) / 64
    return np.moveaxis(rows, -1, axis).astype(dtype)


def _loss_shape(module, shape, reduction):
    if reduction != "none":
        return ()
    if module == CE:
        return ordinary.row_shape(shape)
    return shape[:-1] if module == MLSM else shape


def _usual_elements(topic, tag, dtype):
    module = topic.module
    rule = {"none": "NONE-SHAPE", "mean": "MEAN", "sum": "SUM"}
    shapes = [(3, 5), (5,), (2, 3, 4), (0, 3)] + ([()] if module != MLSM else [])
    for reduction in REDUCTIONS:
        options = {"reduction": reduction}
        for shape in shapes:
            size = "x".join(map(str, shape)) or "0d"
            for soft in (False, True):
                if soft and shape != (3, 5):
                    continue
                call = _inputs(draw.generator(topic.seed(tag, shape, soft)), module, shape, dtype, soft)
                own = rule[reduction]
                if 0 in shape:
                    own = f"EMPTY-{reduction.upper()}"
                elif module == MLSM and len(shape) != 2:
                    own = "NO-BATCH" if len(shape) == 1 else "RANK"
                name = f"{tag}-{reduction}-{size}" + ("-soft" if soft else "")
                topic.add(name, "TARGET-SOFT" if soft else own, options, call)
                if soft:
                    topic.add(f"{name}-grad-target", "GRAD-TARGET", options, call, want=("grad_target",))
        rng = draw.generator(topic.seed(tag, "weights"))
        call = _inputs(rng, module, (3, 5), dtype, True)
        weights = {
            "class": draw.uniform(rng, (5,), 0.25, 4, dtype),
            "element": draw.uniform(rng, (3, 5), 0.25, 4, dtype),
            "sample": draw.uniform(rng, (3, 1), 0.25, 4, dtype),
        }
        upstream = {"grad_output": draw.uniform(rng, _loss_shape(module, (3, 5), reduction), -2, 2, dtype)}
        for name, w in weights.items():
            if module == MLSM and name != "class":
                continue
            topic.add(f"{tag}-{reduction}-weight-{name}", "WEIGHT-BROADCAST", options, dict(call, weight=w))
        masked = np.array([1, 0, 1, 0, 0.5]).astype(dtype)
        topic.add(f"{tag}-{reduction}-weight-mask", "WEIGHT-ZERO", options, dict(call, weight=masked))
        topic.add(f"{tag}-{reduction}-weight-large", "HALF", options, dict(call, weight=_full(masked, 200)))
        topic.add(
            f"{tag}-{reduction}-weight-small", "HALF", options, dict(call, weight=_full(masked, 2.0**-9))
        )
        topic.add(f"{tag}-{reduction}-grad-output", "GRAD-OUTPUT", options, dict(call, **upstream))
        topic.add(f"{tag}-{reduction}-grad-output-weight", "GRAD-OUTPUT", options, dict(call, weight=weights["class"], **upstream),
                  want=("grad_input", *_GRADS[module]))  # fmt: skip
        if module == BCEWL:
            p = draw.uniform(rng, (5,), 0.25, 8, dtype)
            topic.add(f"{tag}-{reduction}-pos-weight", "POS-WEIGHT", options, dict(call, pos_weight=p))
            topic.add(f"{tag}-{reduction}-pos-weight-and-weight", "WEIGHT-AND-POS-WEIGHT", options,
                      dict(call, pos_weight=p, weight=weights["class"], **upstream), want=("loss", "grad_input", "grad_target"))  # fmt: skip
            topic.add(
                f"{tag}-{reduction}-pos-weight-large", "HALF", options, dict(call, pos_weight=_full(p, 1000))
            )


def _usual_rows(topic, tag, dtype):
    rule = {"none": "NONE-SHAPE", "mean": "MEAN", "sum": "SUM"}
    for reduction in REDUCTIONS:
        options = {"reduction": reduction}
        for shape in ((3, 5), (5,), (6, 1), (2, 3, 4), (0, 3)):
            size = "x".join(map(str, shape))
            for kind in ordinary.KINDS:
                call = _row_inputs(draw.generator(topic.seed(tag, shape, kind)), shape, dtype, kind)
                own = rule[reduction]
                if 0 in shape:
                    own = f"EMPTY-{reduction.upper()}"
                elif shape == (6, 1):
                    own = "ONE-CLASS"
                elif kind == "probabilities":
                    own = "PROBABILITIES-MEAN" if reduction == "mean" else "PROBABILITIES"
                elif shape == (5,):
                    own = "NO-BATCH"
                topic.add(f"{tag}-{reduction}-{size}-{kind}", own, options, call)
                if kind == "probabilities" and shape == (3, 5):
                    topic.add(
                        f"{tag}-{reduction}-{size}-grad-target",
                        "GRAD-TARGET",
                        options,
                        call,
                        want=("grad_target",),
                    )


def _options_of_rows(topic, tag, dtype):
    for reduction in REDUCTIONS:
        for kind in ordinary.KINDS:
            rng = draw.generator(topic.seed(tag, "options", kind))
            call = _row_inputs(rng, (6, 5), dtype, kind)
            weight = draw.uniform(rng, (5,), 0.25, 4, dtype)
            options = {"reduction": reduction}
            name = f"{tag}-{reduction}-{kind}"
            weighed = (
                "WEIGHT"
                if reduction != "mean"
                else "WEIGHTED-MEAN"
                if kind == "index"
                else "PROBABILITIES-MEAN"
            )
            topic.add(f"{name}-weight", weighed, options, dict(call, weight=weight))
            topic.add(f"{name}-smoothing", "SMOOTHING", dict(options, label_smoothing=0.1), call)
            topic.add(
                f"{name}-smoothing-weight",
                "SMOOTHING-WEIGHT",
                dict(options, label_smoothing=0.25),
                dict(call, weight=weight),
            )
            topic.add(f"{name}-weight-large", "HALF", options, dict(call, weight=_full(weight, 200)))
            upstream = draw.uniform(rng, _loss_shape(CE, (6, 5), reduction), -2, 2, dtype)
            topic.add(
                f"{name}-grad-output", "GRAD-OUTPUT", options, dict(call, weight=weight, grad_output=upstream)
            )
            if kind == "probabilities":
                want = ("grad_target", "grad_weight")
                topic.add(
                    f"{name}-grad-weight",
                    "GRAD-WEIGHT",
                    options,
                    dict(call, weight=weight, grad_output=upstream),
                    want=want,
                )
                continue
            ignored = dict(call, target=np.where(np.arange(6) % 3 == 1, -100, call["target"]))
            topic.add(
                f"{name}-ignored", "IGNORE-INDEX" if reduction != "mean" else "IGNORE-MEAN", options, ignored
            )
            topic.add(
                f"{name}-ignored-weight",
                "IGNORE-INDEX" if reduction != "mean" else "IGNORE-MEAN",
                options,
                dict(ignored, weight=weight),
            )
            topic.add(
                f"{name}-ignored-smoothing", "SMOOTHING-IGNORE", dict(options, label_smoothing=0.1), ignored
            )
            topic.add(
                f"{name}-ignore-index-2",
                "IGNORE-INDEX" if reduction != "mean" else "IGNORE-MEAN",
                dict(options, ignore_index=2),
                call,
            )


def _nearest(topic, tag, dtype):
    """Many elements apart: a result that is truncated, or rounded at each step, is far from some of them."""
    for soft in (False, True):
        rng = draw.generator(topic.seed(tag, "nearest", soft))
        word = "soft" if soft else "hard"
        if topic.module == CE:
            call = _row_inputs(rng, (32, 3), dtype, ordinary.KINDS[soft])
        else:
            call = _inputs(rng, topic.module, (96, 1), dtype, soft)
        topic.add(f"{tag}-none-nearest-{word}", "HALF-NEAREST", {"reduction": "none"}, call)


# Sums


def _sums(topic, tag, dtype):
    """Each call has as many numbers as 16 bits can no longer add up, one after the other."""
    n = 4096
    module = topic.module
    if module == CE:
        x = np.zeros((n, 2), dtype)
        target = np.zeros(n, np.int64)
        x[:, 1] = 3  # a loss of 3.05
        large = np.zeros((n, 2), dtype)
        large[:, 1] = 64
        wide = np.zeros((1, n), dtype)
        call = {"input": wide, "target": np.array([7], np.int64)}
        topic.add(f"{tag}-none-1x{n}", "HALF-ACCUMULATION", {"reduction": "none"}, call, want=("loss",))
        smoothed = {"reduction": "none", "label_smoothing": 0.5}
        topic.add(f"{tag}-none-1x{n}-smoothed", "HALF-ACCUMULATION", smoothed, call, want=("loss",))
    elif module == BCE:
        x, target = np.full((n, 1), 0.0625).astype(dtype), np.ones((n, 1), dtype)
        large = np.zeros((n, 1), dtype)  # a loss of 100
    else:
        x, target = np.full((n, 1), 3).astype(dtype), np.zeros((n, 1), dtype)
        large = np.full((n, 1), 64).astype(dtype)
    for reduction in ("mean", "sum"):
        options = {"reduction": reduction}
        topic.add(
            f"{tag}-{reduction}-{n}",
            "HALF-ACCUMULATION",
            options,
            {"input": x, "target": target},
            want=("loss",),
        )
        if module == BCE:
            call = {"input": large, "target": np.ones((n, 1), dtype)}
        else:
            call = {"input": large, "target": target}
        topic.add(f"{tag}-{reduction}-{n}-large", "HALF-OVERFLOW", options, call, want=("loss",))
    # The gradient of a mean over as many is small.
    call = {"input": x[:512], "target": target[:512]}
    topic.add(f"{tag}-mean-512-gradient", "LARGE-GRAD", {"reduction": "mean"}, call, want=("grad_input",))


# Mixed dtypes


def _mixed(topic):
    module = topic.module
    bf16, f16 = HALVES["bf16"], F16
    pairs = [(bf16, F32), (F32, bf16), (f16, F32), (F32, f16), (f16, bf16)]
    for reduction in ("none", "mean"):
        options = {"reduction": reduction}
        for of_x, of_t in pairs:
            rng = draw.generator(topic.seed(of_x.name, of_t.name))
            name = f"{reduction}-{of_x.name}-input-{of_t.name}-target"
            if module == CE:
                call = _row_inputs(rng, (3, 5), of_x, "probabilities")
                call["target"] = _probabilities(rng, (3, 5), of_t)
            else:
                call = _inputs(rng, module, (3, 5), of_x, True)
                call["target"] = draw.soft(rng, (3, 5), of_t)
            if module == BCE:
                topic.add(name, "TARGET-DTYPE", options, call, rejects="dtype")
            else:
                topic.add(name, "HALF-MIXED-QUIRK", options, call)
        for of_x, of_w in ((bf16, F32), (F32, bf16), (F32, f16)):
            rng = draw.generator(topic.seed(of_x.name, of_w.name, "weight"))
            w = draw.uniform(rng, (5,), 0.25, 4, of_w)
            name = f"{reduction}-{of_x.name}-input-{of_w.name}-weight"
            if module == CE:
                call = dict(_row_inputs(rng, (3, 5), of_x), weight=w)
                topic.add(name, "WEIGHT-DTYPE", options, call, rejects="dtype")
                call = dict(_row_inputs(rng, (3, 5), of_x, "probabilities"), weight=w)
                topic.add(f"{name}-probabilities", "HALF-MIXED-QUIRK", options, call)
                continue
            call = dict(_inputs(rng, module, (3, 5), of_x, True), weight=w)
            topic.add(name, "WEIGHT-DTYPE-QUIRK" if module == BCE else "HALF-MIXED-QUIRK", options, call)
            if module == BCEWL:
                call["pos_weight"] = call.pop("weight")
                topic.add(
                    f"{reduction}-{of_x.name}-input-{of_w.name}-pos-weight", "HALF-MIXED-QUIRK", options, call
                )
        for tag, dtype in HALVES.items():
            rng = draw.generator(topic.seed(tag, "integers"))
            if module == CE:
                call = _row_inputs(rng, (3, 5), dtype)
                call["target"] = call["target"].astype(np.int32)
                topic.add(f"{reduction}-{tag}-int32-target", "TARGET-DTYPE", options, call, rejects="dtype")
                continue
            call = _inputs(rng, module, (3, 5), dtype, False)
            call["target"] = call["target"].astype(np.int64)
            name = f"{reduction}-{tag}-int64-target"
            if module == MLSM:
                topic.add(name, "TARGET-INTEGER-QUIRK", options, call)
            else:
                topic.add(name, "TARGET-DTYPE", options, call, rejects="dtype")
