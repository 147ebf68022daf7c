"""The gradient of weighted_cross_entropy_with_logits at and beside logit 0."""

import tensorflow as tf

PW = 2.0
for label in (0.0, 1.0):
    for logit in (-0.001, 0.0, 0.001):
        x = tf.Variable(logit)
        with tf.GradientTape() as tape:
            loss = tf.nn.weighted_cross_entropy_with_logits(tf.constant(label), x, PW)
        exact = (1 - label + label * PW) * (1 / (1 + 2.718281828459045**-logit)) - label * PW
        got = float(tape.gradient(loss, x))
        print(f"logit {logit}, label {label:.0f}: gradient {got:.4f} exact {exact:.4f}")
