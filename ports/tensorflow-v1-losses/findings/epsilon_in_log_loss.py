"""log_loss adds epsilon, 1e-7, to the probability, for every probability."""

import math

import tensorflow as tf

for p in (0.5, 1e-4, 1e-8):
    x = tf.constant([[p]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.compat.v1.losses.log_loss(tf.ones_like(x), x)
    gradient = tape.gradient(loss, x).numpy().item()
    print(f"p={p} t=1: loss {loss.numpy():.6f} exact {-math.log(p):.6f},", end=" ")
    print(f"gradient {gradient:.6g} exact {-1 / p:.6g}")
