"""PaddlePaddle, in its dynamic mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import paddle

from lossproof._wire import Tensor
from lossproof.frameworks import Framework, Loss
from lossproof.frameworks.numpy import from_numpy, to_numpy

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

    def version(self) -> str:
        return str(paddle.__version__)

    def tensor(self, tensor: Tensor, layout: str = "contiguous") -> Any:
        return paddle.to_tensor(to_numpy(tensor))

    def to_wire(self, array: Any) -> Tensor:
        return from_numpy(array)

    def gradients(
        self, loss: Loss, inputs: Mapping[str, Any], wrt: list[str], upstream: Any, layout: str
    ) -> tuple[Any, dict[str, Any]]:
        leaves = [inputs[name] for name in wrt]
        for leaf in leaves:
            leaf.stop_gradient = False
        value = loss(inputs)
        found = paddle.grad([value], leaves, None if upstream is None else [upstream])
        return value, dict(zip(wrt, found, strict=True))


FRAMEWORK = Paddle
