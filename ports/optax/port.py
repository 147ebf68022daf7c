"""optax as a port of lossproof: its losses of logits, in float32 and float64."""

import sys
from pathlib import Path

import jax
from jax import numpy as jnp

import optax

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, serve, versions

jax.config.update("jax_enable_x64", True)


def cross_entropy(input, target):
    axis = min(1, input.ndim - 1)  # of the classes
    if jnp.issubdtype(target.dtype, jnp.floating):
        return optax.softmax_cross_entropy(input, target, axis=axis)
    return optax.softmax_cross_entropy_with_integer_labels(input, target, axis=axis)


serve(
    Loss(optax.sigmoid_binary_cross_entropy, "BCEWithLogitsLoss"),
    Loss(cross_entropy, "CrossEntropyLoss", framework="jax"),
    name="optax",
    version=versions("optax", "jax"),
    slow=True,
)
