"""The mean over an empty batch has no elements instead of being a number."""

import os

os.environ["KERAS_BACKEND"] = "jax"
import jax.numpy as jnp
import keras

x, t = jnp.zeros((0, 3)), jnp.zeros((0, 3))
print("shape of the mean:", keras.losses.BinaryCrossentropy(from_logits=True)(t, x).shape)
print("shape of a sum over nothing:", jnp.sum(x).shape)
