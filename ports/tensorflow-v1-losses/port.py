"""tf.compat.v1.losses as a port of lossproof."""

import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, serve, versions

LOSSES = tf.compat.v1.losses
#: The mean of PyTorch is SUM_BY_NONZERO_WEIGHTS, but where a weight is zero; MEAN divides by the
#: sum of the weights.
REDUCTIONS = {
    "none": LOSSES.Reduction.NONE,
    "mean": LOSSES.Reduction.SUM_BY_NONZERO_WEIGHTS,
    "sum": LOSSES.Reduction.SUM,
}


def bce_with_logits(input, target, *, weight=1.0, reduction):
    return LOSSES.sigmoid_cross_entropy(target, input, weight, reduction=reduction)


def bce(input, target, *, weight=1.0, reduction):
    return LOSSES.log_loss(target, input, weight, reduction=reduction)


def classes_last(array):
    return tf.experimental.numpy.moveaxis(array, min(1, array.shape.rank - 1), -1)


def cross_entropy(input, target, *, label_smoothing=0, reduction):
    if label_smoothing and not target.dtype.is_floating:  # the loss of class indices has none
        axis = min(1, input.shape.rank - 1)
        target = tf.one_hot(target, input.shape[axis], axis=axis, dtype=input.dtype)
    if target.dtype.is_floating:
        return LOSSES.softmax_cross_entropy(
            classes_last(target), classes_last(input),
            label_smoothing=label_smoothing, reduction=reduction,
        )  # fmt: skip
    return LOSSES.sparse_softmax_cross_entropy(target, classes_last(input), reduction=reduction)


serve(
    Loss(bce_with_logits, "BCEWithLogitsLoss", framework="tensorflow", reduction=REDUCTIONS),
    Loss(bce, "BCELoss", framework="tensorflow", reduction=REDUCTIONS),
    Loss(cross_entropy, "CrossEntropyLoss", framework="tensorflow", reduction=REDUCTIONS),
    name="tf.compat.v1.losses",
    version=versions("tensorflow"),
)
