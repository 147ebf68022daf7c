"""How a sum is accumulated shows in its last digits."""

from __future__ import annotations

import numpy as np

from ... import draw
from ...model import CE, Topic
from ..accumulation import LARGE, SMALL, TITLE, add


def build() -> list[Topic]:
    """Rows with one logit above the others: another class is the target of the first, that class of the rest."""
    topic = Topic(CE, "accumulation", TITLE)
    rng = draw.generator(topic.seed("inputs"))
    rows, top = np.arange(LARGE + SMALL), rng.integers(0, 4, LARGE + SMALL)
    x = rng.integers(0, 2, (LARGE + SMALL, 4))
    x[rows, top] = np.concatenate([rng.integers(200, 256, LARGE), rng.integers(11, 14, SMALL)])
    y = np.where(rows < LARGE, (top + 1) % 4, top)
    shares = np.eye(4)[y]
    add(topic, "8192x4", lambda dtype: {"input": x.astype(dtype), "target": y})
    add(
        topic,
        "8192x4-probabilities",
        lambda dtype: {"input": x.astype(dtype), "target": shares.astype(dtype)},
    )
    return [topic]
