"""MindSpore, in its PyNative mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mindspore

from lossproof._wire import Tensor
from lossproof.frameworks import Framework, Loss
from lossproof.frameworks.numpy import from_numpy, to_numpy

_SNIPPET = """\
import mindspore
import numpy as np

def array(values, dtype, shape):
    return mindspore.Tensor(np.array(values, dtype=dtype).reshape(shape))

def values(tensor):
    return tensor.asnumpy().astype("float64").tolist()

def gradient(loss, input, upstream):
    value, pullback = mindspore.ops.vjp(loss, input)
    return pullback(mindspore.ops.ones_like(value) if upstream is None else upstream)[0]
"""


class MindSpore(Framework):
    name = "mindspore"
    snippet = _SNIPPET

    def version(self) -> str:
        return str(mindspore.__version__)

    def tensor(self, tensor: Tensor, layout: str = "contiguous") -> Any:
        return mindspore.Tensor(to_numpy(tensor))

    def settle(self, array: Any) -> Any:
        if isinstance(array, mindspore.Tensor):
            array.asnumpy()  # operators run behind the call
        return array

    def to_wire(self, array: Any) -> Tensor:
        if not isinstance(array, mindspore.Tensor):
            raise TypeError(f"got {type(array).__name__}, want a mindspore.Tensor")
        return from_numpy(array.asnumpy())

    def gradients(
        self, loss: Loss, inputs: Mapping[str, Any], wrt: list[str], upstream: Any, layout: str
    ) -> tuple[Any, dict[str, Any]]:
        def of(*leaves: Any) -> Any:
            return loss({**inputs, **dict(zip(wrt, leaves, strict=True))})

        value, pullback = mindspore.ops.vjp(of, *(inputs[name] for name in wrt))
        found = pullback(mindspore.ops.ones_like(value) if upstream is None else upstream)
        return value, dict(zip(wrt, found, strict=True))


FRAMEWORK = MindSpore
