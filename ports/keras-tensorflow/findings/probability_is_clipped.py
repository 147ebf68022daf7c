"""binary_crossentropy clips a probability to [1e-7, 1 - 1e-7]: beyond, the gradient is 0."""

import math
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras

import tensorflow as tf

for p in (0.5, 1e-6, 1e-8):
    x = tf.constant([p], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = keras.ops.binary_crossentropy(tf.ones_like(x), x)
    gradient = tape.gradient(loss, x).numpy().item()
    print(f"p={p} t=1: loss {loss.numpy().item():.8f} exact {-math.log(p):.8f},", end=" ")
    print(f"gradient {gradient:.8g} exact {-1 / p:.8g}")
