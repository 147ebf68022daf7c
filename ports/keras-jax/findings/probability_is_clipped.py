"""binary_crossentropy clips a probability to [1e-7, 1 - 1e-7]: beyond, the gradient is 0."""

import math
import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"
import jax
import jax.numpy as jnp
import keras

for p in (0.5, 1e-6, 1e-8):
    x = jnp.array([p], jnp.float64)
    loss, gradient = jax.value_and_grad(
        lambda x: keras.ops.binary_crossentropy(jnp.ones_like(x), x).sum()
    )(x)
    print(f"p={p} t=1: loss {loss.item():.8f} exact {-math.log(p):.8f},", end=" ")
    print(f"gradient {gradient.item():.8g} exact {-1 / p:.8g}")
