"""Logits, targets and weights of different dtypes."""

from __future__ import annotations

import numpy as np

from .. import draw
from ..model import BCEWL, REDUCTIONS, Topic

_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)


def build(module: str) -> list[Topic]:
    topic = Topic(
        module,
        "mixed_dtype",
        "Logits, targets and weights of different dtypes: the dtype of the result follows odd rules.",
    )
    for reduction in REDUCTIONS:
        options = {"reduction": reduction}
        for x_dtype, t_dtype in ((_F32, _F64), (_F64, _F32)):
            name = f"{reduction}-{x_dtype.name}-input-{t_dtype.name}-target"
            rng = draw.generator(topic.seed(x_dtype.name, t_dtype.name))
            inputs = {
                "input": draw.bell(rng, (3, 5), 2.0, x_dtype),
                "target": draw.soft(rng, (3, 5), t_dtype),
            }
            topic.add(name, "DTYPE-QUIRK", options, inputs)
        rng = draw.generator(topic.seed("weight"))
        inputs = {"input": draw.bell(rng, (3, 5), 2.0, _F32), "target": draw.hard(rng, (3, 5), _F32)}
        for shape_name, shape in (("class", (5,)), ("0d", ())):
            weight = draw.uniform(rng, shape, 0.25, 4, _F64)
            topic.add(
                f"{reduction}-float32-input-float64-weight-{shape_name}",
                "DTYPE-QUIRK",
                options,
                dict(inputs, weight=weight),
            )
        if module == BCEWL:
            continue
        for dtype in (np.int64, np.int32, np.uint8):
            for x_dtype in (_F32, _F64):
                rng = draw.generator(topic.seed("integer", x_dtype.name))
                inputs = {
                    "input": draw.bell(rng, (3, 5), 2.0, x_dtype),
                    "target": draw.hard(rng, (3, 5), dtype),
                }
                name = f"{reduction}-{x_dtype.name}-input-{np.dtype(dtype).name}-target"
                topic.add(name, "TARGET-INTEGER-QUIRK", options, inputs)
    return [topic]
