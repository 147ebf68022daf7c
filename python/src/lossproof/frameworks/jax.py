"""JAX, and what is written in it: optax, flax, equinox. float64 needs jax_enable_x64."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from lossproof._wire import Tensor
from lossproof.frameworks import Framework, Loss
from lossproof.frameworks.numpy import from_numpy, to_numpy

_SNIPPET = """\
import jax
import numpy as np
from jax import numpy as jnp

jax.config.update("jax_enable_x64", True)

def array(values, dtype, shape):
    return jnp.array(values, dtype=dtype).reshape(shape)

def values(array):
    return np.asarray(array).astype("float64").tolist()

def gradient(loss, input, upstream):
    value, pullback = jax.vjp(loss, input)
    return pullback(jnp.ones_like(value) if upstream is None else upstream)[0]
"""


class Jax(Framework):
    name = "jax"
    compiles = True
    snippet = _SNIPPET

    def version(self) -> str:
        return str(jax.__version__)

    def tensor(self, tensor: Tensor, layout: str = "contiguous") -> Any:
        return jax.device_put(to_numpy(tensor))  # asarray compiles for each shape

    def to_wire(self, array: Any) -> Tensor:
        return from_numpy(array)

    def gradients(
        self, loss: Loss, inputs: Mapping[str, Any], wrt: list[str], upstream: Any, layout: str
    ) -> tuple[Any, dict[str, Any]]:
        def of(*leaves: Any) -> Any:
            return loss({**inputs, **dict(zip(wrt, leaves, strict=True))})

        value, pullback = jax.vjp(of, *(inputs[name] for name in wrt))
        if upstream is None:  # those of NumPy need no compilation for each shape
            upstream = jax.device_put(np.ones(value.shape, value.dtype))
        found = pullback(upstream)
        return value, dict(zip(wrt, found, strict=True))


FRAMEWORK = Jax
