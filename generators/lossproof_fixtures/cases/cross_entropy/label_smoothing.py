"""label_smoothing, with and without weights and ignored targets."""

from __future__ import annotations

import numpy as np

from ... import draw
from ...model import CE, DTYPES, REDUCTIONS, Topic
from . import ordinary

_AMOUNTS = {"0": 0, "0.1": 0.1, "0.3": 0.3, "1": 1}


def build() -> list[Topic]:
    topic = Topic(
        CE, "label_smoothing", "label_smoothing: the target mixed with the uniform distribution, weighed."
    )
    for tag, dtype in DTYPES.items():
        for kind in ordinary.KINDS:
            rng = draw.generator(topic.seed(tag, kind))
            inputs = ordinary.inputs(rng, (5, 4), dtype, kind)
            weighed = dict(inputs, weight=draw.uniform(rng, (4,), 0.25, 4, dtype))
            for reduction in REDUCTIONS:
                for amount, value in _AMOUNTS.items():
                    options = {"reduction": reduction, "label_smoothing": value}
                    name = f"{tag}-{reduction}-{kind}-{amount}"
                    topic.add(name, "SMOOTHING-ONE" if value == 1 else "SMOOTHING", options, inputs)
                    topic.add(f"{name}-weight", "SMOOTHING-WEIGHT", options, weighed)
                _more(topic, tag, reduction, kind, weighed, dtype)
        for reduction in REDUCTIONS:
            _ignored(topic, tag, reduction, dtype)
            _not_smoothing(topic, tag, reduction, dtype)
            _not_normalised(topic, tag, reduction, dtype)
            _weights(topic, tag, reduction, dtype)
    return [topic]


def _more(topic, tag, reduction, kind, weighed, dtype):
    options = {"reduction": reduction, "label_smoothing": 0.1}
    for size, shape in (("4", (4,)), ("2x4x3", (2, 4, 3)), ("4x4x4", (4, 4, 4)), ("3x1", (3, 1))):
        call = ordinary.inputs(draw.generator(topic.seed(tag, kind, size)), shape, dtype, kind)
        name = f"{tag}-{reduction}-{kind}-{size}"
        if shape[-1] == 1:
            topic.add(name, "ONE-CLASS", options, call, also=("SMOOTHING",))
            continue
        topic.add(name, "SMOOTHING", options, call)
        if size == "2x4x3":
            topic.add(f"{name}-weight", "SMOOTHING-WEIGHT", options, dict(call, weight=weighed["weight"]))
    zero = dict(weighed, weight=np.array([0, 1, 0, 2], dtype))
    topic.add(f"{tag}-{reduction}-{kind}-weight-0", "SMOOTHING-WEIGHT", options, zero)
    if kind == "probabilities":
        want = ("grad_target", "grad_weight")
        topic.add(f"{tag}-{reduction}-grad-target", "GRAD-TARGET", options, weighed, want=want)


def _ignored(topic, tag, reduction, dtype):
    rng = draw.generator(topic.seed(tag, "ignored"))
    inputs = ordinary.inputs(rng, (5, 4), dtype)
    weight = draw.uniform(rng, (4,), 0.25, 4, dtype)
    for name, index, y in (
        ("ignored", None, [1, -100, 3, -100, 0]),
        ("ignored-class", 2, [1, 2, 3, 2, 0]),
        ("all-ignored", None, [-100] * 5),
    ):
        options = {"reduction": reduction, "label_smoothing": 0.1}
        if index is not None:
            options["ignore_index"] = index
        rule = "ALL-IGNORED" if name == "all-ignored" and reduction == "mean" else "SMOOTHING-IGNORE"
        call = dict(inputs, target=np.array(y, np.int64))
        topic.add(f"{tag}-{reduction}-{name}", rule, options, call)
        weighed, also = dict(call, weight=weight), ()
        if rule == "SMOOTHING-IGNORE":
            rule, also = "SMOOTHING-WEIGHT", (rule,)
        topic.add(f"{tag}-{reduction}-{name}-weight", rule, options, weighed, also=also)


def _not_smoothing(topic, tag, reduction, dtype):
    inputs = ordinary.inputs(draw.generator(topic.seed(tag, "not")), (3, 4), dtype)
    for name, value in (("negative", -0.25), ("nan", float("nan"))):
        options = {"reduction": reduction, "label_smoothing": value}
        note = "Refused by nobody: it is taken for 0."
        topic.add(f"{tag}-{reduction}-{name}", "SMOOTHING-QUIRK", options, inputs, note=note)
    if reduction != "none":
        return
    soft = ordinary.inputs(draw.generator(topic.seed(tag, "not")), (3, 4), dtype, "probabilities")
    for name, value, call in (
        ("minus-inf", float("-inf"), inputs),
        ("probabilities-negative", -0.25, soft),
        ("probabilities-nan", float("nan"), soft),
    ):
        options = {"reduction": reduction, "label_smoothing": value}
        topic.add(f"{tag}-{reduction}-{name}", "SMOOTHING-QUIRK", options, call, note=note)


def _not_normalised(topic, tag, reduction, dtype):
    """Rows of class probabilities that do not add up to 1 are smoothed as they are."""
    since = "2.0.0" if reduction == "sum" else ""
    x = draw.bell(draw.generator(topic.seed(tag, "not-normalised")), (4, 4), 2.0, dtype)
    t = np.array([[0, 0, 0, 0], [1, 0, 1, 1], [0.5, 0.25, 0, 0], [2, 0.5, 0.5, 1]], dtype)
    for amount in ("0.1", "1"):
        options = {"reduction": reduction, "label_smoothing": _AMOUNTS[amount]}
        name, call = f"{tag}-{reduction}-not-normalised-{amount}", {"input": x, "target": t}
        topic.add(name, "NOT-NORMALISED", options, call, since=since)
        call["target"] = np.where(t == 0.5, -1, t).astype(dtype)
        topic.add(f"{name}-negative", "TARGET-RANGE", options, call, since=since)


def _weights(topic, tag, reduction, dtype):
    """Weights of zero and of both signs. The smoothing part remains where the target has weight 0."""
    rng = draw.generator(topic.seed(tag, "weights"))
    x = draw.bell(rng, (4, 3), 2.0, dtype)
    y = np.array([0, 1, 0, 1], np.int64)
    options = {"reduction": reduction, "label_smoothing": 0.1}
    for name, weight in (
        ("all-of-weight-0", [0, 0, 0]),
        ("targets-of-weight-0", [0, 0, 3]),
        ("weights-cancelling", [1, -1, 3]),
        ("weights-mixed-signs", [-1, 2, -0.5]),
    ):
        full, call = f"{tag}-{reduction}-{name}", {"input": x, "target": y, "weight": np.array(weight, dtype)}
        if name == "weights-mixed-signs":
            topic.add(full, "WEIGHT-NEGATIVE", options, call)
        elif reduction != "mean":
            topic.add(full, "SMOOTHING-WEIGHT", options, call)
        elif name == "all-of-weight-0":
            topic.add(full, "ZERO-WEIGHT-MEAN", options, call)
        else:
            rule = "ZERO-WEIGHT-MEAN" if name == "weights-cancelling" else "ZERO-WEIGHT-QUIRK"
            topic.add(full, rule, options, call, want=("loss",))
            topic.add(f"{full}-gradient", "NONFINITE-GRAD-QUIRK", options, call, want=("grad_input",))
