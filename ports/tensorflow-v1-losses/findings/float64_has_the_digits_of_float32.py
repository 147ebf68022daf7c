"""The losses compute their sums in float32, and log_loss all of it, for float64."""

import tensorflow as tf

losses = tf.compat.v1.losses
x, t = tf.constant([[1.0]], tf.float64), tf.constant([[0.0]], tf.float64)
for reduction in ("none", "weighted_sum"):
    loss = losses.sigmoid_cross_entropy(t, x, reduction=reduction)
    print(f"sigmoid_cross_entropy, {reduction}: {loss.dtype.name} {loss.numpy().item()!r}")
exact = tf.nn.sigmoid_cross_entropy_with_logits(t, x)
print(f"tf.nn.sigmoid_cross_entropy_with_logits: {exact.dtype.name} {exact.numpy().item()!r}")
loss = losses.log_loss(t, x / 2)
print(f"log_loss: {loss.dtype.name}")
