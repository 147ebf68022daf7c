"""objax as a port of lossproof: its losses of logits."""

import sys
from pathlib import Path

import jax
from jax import numpy as jnp
from objax.functional import loss

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, serve, versions

jax.config.update("jax_enable_x64", True)


def bce_with_logits(input, target):
    return loss.sigmoid_cross_entropy_logits(input, target)


def cross_entropy(input, target):
    classes_last = jnp.moveaxis(input, min(1, input.ndim - 1), -1)
    if not jnp.issubdtype(target.dtype, jnp.floating):
        return loss.cross_entropy_logits_sparse(classes_last, target)
    return loss.cross_entropy_logits(
        classes_last, jnp.moveaxis(target, min(1, target.ndim - 1), -1)
    )


serve(
    Loss(bce_with_logits, "BCEWithLogitsLoss", framework="jax"),
    Loss(cross_entropy, "CrossEntropyLoss", framework="jax"),
    name="objax",
    version=versions("objax", "jax"),
    slow=True,
)
