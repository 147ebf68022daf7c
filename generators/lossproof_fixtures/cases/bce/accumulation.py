"""How a sum is accumulated shows in its last digits."""

from __future__ import annotations

import numpy as np

from ... import draw
from ...model import BCE, Topic
from ..accumulation import LARGE, SMALL, TITLE, add


def build() -> list[Topic]:
    """Probabilities of 0 for target 1, whose loss is 100, then small ones for target 0."""
    topic = Topic(BCE, "accumulation", TITLE)
    rng = draw.generator(topic.seed("inputs"))
    small = draw.half_precision(draw.uniform(rng, (SMALL,), 2.0**-14, 2.0**-12, "float32"))
    x = np.concatenate([np.zeros(LARGE, np.float32), small]).reshape(64, 128)
    t = np.repeat([1, 0], [LARGE, SMALL]).reshape(64, 128)
    add(topic, "64x128", lambda dtype: {"input": x.astype(dtype), "target": t.astype(dtype)})
    return [topic]
