"""The gradient of CategoricalCrossentropy is softmax(x) - labels, whatever they add up to."""

import tf_keras as keras

import tensorflow as tf

for labels in ([0.25, 0.75], [1.0, 1.0]):
    labels, x = tf.constant([labels]), tf.constant([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)(labels, x)
    exact = tf.reduce_sum(labels) * tf.nn.softmax(x) - labels
    print(f"labels {labels.numpy()[0].tolist()}: loss {loss.numpy():.6f},", end=" ")
    print(f"gradient {tape.gradient(loss, x).numpy()[0]} exact {exact.numpy()[0]}")
