"""Shapes: 0-d, empty, one class, one sample, squares, up to five dimensions, and a large one."""

from __future__ import annotations

from ... import draw
from ...model import BCE, DTYPES, LOSS_AND_GRAD, REDUCTIONS, Topic
from .. import shapes
from . import ordinary

_RULE = {"none": "NONE-SHAPE", "mean": "MEAN", "sum": "SUM"}
_EMPTY_RULE = {"none": "EMPTY-NONE", "mean": "EMPTY-MEAN", "sum": "EMPTY-SUM"}


def build() -> list[Topic]:
    topic = Topic(BCE, "shapes", "Shapes from 0-d to five dimensions, empty ones, and squares among them.")
    for tag, dtype in DTYPES.items():
        for reduction in REDUCTIONS:
            options = {"reduction": reduction}
            topic.add(f"{tag}-{reduction}-0d", "SCALAR", options, _inputs(topic, tag, (), dtype))
            for name, shape in shapes.EMPTY.items():
                call = _inputs(topic, tag, shape, dtype)
                topic.add(f"{tag}-{reduction}-{name}", _EMPTY_RULE[reduction], options, call)
            for name, shape in shapes.FULL.items():
                rule = _RULE[reduction] if len(shape) == 2 else "RANK"
                want = ("loss",) if reduction == "sum" and name in shapes.LARGEST else LOSS_AND_GRAD
                call = _inputs(topic, tag, shape, dtype)
                topic.add(f"{tag}-{reduction}-{name}", rule, options, call, want=want)
        for name in ("0", "0x3", "2x3x4"):
            shape = (shapes.EMPTY | shapes.FULL)[name]
            call = _inputs(topic, tag, shape, dtype)
            topic.add(
                f"{tag}-none-{name}-grad-target",
                "GRAD-TARGET",
                {"reduction": "none"},
                call,
                want=("grad_target",),
            )
    return [topic, _large()]


def _inputs(topic, tag, shape, dtype) -> dict:
    return ordinary.inputs(draw.generator(topic.seed(tag, shape)), shape, dtype)


def _large() -> Topic:
    """The gradient of a mean of 128x64 is small, and the losses of 256x128 are many."""
    topic = Topic(BCE, "large", "Many elements: small gradients, and sums in which roundings add up.")
    for size, shape in (("128x64", (128, 64)), ("256x128", (256, 128))):
        rng = draw.generator(topic.seed(size))
        x = draw.half_precision(ordinary.probabilities(rng, shape, "float32"))
        t = draw.hard(rng, shape, "float32")
        for tag, dtype in DTYPES.items():
            call = {"input": x.astype(dtype), "target": t.astype(dtype)}
            if size == "128x64":
                topic.add(
                    f"{tag}-mean-{size}", "LARGE-GRAD", {"reduction": "mean"}, call, want=("grad_input",)
                )
                continue
            for reduction in ("mean", "sum"):
                name = f"{tag}-{reduction}-{size}-loss"
                topic.add(name, "ACCUMULATION", {"reduction": reduction}, call, want=("loss",))
    return topic
