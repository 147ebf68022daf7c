"""weight: every shape that broadcasts, and every kind of value."""

from __future__ import annotations

import numpy as np

from .. import draw
from ..model import BCEWL, DTYPES, MLSM, REDUCTIONS, Topic
from .weight_shapes import COINCIDING, EMPTY, SCALAR

SHAPES = {"0d": (), "one": (1,), "class": (5,), "1xC": (1, 5), "Nx1": (3, 1), "NxC": (3, 5)}
MORE = {  # input shape, weight shape
    "3d-class": ((2, 3, 4), (4,)),
    "3d-second": ((2, 3, 4), (3, 1)),
    "3d-first": ((2, 3, 4), (2, 1, 1)),
    "3d-full": ((2, 3, 4), (2, 3, 4)),
    "4d-class": ((2, 3, 2, 4), (4,)),
    "4d-second": ((2, 3, 2, 4), (3, 1, 1)),
    "4d-1xCx1x1": ((2, 3, 2, 4), (1, 3, 1, 1)),
    "4d-tail": ((2, 3, 2, 4), (3, 2, 4)),
}


def _rule(module: str, shape_name: str) -> str:
    """MultiLabelSoftMarginLoss documents class weights alone."""
    if module == BCEWL or shape_name in ("class", "1xC", "3d-class", "4d-class"):
        return "WEIGHT-BROADCAST"
    return "WEIGHT-ELEMENT"


def build(module: str) -> list[Topic]:
    topic = Topic(module, "weights", "weight in every shape that broadcasts, with values of every kind.")
    for tag, dtype in DTYPES.items():
        rng = draw.generator(topic.seed(tag))
        inputs = {"input": draw.bell(rng, (3, 5), 2.0, dtype), "target": draw.hard(rng, (3, 5), dtype)}
        for reduction in REDUCTIONS:
            options = {"reduction": reduction}
            for name, shape in SHAPES.items():
                rng = draw.generator(topic.seed(tag, name))
                weight = draw.uniform(rng, shape, 0.25, 4, dtype)
                topic.add(
                    f"{tag}-{reduction}-{name}", _rule(module, name), options, dict(inputs, weight=weight)
                )
                if module == MLSM:
                    topic.add(
                        f"{tag}-{reduction}-{name}-grad-weight",
                        "GRAD-WEIGHT",
                        options,
                        dict(inputs, weight=weight),
                        want=("grad_weight",),
                    )
            for name, (shape, weight_shape) in MORE.items():
                if reduction == "sum" or (reduction == "mean" and name.startswith("4d")):
                    continue
                rng = draw.generator(topic.seed(tag, name))
                more = {
                    "input": draw.bell(rng, shape, 2.0, dtype),
                    "target": draw.hard(rng, shape, dtype),
                    "weight": draw.uniform(rng, weight_shape, 0.25, 4, dtype),
                }
                topic.add(f"{tag}-{reduction}-{name}", _rule(module, name), options, more, also=("RANK",))
            if reduction == "none":
                _coinciding(topic, tag, reduction, dtype)
            for name in ("class", "NxC") if reduction == "none" else ("class",):
                for kind, (rule, weight) in values(topic, tag, SHAPES[name], dtype).items():
                    topic.add(f"{tag}-{reduction}-{name}-{kind}", rule, options, dict(inputs, weight=weight))
    return [topic]


def _coinciding(topic, tag, reduction, dtype):
    """Every output, on shapes where a weight along the wrong axis would broadcast as well."""
    want = ("loss", "grad_input", "grad_target") + (("grad_weight",) if topic.module == MLSM else ())
    shapes = COINCIDING | EMPTY | (SCALAR if topic.module == BCEWL else {})
    for name, (shape, weight_shape) in shapes.items():
        rng = draw.generator(topic.seed(tag, name))
        inputs = {
            "input": draw.bell(rng, shape, 2.0, dtype),
            "target": draw.soft(rng, shape, dtype),
            "weight": draw.uniform(rng, weight_shape, 0.25, 4, dtype),
        }
        rule = "WEIGHT-BROADCAST"
        if name in EMPTY:
            rule = "EMPTY-NONE"
            if topic.module == MLSM and name == "no-classes":
                rule = "EMPTY-CLASSES"
        elif name == "square-full" and topic.module == MLSM:
            rule = "WEIGHT-ELEMENT"
        topic.add(f"{tag}-{reduction}-{name}", rule, {"reduction": reduction}, inputs, want=want)


def values(topic, tag, shape, dtype) -> dict:
    rng = draw.generator(topic.seed(tag, shape, "values"))
    w = draw.uniform(rng, shape, 0.5, 2, dtype)
    sign = np.where(np.arange(w.size).reshape(shape) % 2 == 0, -1, 1).astype(dtype)
    some_zero = np.where(np.arange(w.size).reshape(shape) % 3 == 0, 0, w).astype(dtype)
    return {
        "negative": ("WEIGHT-NEGATIVE", -w),
        "mixed-signs": ("WEIGHT-NEGATIVE", sign * w),
        "zero": ("WEIGHT-ZERO", np.zeros(shape, dtype)),
        "some-zero": ("WEIGHT-ZERO", some_zero),
        "huge": ("WEIGHT-EXTREME", w * dtype.type(1e30)),
        "tiny": ("WEIGHT-EXTREME", w * dtype.type(1e-30)),
        "large-range": (
            "WEIGHT-EXTREME",
            np.where(sign < 0, w * dtype.type(1e6), w * dtype.type(1e-6)).astype(dtype),
        ),
    }
