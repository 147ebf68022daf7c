"""What MultiLabelSoftMarginLoss accepts silently: targets and weights of other shapes."""

from __future__ import annotations

from .. import draw
from ..model import DTYPES, MLSM, REDUCTIONS, Topic

_TARGETS = {  # input shape, target shape
    "3x5-and-5": ((3, 5), (5,)),
    "3x5-and-1x5": ((3, 5), (1, 5)),
    "3x5-and-3x1": ((3, 5), (3, 1)),
    "3x5-and-0d": ((3, 5), ()),
    "3x1-and-3x5": ((3, 1), (3, 5)),
    "5-and-3x5": ((5,), (3, 5)),
    "3-and-3x1": ((3,), (3, 1)),
    "3x1-and-3": ((3, 1), (3,)),
    "3x5-and-1x3x5": ((3, 5), (1, 3, 5)),
}
_WEIGHTS = {"1x3x5": (1, 3, 5), "2x3x5": (2, 3, 5)}


def build(module: str) -> list[Topic]:
    if module != MLSM:
        return []
    topic = Topic(
        module,
        "broadcasting",
        "Targets and weights of other shapes that torch broadcasts silently, sometimes over the wrong dimension.",
    )
    for tag, dtype in DTYPES.items():
        for reduction in REDUCTIONS:
            options = {"reduction": reduction}
            for name, (shape, target_shape) in _TARGETS.items():
                rng = draw.generator(topic.seed(tag, name))
                inputs = {
                    "input": draw.bell(rng, shape, 2.0, dtype),
                    "target": draw.hard(rng, target_shape, dtype),
                }
                topic.add(f"{tag}-{reduction}-target-{name}", "TARGET-BROADCAST-QUIRK", options, inputs)
            for name, weight_shape in _WEIGHTS.items():
                rng = draw.generator(topic.seed(tag, name, "weight"))
                inputs = {
                    "input": draw.bell(rng, (3, 5), 2.0, dtype),
                    "target": draw.hard(rng, (3, 5), dtype),
                    "weight": draw.uniform(rng, weight_shape, 0.25, 4, dtype),
                }
                topic.add(f"{tag}-{reduction}-weight-{name}", "WEIGHT-RANK-QUIRK", options, inputs)
    return [topic]
