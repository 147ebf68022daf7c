"""MLX. Its lazy arrays are computed when their bytes are taken."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import mlx.core as mx
import numpy as np

from lossproof._wire import Tensor
from lossproof.frameworks import LAYOUTS, Framework, Loss
from lossproof.frameworks.numpy import from_bits, from_numpy, place, to_bits

_SNIPPET = """\
import mlx.core as mx

def array(values, dtype, shape):
    return mx.array(values, dtype=getattr(mx, "bool_" if dtype == "bool" else dtype)).reshape(shape)

def values(array):
    return array.tolist()

def gradient(loss, input, upstream):
    upstream = mx.ones_like(loss(input)) if upstream is None else upstream
    return mx.vjp(loss, [input], [upstream])[1][0]
"""


class MLX(Framework):
    name = "mlx"
    snippet = _SNIPPET
    layouts = LAYOUTS

    def version(self) -> str:
        return version("mlx")

    def tensor(self, tensor: Tensor, layout: str = "contiguous") -> Any:
        def convert(array: Any) -> Any:
            if tensor.dtype == "bfloat16":
                return mx.array(array).view(mx.bfloat16)
            # Without a dtype it makes float32 of float64.
            return mx.array(array, mx.float64 if tensor.dtype == "float64" else None)

        return place(to_bits(tensor), layout, convert, mx.as_strided)

    def settle(self, array: Any) -> Any:
        if isinstance(array, mx.array):
            mx.eval(array)
        return array

    def to_wire(self, array: Any) -> Tensor:
        if not isinstance(array, mx.array):
            raise TypeError(f"got {type(array).__name__}, want an mlx.core.array")
        if array.dtype == mx.bfloat16:
            return from_bits(array.view(mx.uint16))
        return from_numpy(array)

    def gradients(
        self, loss: Loss, inputs: Mapping[str, Any], wrt: list[str], upstream: Any, layout: str
    ) -> tuple[Any, dict[str, Any]]:
        def of(*leaves: Any) -> Any:
            return loss({**inputs, **dict(zip(wrt, leaves, strict=True))})

        leaves = [inputs[name] for name in wrt]
        if upstream is None:
            loss_of = of(*leaves)
            ones = np.ones(loss_of.shape, np.float32)
            upstream = place(ones, layout, lambda a: mx.array(a, loss_of.dtype), mx.as_strided)
        (value,), found = mx.vjp(of, leaves, [upstream])
        return value, dict(zip(wrt, found, strict=True))


FRAMEWORK = MLX
