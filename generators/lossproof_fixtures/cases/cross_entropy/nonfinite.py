"""Infinite and NaN logits and weights."""

from __future__ import annotations

import numpy as np

from ... import draw
from ...model import CE, DTYPES, REDUCTIONS, Topic
from . import ordinary

_INF = np.inf


def build() -> list[Topic]:
    topic = Topic(
        CE, "nonfinite", "Infinite and NaN logits and weights: the limit, or what torch returns instead."
    )
    for tag, dtype in DTYPES.items():
        for reduction in REDUCTIONS:
            _masked(topic, tag, dtype, reduction)
            _infinite(topic, tag, dtype, reduction)
            since = "2.0.0" if reduction == "sum" else ""
            _nan(topic, tag, dtype, reduction, since)
            _weights(topic, tag, dtype, reduction, since)
    return [topic]


def _masked(topic, tag, dtype, reduction):
    """A logit of -inf takes a class out: its probability is 0."""
    options = {"reduction": reduction}
    x = np.array([[-_INF, 0, 1], [0.5, -_INF, -1], [2, 0, -_INF], [-_INF, -_INF, 3]], dtype)
    for name, y in (("others", [1, 2, 0, 2]), ("masked", [0, 1, 2, 1])):
        call = {"input": x, "target": np.array(y, np.int64)}
        topic.add(f"{tag}-{reduction}-minus-inf-target-{name}", "MASKED", options, call)
    call = {"input": x, "target": np.array([1, 2, 0, 2], np.int64)}
    smoothed = dict(options, label_smoothing=0.1)
    topic.add(f"{tag}-{reduction}-minus-inf-smoothed", "MASKED", smoothed, call)
    hot = dict(call, target=ordinary.one_hot(call["target"], x.shape, dtype))
    topic.add(f"{tag}-{reduction}-minus-inf-one-hot", "INF-NAN", options, hot, want=("loss",))
    topic.add(f"{tag}-{reduction}-minus-inf-one-hot-gradient", "MASKED", options, hot, want=("grad_input",))
    topic.add(f"{tag}-{reduction}-minus-inf-one-hot-smoothed", "MASKED", smoothed, hot)
    soft = dict(call, target=np.array([[0.25, 0.25, 0.5]] * 4, dtype))
    topic.add(f"{tag}-{reduction}-minus-inf-shares", "MASKED", options, soft, since="2.0.0")
    weight = np.array([0, 1, 2], dtype)
    topic.add(
        f"{tag}-{reduction}-minus-inf-weight-0",
        "INF-NAN",
        options,
        {"input": x[:1], "target": np.array([0], np.int64), "weight": weight},
        want=("loss",),
    )


def _infinite(topic, tag, dtype, reduction):
    options = {"reduction": reduction}
    for name, row in (("plus-inf", [_INF, 0, 1]), ("plus-and-minus-inf", [_INF, -_INF, 1])):
        for y in (0, 2):
            x = np.array([[1, 2, 0.5], row], dtype)
            call = {"input": x, "target": np.array([1, y], np.int64)}
            topic.add(f"{tag}-{reduction}-{name}-target-{y}", "INF-NAN", options, call)
    for name, row in (("all-minus-inf", [-_INF] * 3), ("two-plus-inf", [_INF, _INF, 0])):
        x = np.array([[1, 2, 0.5], row, [0, 0, 1]], dtype)
        call = {"input": x, "target": np.array([1, 0, 2], np.int64)}
        topic.add(f"{tag}-{reduction}-{name}", "NO-LIMIT", options, call)
        since = "2.0.0" if reduction == "sum" else ""
        _more_without_limit(topic, f"{tag}-{reduction}-{name}", options, call, since)
    for name, x in (("plus-inf", _INF), ("minus-inf", -_INF)):
        one = {"input": np.array([[x]], dtype), "target": np.array([0], np.int64)}
        topic.add(f"{tag}-{reduction}-one-class-{name}", "INF-NAN", options, one)


def _more_without_limit(topic, name, options, call, since):
    """A row that has no softmax, with targets of other kinds."""
    dtype, smoothed = call["input"].dtype, dict(options, label_smoothing=0.1)
    t = np.array([[0.25, 0.25, 0.5], [0.25, 0.75, 0], [1, 0, 0]], dtype)
    soft = dict(call, target=t)
    topic.add(f"{name}-smoothed", "NO-LIMIT", smoothed, call, since=since)
    topic.add(f"{name}-probabilities", "NO-LIMIT", options, soft, since=since)
    topic.add(f"{name}-probabilities-smoothed", "NO-LIMIT", smoothed, soft, since=since)
    if name.endswith("all-minus-inf"):
        none = t.copy()
        none[1] = 0
        full, none = f"{name}-all-0-probabilities", dict(call, target=none)
        topic.add(full, "NO-LIMIT", options, none, since=since)
        weighed = dict(call, weight=np.array([0, 1, 2], dtype))
        topic.add(f"{name}-weight-0", "NO-LIMIT", options, weighed, since=since)


def _nan(topic, tag, dtype, reduction, since):
    options = {"reduction": reduction}
    for kind in ordinary.KINDS:
        rng = draw.generator(topic.seed(tag, "nan", kind))
        call = ordinary.inputs(rng, (4, 3), dtype, kind)
        call["input"][2, 1] = np.nan
        topic.add(f"{tag}-{reduction}-nan-{kind}", "NAN-LOGIT", options, call, since=since)
    call = {"input": np.full((2, 3), np.nan, dtype), "target": np.array([0, 2], np.int64)}
    topic.add(f"{tag}-{reduction}-all-nan", "NAN-LOGIT", options, call, since=since)


def _weights(topic, tag, dtype, reduction, since):
    rng = draw.generator(topic.seed(tag, "weights"))
    plain = ordinary.inputs(rng, (4, 3), dtype)
    plain["target"] = np.array([0, 1, 2, 1], np.int64)
    for kind, value in (("plus-inf", _INF), ("minus-inf", -_INF), ("nan", np.nan)):
        call = dict(plain, weight=np.array([1, value, 2], dtype))
        name, options = f"{tag}-{reduction}-weight-{kind}", {"reduction": reduction}
        topic.add(name, "WEIGHT-NONFINITE", options, call, want=("loss",), since=since)
        full, want = f"{name}-gradient", ("grad_input",)
        topic.add(full, "NONFINITE-GRAD-QUIRK", options, call, want=want, since=since)
