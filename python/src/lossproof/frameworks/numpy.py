"""NumPy. It has no gradients: check() takes a function for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lossproof._wire import SIZES, Tensor, from_array, to_array
from lossproof.frameworks import LAYOUTS, Framework, Loss

_SNIPPET = """\
import numpy as np

def array(values, dtype, shape):
    return np.array(values, dtype=dtype).reshape(shape)

def values(array):
    return np.asarray(array).astype("float64").tolist()
"""


class NumPy(Framework):
    name = "numpy"
    layouts = LAYOUTS
    differentiates = False
    snippet = _SNIPPET
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


to_numpy = to_array


def from_numpy(array: Any) -> Tensor:
    """Return the elements of an array, or of what NumPy takes for one. Raises TypeError."""
    if array is None or isinstance(array, (str, bytes, dict)):
        raise TypeError(f"got {type(array).__name__}, want an array")
    tensor = from_array(array)
    if tensor.dtype not in SIZES:
        raise TypeError(f"got an array of dtype {tensor.dtype}, want one of {', '.join(SIZES)}")
    return tensor


def to_bits(tensor: Tensor) -> np.ndarray[Any, Any]:
    """Return an array; of uint16 for bfloat16, which NumPy lacks."""
    array: np.ndarray[Any, Any] = to_numpy(
        replace(tensor, dtype="uint16") if tensor.dtype == "bfloat16" else tensor
    )
    return array


def from_bits(array: Any) -> Tensor:
    """Return the elements of a bfloat16 array, given as uint16."""
    return replace(from_array(array), dtype="bfloat16")


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


def place(
    array: np.ndarray[Any, Any],
    layout: str,
    convert: Callable[[Any], Any],
    as_strided: Callable[[Any, tuple[int, ...], tuple[int, ...], int], Any],
) -> Any:
    """Return the elements of an array in another layout, as an array of another framework.

    convert makes its arrays, in row-major order; as_strided its views, with shape, strides and
    offset, in elements.
    """
    if layout == "contiguous" or not array.size:
        return convert(array)
    view = lay(array, layout)
    memory = view if view.base is None else view.base
    first, start = (a.__array_interface__["data"][0] for a in (view, memory))
    strides = tuple(stride // view.itemsize for stride in view.strides)
    return as_strided(convert(memory), view.shape, strides, (first - start) // view.itemsize)


FRAMEWORK = NumPy
