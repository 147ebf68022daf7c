"""Random inputs that are the same on every CPU.

Only integers are drawn (PCG64); what follows is addition, multiplication and division of
IEEE 754 numbers, whose results are exact or correctly rounded everywhere. exp, log and
the ziggurat of ``Generator.normal`` are not used: their last bits depend on the CPU.
"""

from __future__ import annotations

import numpy as np

from .floats import LIMITS


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def uniform(rng, shape, low: float, high: float, dtype) -> np.ndarray:
    """Uniform in [low, high), with as many random bits as the dtype has."""
    dtype = np.dtype(dtype)
    bits = LIMITS[dtype]["bits"]
    k = rng.integers(0, 1 << bits, size=shape, dtype=np.int64)
    value = low + (high - low) * (np.asarray(k, dtype=np.float64) / float(1 << bits))
    return np.asarray(value, dtype=dtype)


def bell(rng, shape, scale: float, dtype) -> np.ndarray:
    """About normal with mean 0 and standard deviation ``scale``: Irwin-Hall, 12 uniforms less 6."""
    k = rng.integers(0, 1 << 40, size=(12, *shape), dtype=np.int64).sum(axis=0)
    value = (np.asarray(k, dtype=np.float64) / float(1 << 40) - 6.0) * scale
    return np.asarray(value, dtype=dtype)


def hard(rng, shape, dtype) -> np.ndarray:
    """Targets 0 or 1, with both present where the shape has room."""
    t = rng.integers(0, 2, size=shape, dtype=np.int64)
    if t.size >= 2:
        flat = t.reshape(-1)
        flat[0], flat[-1] = 1, 0
    return np.asarray(t, dtype=dtype)


def soft(rng, shape, dtype) -> np.ndarray:
    """Targets in [0, 1)."""
    return uniform(rng, shape, 0.0, 1.0, dtype)


def half_precision(a: np.ndarray) -> np.ndarray:
    """The same numbers rounded to 11 significant bits: large inputs then take half the room."""
    return a.astype(np.float16).astype(a.dtype)
