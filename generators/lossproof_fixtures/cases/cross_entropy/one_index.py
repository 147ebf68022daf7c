"""The input of one row with an index in one dimension: torch computes a loss, and no gradient of it."""

from __future__ import annotations

import numpy as np

from ... import draw
from ...model import CE, DTYPES, REDUCTIONS, Topic


def build() -> list[Topic]:
    topic = Topic(CE, "one_index", "An input (C) with class indices of shape (1): a loss without a gradient.")
    for tag, dtype in DTYPES.items():
        rng = draw.generator(topic.seed(tag))
        plain = {"input": draw.bell(rng, (3,), 2.0, dtype), "target": np.array([1], np.int64)}
        weighed = dict(plain, weight=draw.uniform(rng, (3,), 0.25, 4, dtype))
        for reduction in REDUCTIONS:
            for name, call in (("plain", plain), ("weight", weighed)):
                topic.add(
                    f"{tag}-{reduction}-{name}",
                    "ONE-INDEX-QUIRK",
                    {"reduction": reduction},
                    call,
                    want=("loss",),
                    note='backward() raises "size mismatch (got input: [3], target: [1])".',
                )
    return [topic]
