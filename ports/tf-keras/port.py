"""Keras 2 as a port of lossproof: package tf-keras, on TensorFlow.

Its backend has the loss of each element; the classes of keras.losses take means over the last axis,
as MultiLabelSoftMarginLoss does.
"""

import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import tf_keras as keras

import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, serve, versions

REDUCTIONS = {"none": "none", "mean": "sum_over_batch_size", "sum": "sum"}

#: CategoricalCrossentropy, which has the smoothing, has no ignore_class.
WITHOUT = ["class_probabilities+ignore_index", "label_smoothing+ignore_index"]


def bce_with_logits(input, target):
    return keras.backend.binary_crossentropy(target, input, from_logits=True)


def bce(input, target):
    return keras.backend.binary_crossentropy(target, input, from_logits=False)


def multi_label_soft_margin(input, target, *, reduction):
    return keras.losses.BinaryCrossentropy(from_logits=True, reduction=reduction)(target, input)


def cross_entropy(input, target, *, reduction, ignore_index=None, label_smoothing=0.0):
    axis = min(1, input.shape.rank - 1)
    options = {"from_logits": True, "reduction": reduction}
    classes_last = tf.experimental.numpy.moveaxis(input, axis, -1)
    if label_smoothing and not target.dtype.is_floating:  # the loss of class indices has none
        target = tf.one_hot(target, input.shape[axis], axis=axis, dtype=input.dtype)
    if target.dtype.is_floating:
        if ignore_index is not None:
            options["ignore_class"] = ignore_index  # there is no such argument
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=label_smoothing, **options)
        return loss(tf.experimental.numpy.moveaxis(target, axis, -1), classes_last)
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=ignore_index, **options)
    return loss(target, classes_last)


serve(
    Loss(bce_with_logits, "BCEWithLogitsLoss", framework="tensorflow"),
    Loss(
        multi_label_soft_margin,
        "MultiLabelSoftMarginLoss",
        framework="tensorflow",
        reduction=REDUCTIONS,
    ),
    Loss(bce, "BCELoss", framework="tensorflow"),
    Loss(
        cross_entropy,
        "CrossEntropyLoss",
        framework="tensorflow",
        reduction=REDUCTIONS,
        without=WITHOUT,
    ),
    name="tf-keras",
    version=versions("tf-keras", "tensorflow"),
)
