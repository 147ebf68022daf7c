"""Shapes: without a batch, empty, one class, many classes, squares and cubes, up to five dimensions."""

from __future__ import annotations

import numpy as np

from ... import draw
from ...model import CE, DTYPES, LOSS_AND_GRAD, REDUCTIONS, Topic
from . import ordinary

_FULL = {
    "1": (1,),
    "5": (5,),
    "1x1": (1, 1),
    "4x1": (4, 1),
    "1x5": (1, 5),
    "4x3": (4, 3),
    "3x3": (3, 3),
    "16x10": (16, 10),
    "4x300": (4, 300),
    "2x1000": (2, 1000),
    "2x3x4": (2, 3, 4),
    "3x3x3": (3, 3, 3),
    "2x1x3": (2, 1, 3),
    "2x3x1": (2, 3, 1),
    "2x3x4x2": (2, 3, 4, 2),
    "3x3x3x3": (3, 3, 3, 3),
    "2x3x2x1x2": (2, 3, 2, 1, 2),
}
_EMPTY = {"0x3": (0, 3), "0x3x4": (0, 3, 4), "2x3x0": (2, 3, 0), "2x3x0x2": (2, 3, 0, 2)}
_WIDE = ("4x300", "2x1000")
_RULE = {"none": "NONE-SHAPE", "mean": "MEAN", "sum": "SUM"}
_EMPTY_RULE = {"none": "EMPTY-NONE", "mean": "EMPTY-MEAN", "sum": "EMPTY-SUM"}


def build() -> list[Topic]:
    topic = Topic(
        CE,
        "shapes",
        "Shapes without a batch, empty ones, one class and 1000, squares and cubes in which a wrong axis fits.",
    )
    for tag, dtype in DTYPES.items():
        for kind in ordinary.KINDS:
            for reduction in REDUCTIONS:
                options = {"reduction": reduction}
                for name, shape in _FULL.items():
                    if name in _WIDE and (
                        reduction == "sum" or (kind == "probabilities" and reduction == "none")
                    ):
                        continue
                    call = ordinary.inputs(draw.generator(topic.seed(tag, kind, name)), shape, dtype, kind)
                    rule = _rule(shape, reduction)
                    topic.add(f"{tag}-{reduction}-{kind}-{name}", rule, options, call, want=LOSS_AND_GRAD)
                for name, shape in _EMPTY.items():
                    call = ordinary.inputs(draw.generator(topic.seed(tag, kind, name)), shape, dtype, kind)
                    topic.add(f"{tag}-{reduction}-{kind}-{name}", _EMPTY_RULE[reduction], options, call)
            _grad_target(topic, tag, kind, dtype)
            _many_classes(topic, tag, kind, dtype)
    return [topic, _large()]


def _rule(shape, reduction) -> str:
    if ordinary.classes(shape) == 1:
        return "ONE-CLASS"
    if len(shape) == 1:
        return "NO-BATCH"
    if len(shape) > 2 or shape[0] == shape[1]:
        return "CLASS-AXIS"
    return _RULE[reduction]


def _grad_target(topic, tag, kind, dtype):
    if kind == "index":
        return
    for name in ("5", "2x3x4"):
        shape = _FULL[name]
        call = ordinary.inputs(draw.generator(topic.seed(tag, kind, name)), shape, dtype, kind)
        options = {"reduction": "none"}
        topic.add(f"{tag}-none-{name}-grad-target", "GRAD-TARGET", options, call, want=("grad_target",))


def _many_classes(topic, tag, kind, dtype):
    """300 classes with weights, smoothing and an ignored row."""
    shape, options = (2, 300), {"reduction": "mean"}
    rng = draw.generator(topic.seed(tag, kind, "2x300"))
    call = ordinary.inputs(rng, shape, dtype, kind)
    weighed = dict(call, weight=draw.uniform(rng, (300,), 0.25, 4, dtype))
    smoothed, name = dict(options, label_smoothing=0.1), f"{tag}-mean-{kind}-2x300"
    if kind == "probabilities":
        topic.add(f"{name}-smoothed-weight", "SMOOTHING-WEIGHT", smoothed, weighed)
        return
    topic.add(f"{name}-weight", "WEIGHTED-MEAN", options, weighed)
    topic.add(f"{name}-smoothed", "SMOOTHING", smoothed, call)
    ignored = dict(weighed, target=np.array([299, 298], np.int64))
    options, also = dict(smoothed, ignore_index=299), ("SMOOTHING-IGNORE",)
    topic.add(f"{name}-smoothed-ignored", "SMOOTHING-WEIGHT", options, ignored, also=also)


def _large() -> Topic:
    """The gradient of a mean over many rows is small, and their losses are many."""
    topic = Topic(CE, "large", "Many rows: small gradients, and sums in which roundings add up.")
    for size, shape in (("1024x8", (1024, 8)), ("8192x4", (8192, 4))):
        rng = draw.generator(topic.seed(size))
        x = draw.half_precision(draw.bell(rng, shape, 2.0, "float32"))
        y = rng.integers(0, shape[1], size=shape[0], dtype=np.int64)
        for tag, dtype in DTYPES.items():
            call = {"input": x.astype(dtype), "target": y}
            if size == "1024x8":
                topic.add(
                    f"{tag}-mean-{size}", "LARGE-GRAD", {"reduction": "mean"}, call, want=("grad_input",)
                )
                continue
            for reduction in ("mean", "sum"):
                name = f"{tag}-{reduction}-{size}-loss"
                topic.add(name, "ACCUMULATION", {"reduction": reduction}, call, want=("loss",))
    return topic
