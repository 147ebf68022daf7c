"""weight: every shape that broadcasts, and every kind of value."""

from __future__ import annotations

from ... import draw
from ...model import BCE, DTYPES, REDUCTIONS, Topic
from .. import weights
from ..grad_output import EMPTY_RULE
from ..weight_shapes import COINCIDING, EMPTY, OTHER_RANKS, SCALAR
from . import ordinary

_MORE_EMPTY = {  # input shape, weight shape
    "0-weight-1": ((0,), (1,)),
    "0x3-weight-0x1": ((0, 3), (0, 1)),
    "0x3-weight-1x3": ((0, 3), (1, 3)),
    "3x0-weight-0": ((3, 0), (0,)),
    "3x0-weight-3x1": ((3, 0), (3, 1)),
}


def build() -> list[Topic]:
    topic = Topic(BCE, "weights", "weight in every shape that broadcasts, with values of every kind.")
    for tag, dtype in DTYPES.items():
        inputs = ordinary.inputs(draw.generator(topic.seed(tag)), (3, 5), dtype)
        for reduction in REDUCTIONS:
            options = {"reduction": reduction}
            for name, shape in weights.SHAPES.items():
                weight = draw.uniform(draw.generator(topic.seed(tag, name)), shape, 0.25, 4, dtype)
                topic.add(
                    f"{tag}-{reduction}-{name}", "WEIGHT-BROADCAST", options, dict(inputs, weight=weight)
                )
            for kind, (rule, weight) in weights.values(topic, tag, (5,), dtype).items():
                topic.add(f"{tag}-{reduction}-class-{kind}", rule, options, dict(inputs, weight=weight))
        for kind, (rule, weight) in weights.values(topic, tag, (3, 5), dtype).items():
            topic.add(f"{tag}-none-NxC-{kind}", rule, {"reduction": "none"}, dict(inputs, weight=weight))
        for name, (shape, weight_shape) in weights.MORE.items():
            for reduction in REDUCTIONS:
                more = _inputs(topic, tag, name, shape, weight_shape, dtype)
                full, options = f"{tag}-{reduction}-{name}", {"reduction": reduction}
                since = weights.since_2(BCE, reduction, name)
                topic.add(full, "WEIGHT-BROADCAST", options, more, also=("RANK",), since=since)
        for name, (shape, weight_shape) in (COINCIDING | EMPTY | SCALAR).items():
            more = _inputs(topic, tag, name, shape, weight_shape, dtype)
            rule = "EMPTY-NONE" if name in EMPTY else "WEIGHT-BROADCAST"
            want = ("loss", "grad_input", "grad_target")
            topic.add(f"{tag}-none-{name}", rule, {"reduction": "none"}, more, want=want)
            for reduction in ("mean", "sum") if name in OTHER_RANKS else ():
                full, options = f"{tag}-{reduction}-{name}", {"reduction": reduction}
                if name in EMPTY | SCALAR:
                    own = EMPTY_RULE[reduction] if name in EMPTY else "SCALAR"
                    topic.add(full, own, options, more)
                else:
                    topic.add(full, "WEIGHT-BROADCAST", options, more, since="2.0.0")
        for name, (shape, weight_shape) in _MORE_EMPTY.items():
            more = _inputs(topic, tag, name, shape, weight_shape, dtype)
            topic.add(
                f"{tag}-none-{name}", "EMPTY-NONE", {"reduction": "none"}, more, also=("WEIGHT-BROADCAST",)
            )
    return [topic]


def _inputs(topic, tag, name, shape, weight_shape, dtype) -> dict:
    rng = draw.generator(topic.seed(tag, name))
    inputs = ordinary.inputs(rng, shape, dtype, soft=True)
    return dict(inputs, weight=draw.uniform(rng, weight_shape, 0.25, 4, dtype))
