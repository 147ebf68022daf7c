"""Logits far apart, far from zero, nearly equal, and the largest ones."""

from __future__ import annotations

import numpy as np

from ... import draw
from ...model import CE, DTYPES, REDUCTIONS, Topic

#: Rows far from zero that came with fixtures 2.0.0, where an offset buys no error any more.
_SINCE_2 = ("offset-1e6", "offset-1e8")


def build() -> list[Topic]:
    topic = Topic(
        CE, "extreme_logits", "Rows of logits far apart, far from zero, nearly equal, and the largest ones."
    )
    for tag, dtype in DTYPES.items():
        for name, (rule, x) in _rows(topic, tag, dtype).items():
            _add(topic, tag, name, rule, x, "2.0.0" if name in _SINCE_2 else "")
        _gaps(topic, tag, dtype)
        _largest(topic, tag, dtype)
    return [topic]


def _rows(topic, tag, dtype) -> dict[str, tuple[str, np.ndarray]]:
    """Name -> (rule, logits (rows, classes))."""
    rng = draw.generator(topic.seed(tag))
    base = draw.bell(rng, (6, 4), 2.0, dtype)
    rows = {
        "1e4-apart": ("TAIL-LOSS", [[1e4, -1e4, 0], [0, 1e4, -1e4], [-1e4, 0, 1e4]]),
        "all-1e4": ("SHIFT", [[1e4] * 3, [-1e4] * 3]),
        "equal": ("FORMULA", [[0.0] * 3, [0.5] * 3, [-7.25] * 3]),
        "signed-zero": ("FORMULA", [[0.0, -0.0, 0.0], [-0.0, -0.0, -0.0]]),
        "subnormal": ("FORMULA", np.array([[1, -3, 2], [0, 5, -5]]) * np.finfo(dtype).smallest_subnormal),
        "near-ties-at-1e4": ("SHIFT", 1e4 + np.array([[0, 2.0**-8, -(2.0**-8)], [1, 0, 2.0**-7]])),
        "scale-10": ("FORMULA", draw.bell(rng, (6, 4), 10.0, dtype)),
        "scale-30": ("FORMULA", draw.bell(rng, (6, 4), 30.0, dtype)),
        "offset-1e3": ("SHIFT", base + dtype.type(1e3)),
        "offset-minus-1e3": ("SHIFT", base - dtype.type(1e3)),
        "offset-1e4": ("SHIFT", base + dtype.type(1e4)),
        "huge": ("LOGIT-HUGE", [[1e30, 0, -1e30], [1e30, 1e30, 1e20], [0, 1e10, 1e20]]),
        "offset-1e6": ("SHIFT", 1e6 + np.array([[0, 1, 2], [2, 0.5, 0]])),
        "offset-1e8": ("SHIFT", 1e8 + np.array([[0, 0, 0], [0, 8, 16]])),
        "two-dominate": ("DOMINATED", [[25, 25, 0], [0, 25, 25], [40.5, 0, 40.5]]),
    }
    if dtype == np.float64:
        rows["huge-float64"] = ("LOGIT-HUGE", [[1e300, 0, -1e300], [1e200, 1e200, 1e100], [1e5, 0, 1e308]])
    return {name: (rule, np.array(x, dtype)) for name, (rule, x) in rows.items()}


