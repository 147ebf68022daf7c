"""Class indices of uint8, and class probabilities and weights of another dtype than the input."""

from __future__ import annotations

import numpy as np

from ... import draw
from ...model import CE, DTYPES, REDUCTIONS, Topic
from . import ordinary

_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)


def build() -> list[Topic]:
    topic = Topic(
        CE, "mixed_dtype", "Class indices of uint8, and class probabilities and weights of other dtypes."
    )
    for reduction in REDUCTIONS:
        options = {"reduction": reduction}
        for tag, dtype in DTYPES.items():
            for size, shape in (("4x3", (4, 3)), ("3", (3,))):
                call = ordinary.inputs(draw.generator(topic.seed(tag, size)), shape, dtype)
                call["target"] = call["target"].astype(np.uint8)
                topic.add(f"{tag}-{reduction}-uint8-{size}", "TARGET-UINT8-QUIRK", options, call)
            call = ordinary.inputs(draw.generator(topic.seed(tag, "255")), (4, 3), dtype)
            call["target"] = np.array([0, 255, 2, 255], np.uint8)
            ignoring = dict(options, ignore_index=255)
            topic.add(f"{tag}-{reduction}-uint8-ignored", "TARGET-UINT8-QUIRK", ignoring, call)
        for x_dtype, other in ((_F32, _F64), (_F64, _F32)):
            rng = draw.generator(topic.seed(x_dtype.name, other.name))
            call = ordinary.inputs(rng, (4, 3), x_dtype, "probabilities")
            name = f"{reduction}-{x_dtype.name}-input-{other.name}"
            weighed = dict(call, weight=draw.uniform(rng, (3,), 0.25, 4, other))
            topic.add(f"{name}-weight", "DTYPE-QUIRK", options, weighed)
            call["target"] = ordinary.probabilities(rng, (4, 3), other)
            topic.add(f"{name}-target", "DTYPE-QUIRK", options, call)
    return [topic]
