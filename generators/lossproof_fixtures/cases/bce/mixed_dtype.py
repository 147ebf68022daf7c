"""Weights of another dtype than the input."""

from __future__ import annotations

import numpy as np

from ... import draw
from ...model import BCE, DTYPES, REDUCTIONS, Topic
from . import ordinary


def build() -> list[Topic]:
    topic = Topic(
        BCE, "mixed_dtype", "Weights of another dtype than the input, which the result does not follow."
    )
    for tag, dtype in DTYPES.items():
        other = np.dtype(np.float64 if dtype == np.float32 else np.float32)
        for reduction in REDUCTIONS:
            rng = draw.generator(topic.seed(tag))
            inputs = ordinary.inputs(rng, (3, 5), dtype)
            for name, weight in {
                other.name: draw.uniform(rng, (5,), 0.25, 4, other),
                "int64": np.array([1, 2, 0, 3, 1], np.int64),
                "bool": np.array([1, 0, 1, 1, 0], np.bool_),
            }.items():
                topic.add(
                    f"{tag}-{reduction}-{name}-weight",
                    "WEIGHT-DTYPE-QUIRK",
                    {"reduction": reduction},
                    dict(inputs, weight=weight),
                )
    return [topic]
