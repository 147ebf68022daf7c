"""NumPy. It has no gradients: check() takes a function for them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from lossproof._wire import Tensor, Unsupported
from lossproof.frameworks import LAYOUTS, Framework, Loss


class NumPy(Framework):
    name = "numpy"
    layouts = LAYOUTS
    differentiates = False
    dtypes = ("float32", "float64")
    errors = (*Framework.errors, np.linalg.LinAlgError)

    def version(self) -> str:
        return str(np.__version__)

    def tensor(self, tensor: Tensor, layout: str = "contiguous") -> Any:
        return lay(to_numpy(tensor), layout)

    def to_wire(self, array: Any) -> Tensor:
        return from_numpy(array)

    def gradients(
        self, loss: Loss, inputs: Mapping[str, Any], wrt: list[str], upstream: Any, layout: str
    ) -> tuple[Any, dict[str, Any]]:
        raise NotImplementedError("NumPy has no gradients")


def to_numpy(tensor: Tensor) -> np.ndarray[Any, Any]:
    """Return a writable array."""
    dtype = np.dtype(_name(tensor.dtype)).newbyteorder("<")
    array = np.frombuffer(tensor.data, dtype).reshape(tensor.shape)
    native: np.ndarray[Any, Any] = array.astype(dtype.newbyteorder("="))
    return native


def from_numpy(array: Any) -> Tensor:
    """Return the elements of an array, or of what NumPy takes for one."""
    if array is None or isinstance(array, (str, bytes, dict)):
        raise TypeError(f"got {type(array).__name__}, want an array")
    array = np.asarray(array)
    name = array.dtype.name
    if array.dtype.hasobject or name not in _WIRE:
        raise TypeError(f"got an array of dtype {name}, want one of {', '.join(_WIRE)}")
    little = array.astype(array.dtype.newbyteorder("<")) if sys.byteorder == "big" else array
    return Tensor(name, array.shape, little.tobytes())


_WIRE = ("float16", "bfloat16", "float32", "float64", "int64", "int32", "uint8", "bool")


def _name(dtype: str) -> Any:
    if dtype != "bfloat16":
        return dtype
    try:
        import ml_dtypes  # NumPy lacks bfloat16; the frameworks that have it bring this
    except ImportError:
        raise Unsupported("bfloat16: the package ml_dtypes is missing") from None
    return ml_dtypes.bfloat16


def lay(array: np.ndarray[Any, Any], layout: str) -> Any:
    """Return the elements of a contiguous array in another layout."""
    if layout == "transposed":
        return array.T.copy().T
    if layout == "strided":
        larger = np.zeros((*array.shape, 2), array.dtype)
        larger[..., 0] = array
        return larger[..., 0]
    if layout == "offset":
        larger = np.zeros(array.size + 1, array.dtype)
        larger[1:] = array.ravel()
        return larger[1:].reshape(array.shape)
    if layout == "expanded":
        once = array
        for axis in range(array.ndim):
            first = once.take([0], axis) if once.size else once
            if np.broadcast_to(first, once.shape).tobytes() == once.tobytes():
                once = first
        return np.broadcast_to(once, array.shape)
    return array


FRAMEWORK = NumPy
