"""PaddlePaddle, in its dynamic mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import paddle

from lossproof._wire import Tensor
from lossproof.frameworks import LAYOUTS, Framework, Loss
from lossproof.frameworks.numpy import from_bits, from_numpy, place, to_bits

_SNIPPET = """\
import paddle

def array(values, dtype, shape):
    return paddle.to_tensor(values, dtype=dtype).reshape(shape)

def values(tensor):
    return tensor.astype("float64").tolist()

def gradient(loss, input, upstream):
    input.stop_gradient = False
    return paddle.grad([loss(input)], [input], None if upstream is None else [upstream])[0]
"""


class Paddle(Framework):
    name = "paddle"
    snippet = _SNIPPET
    layouts = LAYOUTS

    def version(self) -> str:
        return str(paddle.__version__)

    def tensor(self, tensor: Tensor, layout: str = "contiguous") -> Any:
        # It takes uint16 for the bits of bfloat16.
        return place(to_bits(tensor), layout, paddle.to_tensor, _as_strided)

    def to_wire(self, array: Any) -> Tensor:
        if getattr(array, "dtype", None) == paddle.bfloat16:
            return from_bits(array.numpy())
        return from_numpy(array)

    def gradients(
        self, loss: Loss, inputs: Mapping[str, Any], wrt: list[str], upstream: Any, layout: str
    ) -> tuple[Any, dict[str, Any]]:
        leaves = [inputs[name] for name in wrt]
        for leaf in leaves:
            leaf.stop_gradient = False
        value = loss(inputs)
        if upstream is None:
            ones = np.ones(value.shape, np.float32)
            upstream = place(ones, layout, lambda a: paddle.to_tensor(a, value.dtype), _as_strided)
        found = paddle.grad([value], leaves, [upstream])
        return value, dict(zip(wrt, found, strict=True))


def _as_strided(memory: Any, shape: Sequence[int], strides: Sequence[int], offset: int) -> Any:
    # Its offset is in bytes.
    return paddle.as_strided(memory, list(shape), list(strides), offset * memory.element_size())


FRAMEWORK = Paddle