def _add(topic, tag, name, rule, x, since):
    """Every class is the target once, without and with smoothing."""
    rows, classes = x.shape
    own = "SUBNORMAL" if name == "scale-30" and x.dtype == np.float32 else rule  # so are some gradients
    for y in range(classes):
        target = np.full(rows, y, np.int64)
        call = {"input": x, "target": target}
        topic.add(f"{tag}-none-{name}-target-{y}", own, {"reduction": "none"}, call, since=since)
    index = {"input": x, "target": np.arange(rows, dtype=np.int64) % classes}
    soft = np.zeros_like(x)
    soft[:, 0], soft[:, 1] = 0.25, 0.75
    topic.add(f"{tag}-mean-{name}", own, {"reduction": "mean"}, index, since=since)
    topic.add(f"{tag}-sum-{name}", own, {"reduction": "sum"}, index, since="2.0.0")
    if rule == "FORMULA":
        return
    # torch adds the losses of all classes up before it divides by their number
    own = "LOGIT-MAX" if name == "huge-float64" else rule
    for reduction in REDUCTIONS:
        options = {"reduction": reduction}
        if reduction != "none":
            since = "2.0.0"
            if name not in ("1e4-apart", "huge", "offset-1e6", "two-dominate"):
                continue
        smoothed = dict(options, label_smoothing=0.1)
        topic.add(f"{tag}-{reduction}-{name}-smoothed", own, smoothed, index, since=since)
        call = {"input": x, "target": soft}
        topic.add(f"{tag}-{reduction}-{name}-probabilities", rule, options, call, since=since)


def _gaps(topic, tag, dtype):
    """One class above the others by a gap: the loss of the target that dominates is about exp(-gap)."""
    gaps = {
        "small": [1, 2, 4, 8, 12],
        "cancel-float32": [14, 16, 16.6, 16.7, 17.5, 20],
        "cancel-float64": [25, 33, 36.7, 36.8, 40],
        "wide": [50, 60, 75, 86],
        "exp-float32": [87.4, 89, 95, 103, 104, 120],
        "exp-float64": [700, 708.5, 720, 740, 744, 745.2, 800],
    }
    subnormal = "exp-float32" if dtype == np.float32 else "exp-float64"
    for name, values in gaps.items():
        x = np.zeros((len(values), 3), dtype)
        x[:, 0] = values
        x[:, 2] = -0.5
        for y, word, rule in ((0, "dominates", "DOMINATED"), (1, "is-dominated", "TAIL-LOSS")):
            own = "FORMULA" if name == "small" else "SUBNORMAL" if name == subnormal and y == 0 else rule
            target = np.full(len(values), y, np.int64)
            for reduction in REDUCTIONS if name == "small" else ("none", "sum"):
                options, call = {"reduction": reduction}, {"input": x, "target": target}
                full = f"{tag}-{reduction}-gap-{name}-target-{word}"
                since = "2.0.0" if reduction == "sum" else ""
                topic.add(full, own, options, call, want=("loss",), since=since)
                grad = "SUBNORMAL" if name == subnormal else "TAIL-GRAD"
                topic.add(f"{full}-gradient", grad, options, call, want=("grad_input",), since=since)


def _largest(topic, tag, dtype):
    """The difference of the largest and the smallest number overflows."""
    top = np.finfo(dtype).max
    half = top / dtype.type(4)
    for name, rule, row in (
        ("max-and-0", "LOGIT-MAX", [top, 0, 0]),
        ("minus-max-and-0", "LOGIT-MAX", [-top, 0, 0]),
        ("max-everywhere", "LOGIT-MAX", [top, top, top]),
        ("quarters-of-max", "LOGIT-MAX", [half, -half, 0]),
        ("max-and-minus-max", "LOGIT-MAX", [top, -top, 0]),
    ):
        x = np.array([row], dtype)
        for y in range(3):
            for reduction in REDUCTIONS if name.startswith("max") else ("none", "mean"):
                call = {"input": x, "target": np.array([y], np.int64)}
                full, since = f"{tag}-{reduction}-{name}-target-{y}", "2.0.0" if reduction == "sum" else ""
                topic.add(full, rule, {"reduction": reduction}, call, since=since)
    x = np.array([[top, -top, 0]], dtype)
    call = {"input": x, "target": np.array([1], np.int64), "weight": np.array([1, 0, 1], dtype)}
    topic.add(f"{tag}-sum-max-and-minus-max-weight-0", "INF-NAN", {"reduction": "sum"}, call, want=("loss",))
