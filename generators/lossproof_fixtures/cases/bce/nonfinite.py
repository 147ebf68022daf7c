"""Infinite and NaN weights. (Inputs and targets that are not finite are refused: see rejections.)"""

from __future__ import annotations

import numpy as np

from ... import draw
from ...model import BCE, DTYPES, REDUCTIONS, Topic
from . import ordinary


def build() -> list[Topic]:
    topic = Topic(BCE, "nonfinite", "Infinite and NaN weights.")
    for tag, dtype in DTYPES.items():
        inputs = ordinary.inputs(draw.generator(topic.seed(tag)), (3, 4), dtype)
        for reduction in REDUCTIONS:
            options = {"reduction": reduction}
            for kind, value in (("plus-inf", np.inf), ("minus-inf", -np.inf), ("nan", np.nan)):
                name = f"{tag}-{reduction}-weight-{kind}"
                call = dict(inputs, weight=np.array([1, value, 2, 0.5], dtype))
                topic.add(name, "WEIGHT-NONFINITE", options, call, want=("loss",))
                topic.add(f"{name}-gradient", "WEIGHT-NONFINITE", options, call, want=("grad_input",))
    return [topic]
