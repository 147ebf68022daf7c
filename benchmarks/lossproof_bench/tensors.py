"""Logits and targets: the recipe of loss/bench/tensors.go, number for number.

All arithmetic is in integers of 64 bits, modulo 2**64, until a last division that is exact:

    mix(n)    = SplitMix64's n-th output for the seed 0, n from 1
    logit i   = (the sum of the four 16-bit parts of mix(2i+1), less 131070) / 2**14
    target i  = the highest bit of mix(2i+2)
"""

import numpy as np

BLOCK = 1 << 20


def mix(n: np.ndarray) -> np.ndarray:
    """SplitMix64's outputs number n (uint64) for the seed 0."""
    z = n * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return z ^ z >> np.uint64(31)


def tensors(shape: tuple[int, ...], dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """The logits and the targets of a shape, in the dtype float32 or float64."""
    logits = np.empty(int(np.prod(shape)), dtype)
    targets = np.empty_like(logits)
    sixteen = np.uint64(0xFFFF)
    for first in range(0, logits.size, BLOCK):
        last = min(first + BLOCK, logits.size)
        i = np.arange(first, last, dtype=np.uint64)
        h = mix(np.uint64(2) * i + np.uint64(1))
        total = sum((h >> np.uint64(k)) & sixteen for k in (0, 16, 32, 48))
        logits[first:last] = (total.astype(np.int64) - 131070) / (1 << 14)
        targets[first:last] = mix(np.uint64(2) * i + np.uint64(2)) >> np.uint64(63)
    return logits.reshape(shape), targets.reshape(shape)
