"""Shapes: 0-d, empty, one class, one sample, squares, up to five dimensions, and a large one."""

from __future__ import annotations

from .. import draw
from ..model import BCEWL, DTYPES, LOSS_AND_GRAD, MLSM, REDUCTIONS, Topic

EMPTY = {"0": (0,), "0x0": (0, 0), "0x3": (0, 3), "3x0": (3, 0), "2x0x4": (2, 0, 4)}
FULL = {
    "1": (1,),
    "5": (5,),
    "1x1": (1, 1),
    "1x5": (1, 5),
    "5x1": (5, 1),
    "3x5": (3, 5),
    "3x3": (3, 3),
    "8x8": (8, 8),
    "64x4": (64, 4),
    "2x3x4": (2, 3, 4),
    "4x4x4": (4, 4, 4),
    "2x3x4x5": (2, 3, 4, 5),
    "2x1x3x2x2": (2, 1, 3, 2, 2),
}

LARGEST = ("64x4", "2x3x4x5", "8x8", "4x4x4")


def build(module: str) -> list[Topic]:
    topic = Topic(
        module,
        "shapes",
        "Shapes from 0-d to five dimensions, empty ones, and squares in which a wrong axis goes unnoticed by shape.",
    )
    for tag, dtype in DTYPES.items():
        for reduction in REDUCTIONS:
            options = {"reduction": reduction}
            if module == BCEWL:
                topic.add(f"{tag}-{reduction}-0d", "SCALAR", options, _inputs(topic, tag, (), dtype))
            for name, shape in EMPTY.items():
                topic.add(
                    f"{tag}-{reduction}-{name}",
                    _empty_rule(module, shape, reduction),
                    options,
                    _inputs(topic, tag, shape, dtype),
                )
            for name, shape in FULL.items():
                topic.add(
                    f"{tag}-{reduction}-{name}",
                    _rule(module, shape, reduction),
                    options,
                    _inputs(topic, tag, shape, dtype),
                    want=("loss",) if reduction == "sum" and name in LARGEST else LOSS_AND_GRAD,
                    also=("CLASS-AXIS",) if shape == (4, 4, 4) and module == MLSM else (),
                )
            for name, shape in (FULL | EMPTY).items():
                if reduction == "none" and name not in LARGEST:
                    _add_grad_target(topic, tag, name, shape, dtype)
    return [topic, _large(module)]


def _inputs(topic, tag, shape, dtype) -> dict:
    rng = draw.generator(topic.seed(tag, shape))
    return {"input": draw.bell(rng, shape, 2.0, dtype), "target": draw.hard(rng, shape, dtype)}


def _add_grad_target(topic, tag, name, shape, dtype):
    topic.add(
        f"{tag}-none-{name}-grad-target",
        "GRAD-TARGET",
        {"reduction": "none"},
        _inputs(topic, tag, shape, dtype),
        want=("grad_target",),
    )


def _empty_rule(module, shape, reduction) -> str:
    if module != BCEWL and shape[-1] == 0 and shape != (0, 0):
        return "EMPTY-CLASSES"
    return {"none": "EMPTY-NONE", "mean": "EMPTY-MEAN", "sum": "EMPTY-SUM"}[reduction]


def _rule(module, shape, reduction) -> str:
    if module != BCEWL and len(shape) == 1:
        return "NO-BATCH"
    if module != BCEWL and len(shape) == 2 and shape[0] == shape[1] > 1:
        return "CLASS-AXIS"
    if len(shape) != 2:
        return "RANK"
    return {"none": "NONE-SHAPE", "mean": "MEAN", "sum": "SUM"}[reduction]


def _large(module: str) -> Topic:
    """256x128 with gradients: those of the mean are below assert_close's atol, so only a bound
    that knows their size sees a gradient of zero."""
    topic = Topic(
        module, "large", "256x128 with gradients, whose elements are small: a gradient of zero must not pass."
    )
    rng = draw.generator(topic.seed("inputs"))
    shape = (256, 128)
    x = draw.half_precision(draw.bell(rng, shape, 2.0, "float32"))
    t = draw.hard(rng, shape, "float32")
    for tag, dtype in DTYPES.items():
        inputs = {"input": x.astype(dtype), "target": t.astype(dtype)}
        topic.add(f"{tag}-mean-256x128", "LARGE-GRAD", {"reduction": "mean"}, inputs, want=("grad_input",))
        for reduction in ("mean", "sum"):
            name = f"{tag}-{reduction}-256x128-loss"
            topic.add(name, "ACCUMULATION", {"reduction": reduction}, inputs, want=("loss",))
        if module == MLSM:
            name = f"{tag}-none-256x128-loss"
            topic.add(name, "NONE-SHAPE", {"reduction": "none"}, inputs, want=("loss",))
    return topic
