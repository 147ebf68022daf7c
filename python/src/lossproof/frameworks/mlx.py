"""MLX. Its lazy arrays are computed when their bytes are taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import mlx.core as mx

from lossproof._wire import Tensor, from_array
from lossproof.frameworks import Framework, Loss
from lossproof.frameworks.numpy import from_numpy, to_numpy

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

    def version(self) -> str:
        return version("mlx")

    def tensor(self, tensor: Tensor, layout: str = "contiguous") -> Any:
        if tensor.dtype == "bfloat16":  # which NumPy lacks
            return self.tensor(replace(tensor, dtype="uint16")).view(mx.bfloat16)
        array = to_numpy(tensor)
        # Without a dtype it makes float32 of float64.
        return mx.array(array, mx.float64 if tensor.dtype == "float64" else None)

    def settle(self, array: Any) -> Any:
        if isinstance(array, mx.array):
            mx.eval(array)
        return array

    def to_wire(self, array: Any) -> Tensor:
        if not isinstance(array, mx.array):
            raise TypeError(f"got {type(array).__name__}, want an mlx.core.array")
        if array.dtype == mx.bfloat16:
            bits = from_array(array.view(mx.uint16))
            return replace(bits, dtype="bfloat16")
        return from_numpy(array)

    def gradients(
        self, loss: Loss, inputs: Mapping[str, Any], wrt: list[str], upstream: Any, layout: str
    ) -> tuple[Any, dict[str, Any]]:
        def of(*leaves: Any) -> Any:
            return loss({**inputs, **dict(zip(wrt, leaves, strict=True))})

        leaves = [inputs[name] for name in wrt]
        if upstream is None:
            upstream = mx.ones_like(of(*leaves))
        (value,), found = mx.vjp(of, leaves, [upstream])
        return value, dict(zip(wrt, found, strict=True))


FRAMEWORK = MLX
