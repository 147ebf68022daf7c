"""Ordinary inputs: probabilities that are neither close to 0 nor to 1."""

from __future__ import annotations

import numpy as np

from ... import draw


def probabilities(rng, shape, dtype) -> np.ndarray:
    """Uniform in [1/64, 63/64)."""
    return draw.uniform(rng, shape, 1 / 64, 63 / 64, dtype)


def inputs(rng, shape, dtype, soft: bool = False) -> dict[str, np.ndarray]:
    """An input and targets of its shape, hard unless ``soft``."""
    x = probabilities(rng, shape, dtype)
    return {"input": x, "target": draw.soft(rng, shape, dtype) if soft else draw.hard(rng, shape, dtype)}
