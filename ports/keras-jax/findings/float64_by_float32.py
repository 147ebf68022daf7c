"""BinaryCrossentropy with dtype="float64" has float64 results of float32 accuracy."""

import math
import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"
import jax.numpy as jnp
import keras

x, t = jnp.array([[1.0]], jnp.float64), jnp.array([[0.0]], jnp.float64)
for reduction in ("sum_over_batch_size", "sum", "none"):
    loss = keras.losses.BinaryCrossentropy(from_logits=True, reduction=reduction, dtype="float64")
    print(f"{reduction}: {loss(t, x).dtype} {loss(t, x).item():.12f}", end=" ")
    print(f"exact {math.log1p(math.e):.12f}")
