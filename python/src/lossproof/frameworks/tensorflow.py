"""TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from lossproof._wire import Tensor
from lossproof.frameworks import Framework, Loss
from lossproof.frameworks.numpy import from_numpy, to_numpy

_SNIPPET = """\
import tensorflow as tf

def array(values, dtype, shape):
    return tf.reshape(tf.constant(values, dtype=dtype), shape)

def values(tensor):
    return tf.cast(tensor, tf.float64).numpy().tolist()

def gradient(loss, input, upstream):
    with tf.GradientTape() as tape:
        tape.watch(input)
        value = loss(input)
    return tf.convert_to_tensor(tape.gradient(value, input, output_gradients=upstream))
"""


class TensorFlow(Framework):
    name = "tensorflow"
    snippet = _SNIPPET
    refusals = (*Framework.refusals, tf.errors.InvalidArgumentError, tf.errors.UnimplementedError)

    def version(self) -> str:
        return str(tf.__version__)

    def tensor(self, tensor: Tensor, layout: str = "contiguous") -> Any:
        return tf.constant(to_numpy(tensor))

    def to_wire(self, array: Any) -> Tensor:
        # NumPy cannot read a scalar of bfloat16 by itself.
        return from_numpy(array.numpy() if tf.is_tensor(array) else array)

    def gradients(
        self, loss: Loss, inputs: Mapping[str, Any], wrt: list[str], upstream: Any, layout: str
    ) -> tuple[Any, dict[str, Any]]:
        leaves = [inputs[name] for name in wrt]
        with tf.GradientTape() as tape:
            for leaf in leaves:
                tape.watch(leaf)
            value = loss(inputs)
        found = tape.gradient(value, leaves, output_gradients=upstream)
        return value, dict(zip(wrt, (tf.convert_to_tensor(g) for g in found), strict=True))


FRAMEWORK = TensorFlow
