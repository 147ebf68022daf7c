"""weight: every shape that broadcasts, and every kind of value."""

from __future__ import annotations

import numpy as np

from .. import draw
from ..model import BCEWL, DTYPES, LOSS_AND_GRAD, MLSM, REDUCTIONS, SINCE, Topic
from .grad_output import EMPTY_RULE
from .weight_shapes import COINCIDING, EMPTY, OTHER_RANKS, SCALAR

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
    """MultiLabelSoftMarginLoss documents class weights of shape (C) alone, for inputs (N, C)."""
    if module == BCEWL or shape_name == "class":
        return "WEIGHT-BROADCAST"
    return "RANK" if shape_name in ("3d-class", "4d-class") else "WEIGHT-ELEMENT"


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
                rng = draw.generator(topic.seed(tag, name))
                more = {
                    "input": draw.bell(rng, shape, 2.0, dtype),
                    "target": draw.hard(rng, shape, dtype),
                    "weight": draw.uniform(rng, weight_shape, 0.25, 4, dtype),
                }
                rule, since = _rule(module, name), since_2(module, reduction, name)
                also = ("WEIGHT-BROADCAST",) if rule == "RANK" else ("RANK",)
                topic.add(f"{tag}-{reduction}-{name}", rule, options, more, also=also, since=since)
            _coinciding(topic, tag, reduction, dtype)
            for name in ("class", "NxC") if reduction == "none" else ("class",):
                for kind, (rule, weight) in values(topic, tag, SHAPES[name], dtype).items():
                    own, also = rule, ()
                    if module == MLSM and name == "NxC" and rule != "WEIGHT-NEGATIVE":
                        own, also = "WEIGHT-ELEMENT", (rule,)
                    call = dict(inputs, weight=weight)
                    topic.add(f"{tag}-{reduction}-{name}-{kind}", own, options, call, also=also)
    return [topic]


def since_2(module, reduction, name) -> str:
    """Until 2.0.0 weights for more than two dimensions were asked with few reductions."""
    early = reduction == "none" or (reduction == "mean" and name.startswith("3d"))
    return SINCE[module] if early else "2.0.0"


def _coinciding(topic, tag, reduction, dtype):
    """Every output, on shapes where a weight along the wrong axis would broadcast as well."""
    want, since = LOSS_AND_GRAD, "2.0.0"
    if reduction == "none":
        want, since = (*want, "grad_target") + (("grad_weight",) if topic.module == MLSM else ()), ""
    shapes = COINCIDING | EMPTY | (SCALAR if topic.module == BCEWL else {})
    for name, (shape, weight_shape) in shapes.items():
        rng = draw.generator(topic.seed(tag, name))
        inputs = {
            "input": draw.bell(rng, shape, 2.0, dtype),
            "target": draw.soft(rng, shape, dtype),
            "weight": draw.uniform(rng, weight_shape, 0.25, 4, dtype),
        }
        if reduction != "none" and name not in OTHER_RANKS:
            continue
        rule, also = "WEIGHT-BROADCAST", ()
        if name in EMPTY:
            rule = EMPTY_RULE[reduction]
            if topic.module == MLSM and name == "no-classes":
                rule = "EMPTY-CLASSES"
        elif topic.module == MLSM and len(shape) != 2:
            rule, also = "NO-BATCH" if len(shape) == 1 else "RANK", ("WEIGHT-BROADCAST",)
        elif name == "square-full" and topic.module == MLSM:
            rule = "WEIGHT-ELEMENT"
        full, options = f"{tag}-{reduction}-{name}", {"reduction": reduction}
        topic.add(full, rule, options, inputs, want=want, also=also, since=since)


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
