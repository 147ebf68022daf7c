"""The published 3x5 table with one class for each sample, and with its labels as probabilities."""

from __future__ import annotations

import numpy as np

from ...model import CE, DTYPES, REDUCTIONS, Topic
from .. import examples

#: For each sample one of its labels.
_CLASSES = [0, 1, 2]


def build() -> list[Topic]:
    topic = Topic(
        CE,
        "blog_example",
        "The published 3x5 table: one label for each sample as its class, and all labels as probabilities.",
    )
    for tag, dtype in DTYPES.items():
        x, labels = np.array(examples.LOGITS, dtype), np.array(examples.TARGET, dtype)
        shares = (labels / dtype.type(3)).astype(dtype)  # each sample has three labels
        rule = {"none": "NONE-SHAPE", "mean": "MEAN", "sum": "SUM"}
        for reduction in REDUCTIONS:
            options = {"reduction": reduction}
            index = {"input": x, "target": np.array(_CLASSES, np.int64)}
            topic.add(f"{tag}-{reduction}-index", rule[reduction], options, index)
            topic.add(f"{tag}-{reduction}-shares", "PROBABILITIES", options, {"input": x, "target": shares})
            topic.add(f"{tag}-{reduction}-labels", "NOT-NORMALISED", options, {"input": x, "target": labels})
    return [topic]
