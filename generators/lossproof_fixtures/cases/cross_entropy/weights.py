"""weight: one for each class. The mean of class indices divides by the weights of the targets."""

from __future__ import annotations

import numpy as np

from ... import draw
from ...model import CE, DTYPES, REDUCTIONS, Topic
from .. import weights
from . import ordinary

_SHAPES = {
    "3": (3,),
    "1x3": (1, 3),
    "3x3": (3, 3),
    "2x3x4": (2, 3, 4),
    "3x3x3": (3, 3, 3),
    "2x3x2x2": (2, 3, 2, 2),
}
_RULE = {
    ("index", "mean"): "WEIGHTED-MEAN",
    ("probabilities", "mean"): "PROBABILITIES-MEAN",
}


def build() -> list[Topic]:
    topic = Topic(
        CE,
        "weights",
        "Class weights: the mean of class indices divides by the weights of the targets, that of class probabilities does not.",
    )
    for tag, dtype in DTYPES.items():
        for kind in ordinary.KINDS:
            _shapes(topic, tag, dtype, kind)
            _values(topic, tag, dtype, kind)
        _one_hot(topic, tag, dtype)
        _divisors(topic, tag, dtype)
        _grad_weight(topic, tag, dtype)
        _counted(topic, tag, dtype)
    return [topic]


def _shapes(topic, tag, dtype, kind):
    for name, shape in _SHAPES.items():
        rng = draw.generator(topic.seed(tag, kind, name))
        inputs = ordinary.inputs(rng, shape, dtype, kind)
        inputs["weight"] = draw.uniform(rng, (3,), 0.25, 4, dtype)
        for reduction in REDUCTIONS:
            rule = _RULE.get((kind, reduction), "WEIGHT")
            also = ("NO-BATCH",) if shape == (3,) else ("CLASS-AXIS",) if len(shape) > 2 else ()
            options = {"reduction": reduction}
            topic.add(f"{tag}-{reduction}-{kind}-{name}", rule, options, inputs, also=also)
            if kind == "probabilities" and name in ("3x3", "2x3x4") and reduction == "none":
                want = ("grad_target",)
                topic.add(f"{tag}-{reduction}-{name}-grad-target", "GRAD-TARGET", options, inputs, want=want)


def _values(topic, tag, dtype, kind):
    inputs = ordinary.inputs(draw.generator(topic.seed(tag, kind, "values")), (5, 4), dtype, kind)
    if kind == "index":
        inputs["target"] = np.array([0, 1, 2, 3, 1], np.int64)
    for name, (rule, weight) in weights.values(topic, tag, (4,), dtype).items():
        for reduction in REDUCTIONS:
            own = rule
            if name == "zero" and kind == "index" and reduction == "mean":
                own = "ZERO-WEIGHT-MEAN"
            call = dict(inputs, weight=weight)
            topic.add(f"{tag}-{reduction}-{kind}-{name}", own, {"reduction": reduction}, call)


def _one_hot(topic, tag, dtype):
    """The same targets as indices and one-hot, side by side: only the weighted means differ."""
    rng = draw.generator(topic.seed(tag, "one-hot"))
    inputs = ordinary.inputs(rng, (4, 3), dtype)
    inputs["weight"] = np.array([1, 2, 5], dtype)
    hot = dict(inputs, target=ordinary.one_hot(inputs["target"], (4, 3), dtype))
    for reduction in REDUCTIONS:
        options = {"reduction": reduction}
        rule = _RULE.get(("index", reduction), "ONE-HOT")
        topic.add(f"{tag}-{reduction}-as-indices", rule, options, inputs)
        rule = _RULE.get(("probabilities", reduction), "ONE-HOT")
        topic.add(f"{tag}-{reduction}-as-one-hot", rule, options, hot)


def _divisors(topic, tag, dtype):
    """Means whose divisor is zero, negative, or small beside the weights."""
    inputs = ordinary.inputs(draw.generator(topic.seed(tag, "divisors")), (4, 3), dtype)
    inputs["target"] = np.array([0, 1, 0, 1], np.int64)
    for name, rule, weight in (
        ("cancelling", "ZERO-WEIGHT-MEAN", [1, -1, 3]),
        ("of-targets-zero", "ZERO-WEIGHT-MEAN", [0, 0, 3]),
        ("negative-sum", "WEIGHT-NEGATIVE", [1, -2, 3]),
        ("nearly-cancelling", "WEIGHT-NEGATIVE", [1, -0.9375, 3]),
    ):
        call, options = dict(inputs, weight=np.array(weight, dtype)), {"reduction": "mean"}
        if name == "cancelling":  # the loss is infinite, of the gradient torch makes NaN
            topic.add(f"{tag}-mean-weights-{name}", rule, options, call, want=("loss",))
            full = f"{tag}-mean-weights-{name}-gradient"
            topic.add(full, "NONFINITE-GRAD-QUIRK", options, call, want=("grad_input",))
            continue
        topic.add(f"{tag}-mean-weights-{name}", rule, options, call)
    call = dict(inputs, weight=np.array([0, 1, 2], dtype))
    for reduction in REDUCTIONS:
        topic.add(
            f"{tag}-{reduction}-some-targets-of-weight-0", "WEIGHT-ZERO", {"reduction": reduction}, call
        )


def _counted(topic, tag, dtype):
    """Of three dimensions on, torch counts the weights of class indices and does not look at their shape."""
    for name, shape, weight_shape in (
        ("2x3x4-weight-1x3", (2, 3, 4), (1, 3)),
        ("2x3x4-weight-3x1", (2, 3, 4), (3, 1)),
        ("2x3x2x2-weight-1x3x1x1", (2, 3, 2, 2), (1, 3, 1, 1)),
        ("2x4x2-weight-2x2", (2, 4, 2), (2, 2)),
        ("2x1x3-weight-0d", (2, 1, 3), ()),
    ):
        rng = draw.generator(topic.seed(tag, name))
        call = ordinary.inputs(rng, shape, dtype)
        call["weight"] = draw.uniform(rng, weight_shape, 0.25, 4, dtype)
        for reduction in ("none", "mean"):
            topic.add(f"{tag}-{reduction}-{name}", "WEIGHT-COUNT-QUIRK", {"reduction": reduction}, call)
        if weight_shape == (3, 1):
            options = {"reduction": "none", "label_smoothing": 0.1}
            topic.add(f"{tag}-none-{name}-smoothed", "WEIGHT-COUNT-QUIRK", options, call)


def _grad_weight(topic, tag, dtype):
    for shape_name in ("3x3", "2x3x4"):
        shape = _SHAPES[shape_name]
        rng = draw.generator(topic.seed(tag, "grad-weight", shape_name))
        inputs = ordinary.inputs(rng, shape, dtype, "probabilities")
        inputs["weight"] = draw.uniform(rng, (3,), 0.25, 4, dtype)
        for reduction in REDUCTIONS:
            topic.add(
                f"{tag}-{reduction}-{shape_name}-grad-weight",
                "GRAD-WEIGHT",
                {"reduction": reduction},
                inputs,
                want=("grad_weight",),
            )
