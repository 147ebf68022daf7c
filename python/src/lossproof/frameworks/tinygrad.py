"""tinygrad. NumPy is not needed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import tinygrad
from tinygrad import dtypes

from lossproof._wire import SIZES, Tensor
from lossproof.frameworks import Framework, Loss

_SNIPPET = """\
from tinygrad import Tensor, dtypes

def array(values, dtype, shape):
    return Tensor(values, dtype=getattr(dtypes, dtype)).reshape(shape)

def values(tensor):
    return tensor.cast(dtypes.double).tolist()

def gradient(loss, input, upstream):
    value = loss(input)
    upstream = Tensor.ones(*value.shape, dtype=value.dtype) if upstream is None else upstream
    return value.gradient(input, gradient=upstream)[0]
"""


class Tinygrad(Framework):
    name = "tinygrad"
    compiles = True
    snippet = _SNIPPET

    def version(self) -> str:
        return version("tinygrad")

    def tensor(self, tensor: Tensor, layout: str = "contiguous") -> Any:
        dtype = getattr(dtypes, tensor.dtype)
        if not tensor.data:
            return tinygrad.Tensor.empty(*tensor.shape, dtype=dtype)
        return tinygrad.Tensor(tensor.data, dtype=dtype).reshape(tensor.shape)

    def settle(self, array: Any) -> Any:
        return array.realize() if isinstance(array, tinygrad.Tensor) else array

    def to_wire(self, array: Any) -> Tensor:
        if not isinstance(array, tinygrad.Tensor):
            raise TypeError(f"got {type(array).__name__}, want a tinygrad.Tensor")
        names = {getattr(dtypes, name): name for name in SIZES}
        name = names.get(array.dtype, str(array.dtype))
        return Tensor(name, tuple(array.shape), bytes(array.data()))

    def gradients(
        self, loss: Loss, inputs: Mapping[str, Any], wrt: list[str], upstream: Any, layout: str
    ) -> tuple[Any, dict[str, Any]]:
        leaves = [inputs[name] for name in wrt]
        value = loss(inputs)
        if upstream is None:
            upstream = tinygrad.Tensor.ones(*value.shape, dtype=value.dtype)
        return value, dict(zip(wrt, value.gradient(*leaves, gradient=upstream), strict=True))


FRAMEWORK = Tinygrad
