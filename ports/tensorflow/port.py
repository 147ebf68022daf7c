"""TensorFlow as a port of lossproof: the losses of tf.nn, which reduce nothing."""

import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, serve, versions


def bce_with_logits(input, target, *, pos_weight=None):
    if pos_weight is None:
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=input)
    return tf.nn.weighted_cross_entropy_with_logits(
        labels=target, logits=input, pos_weight=pos_weight
    )


def cross_entropy(input, target):
    axis = min(1, input.shape.rank - 1)  # of the classes
    if target.dtype.is_floating:
        return tf.nn.softmax_cross_entropy_with_logits(labels=target, logits=input, axis=axis)
    classes_last = tf.experimental.numpy.moveaxis(input, axis, -1)
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=classes_last)


serve(
    Loss(bce_with_logits, "BCEWithLogitsLoss", framework="tensorflow"),
    Loss(cross_entropy, "CrossEntropyLoss", framework="tensorflow"),
    name="tf.nn",
    version=versions("tensorflow"),
)
