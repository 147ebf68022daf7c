"""The published 3x5 table, after a sigmoid."""

from __future__ import annotations

import numpy as np
from mpmath import mp

from ... import oracle
from ...model import BCE, DTYPES, REDUCTIONS, Topic
from .. import examples


def build() -> list[Topic]:
    topic = Topic(
        BCE,
        "blog_example",
        "The published 3x5 table after a sigmoid: the losses are those of BCEWithLogitsLoss.",
    )
    for tag, dtype in DTYPES.items():
        logits = np.array(examples.LOGITS, dtype)
        t = np.array(examples.TARGET, dtype)
        inputs = {"input": _sigmoid(logits), "target": t}
        for reduction in REDUCTIONS:
            published = {}
            if reduction != "sum":
                published = {"loss": examples.published_elements(reduction, logits, t)}
            topic.add(f"{tag}-{reduction}", "SIGMOID", {"reduction": reduction}, inputs, published=published)
    return [topic]


def _sigmoid(x: np.ndarray) -> np.ndarray:
    """The sigmoid, rounded correctly: the same bits on every CPU."""
    with mp.workdps(oracle.DIGITS[0]):
        flat = [oracle.to_float64(oracle.functions(float(v))[2]) for v in x.reshape(-1)]
    return np.array(flat).reshape(x.shape).astype(x.dtype)
