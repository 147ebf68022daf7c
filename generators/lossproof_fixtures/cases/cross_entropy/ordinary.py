"""Ordinary calls: logits, and class indices or class probabilities for them."""

from __future__ import annotations

import math

import numpy as np

from ... import draw

KINDS = ("index", "probabilities")


def row_shape(shape) -> tuple[int, ...]:
    """The shape of class indices: that of the input without the class axis."""
    return tuple(shape[:1]) + tuple(shape[2:]) if len(shape) > 1 else ()


def classes(shape) -> int:
    return shape[1] if len(shape) > 1 else shape[0]


def indices(rng, shape) -> np.ndarray:
    """Class indices for an input of that shape, int64."""
    return np.asarray(rng.integers(0, max(1, classes(shape)), size=row_shape(shape), dtype=np.int64))


def probabilities(rng, shape, dtype) -> np.ndarray:
    """Class probabilities: positive, and each row adds up to 1 as exactly as the dtype can."""
    t = draw.uniform(rng, shape, 1 / 16, 1, np.float64)
    axis = 1 if len(shape) > 1 else 0
    rows = np.moveaxis(t, axis, -1)
    for row in rows.reshape(-1, rows.shape[-1]) if rows.flags["C_CONTIGUOUS"] else _each_row(rows):
        row /= math.fsum(row.tolist())
    return t.astype(dtype)


def _each_row(rows: np.ndarray):
    for place in np.ndindex(rows.shape[:-1]):
        yield rows[place]


def one_hot(y: np.ndarray, shape, dtype) -> np.ndarray:
    """Class indices as class probabilities."""
    t = np.zeros(shape, dtype)
    axis = 1 if len(shape) > 1 else 0
    np.put_along_axis(t, np.expand_dims(y, axis), 1, axis)
    return t


def inputs(rng, shape, dtype, kind: str = "index", scale: float = 2.0) -> dict[str, np.ndarray]:
    """Logits of that shape and a target of that kind."""
    x = draw.bell(rng, shape, scale, dtype)
    target = indices(rng, shape) if kind == "index" else probabilities(rng, shape, dtype)
    return {"input": x, "target": target}
