"""The gradient of softmax_cross_entropy_with_logits is softmax(x) - labels for any labels.

That is the derivative where they add up to 1, as the documentation demands; for other labels it is
sum(labels)*softmax(x) - labels.
"""

import tensorflow as tf

logits = tf.constant([[1.0, 2.0]], tf.float64)
for labels in ([0.25, 0.75], [1.0, 1.0]):
    labels = tf.constant([labels], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    got = tape.gradient(loss, logits)
    exact = tf.reduce_sum(labels) * tf.nn.softmax(logits) - labels
    print(f"labels {labels.numpy()[0].tolist()}: gradient {got.numpy()[0].round(7).tolist()}"
          f" exact {exact.numpy()[0].round(7).tolist()}")  # fmt: skip
