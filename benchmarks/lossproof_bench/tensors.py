"""Inputs and targets: the recipe of lab/bench/tensors.go, number for number.

All arithmetic is in integers of 64 bits, modulo 2**64, until a last division that is exact:

    mix(n)    = SplitMix64's n-th output for the seed 0, n from 1
    logit i   = (the sum of the four 16-bit parts of mix(2i+1), less 131070) / 2**14
    target i  = the highest bit of mix(2i+2)
    probability i = (2·(the highest 23 bits of mix(2i+1)) + 1) / 2**24
    share i   = (2·(the highest 23 bits of mix(2i+2)) + 1) / 2**24
    class r   = (the high 32 bits of mix(2r+2))·classes / 2**32, rounded down
"""

import numpy as np

BLOCK = 1 << 20


def mix(n: np.ndarray) -> np.ndarray:
    """SplitMix64's outputs number n (uint64) for the seed 0."""
    z = n * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return z ^ z >> np.uint64(31)


def outputs(first: int, last: int, odd: int) -> np.ndarray:
    """mix(2i + odd) for i from first to last."""
    return mix(np.uint64(2) * np.arange(first, last, dtype=np.uint64) + np.uint64(odd))


def filled(shape: tuple[int, ...], dtype: str, odd: int, number) -> np.ndarray:
    """An array of number(mix(2i + odd)), made in blocks."""
    values = np.empty(int(np.prod(shape)), dtype)
    for first in range(0, values.size, BLOCK):
        last = min(first + BLOCK, values.size)
        values[first:last] = number(outputs(first, last, odd))
    return values.reshape(shape)


def logit(h: np.ndarray) -> np.ndarray:
    total = sum((h >> np.uint64(k)) & np.uint64(0xFFFF) for k in (0, 16, 32, 48))
    return (total.astype(np.int64) - 131070) / (1 << 14)


def unit(h: np.ndarray) -> np.ndarray:
    return (np.uint64(2) * (h >> np.uint64(41)) + np.uint64(1)) / (1 << 24)


def logits(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return filled(shape, dtype, 1, logit)


def targets(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return filled(shape, dtype, 2, lambda h: h >> np.uint64(63))


def probabilities(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """The input of BCELoss."""
    return filled(shape, dtype, 1, unit)


def shares(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Class probabilities."""
    return filled(shape, dtype, 2, unit)


def classes(rows: int, number: int) -> np.ndarray:
    """Class indices, of so many classes."""
    h = outputs(0, rows, 2) >> np.uint64(32)
    return (h * np.uint64(number) >> np.uint64(32)).astype(np.int64)
