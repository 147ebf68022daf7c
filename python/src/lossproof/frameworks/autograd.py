"""autograd: NumPy arrays with gradients."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import autograd
import numpy as np

from lossproof.frameworks import Loss
from lossproof.frameworks.numpy import NumPy, lay

_SNIPPET = """\
import autograd
import numpy as np

def array(values, dtype, shape):
    return np.array(values, dtype=dtype).reshape(shape)

def values(array):
    return np.asarray(array).astype("float64").tolist()

def gradient(loss, input, upstream):
    pullback, value = autograd.make_vjp(loss)(input)
    return pullback(np.ones_like(value) if upstream is None else upstream)
"""


class Autograd(NumPy):
    name = "autograd"
    differentiates = True
    snippet = _SNIPPET

    def version(self) -> str:
        return version("autograd")

    def gradients(
        self, loss: Loss, inputs: Mapping[str, Any], wrt: list[str], upstream: Any, layout: str
    ) -> tuple[Any, dict[str, Any]]:
        def of(leaves: Any) -> Any:
            return loss({**inputs, **dict(zip(wrt, leaves, strict=True))})

        pullback, value = autograd.make_vjp(of)(tuple(inputs[name] for name in wrt))
        found = pullback(lay(np.ones_like(value), layout) if upstream is None else upstream)
        return value, dict(zip(wrt, found, strict=True))


FRAMEWORK = Autograd
