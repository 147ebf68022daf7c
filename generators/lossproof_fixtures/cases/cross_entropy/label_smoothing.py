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
                    topic.add(name, "SMOOTHING", options, inputs)
                    topic.add(f"{name}-weight", "SMOOTHING-WEIGHT", options, weighed)
                _more(topic, tag, reduction, kind, weighed, dtype)
        for reduction in REDUCTIONS:
            _ignored(topic, tag, reduction, dtype)
            _not_smoothing(topic, tag, reduction, dtype)
    return [topic]


def _more(topic, tag, reduction, kind, weighed, dtype):
    options = {"reduction": reduction, "label_smoothing": 0.1}
    for size, shape in (("4", (4,)), ("2x4x3", (2, 4, 3)), ("4x4x4", (4, 4, 4)), ("3x1", (3, 1))):
        call = ordinary.inputs(draw.generator(topic.seed(tag, kind, size)), shape, dtype, kind)
        name = f"{tag}-{reduction}-{kind}-{size}"
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
        topic.add(f"{tag}-{reduction}-{name}-weight", rule, options, dict(call, weight=weight))


def _not_smoothing(topic, tag, reduction, dtype):
    inputs = ordinary.inputs(draw.generator(topic.seed(tag, "not")), (3, 4), dtype)
    for name, value in (("negative", -0.25), ("nan", float("nan"))):
        options = {"reduction": reduction, "label_smoothing": value}
        note = "Refused by nobody: it is taken for 0."
        topic.add(f"{tag}-{reduction}-{name}", "SMOOTHING-QUIRK", options, inputs, note=note)
