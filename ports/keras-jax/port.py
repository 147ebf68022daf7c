"""Keras 3 as a port of lossproof, on the backend that KERAS_BACKEND names.

keras.ops has the loss of each element; the classes of keras.losses take means over the last axis,
as MultiLabelSoftMarginLoss does. They compute in the dtype that they are given.
"""

import os
import sys
from pathlib import Path

import keras

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from adapter import Loss, serve, versions

BACKEND = os.environ["KERAS_BACKEND"]
if BACKEND == "jax":
    import jax

    jax.config.update("jax_enable_x64", True)

REDUCTIONS = {"none": "none", "mean": "sum_over_batch_size", "sum": "sum"}

#: CategoricalCrossentropy, which has the smoothing, has no ignore_class.
WITHOUT = ["class_probabilities+ignore_index", "label_smoothing+ignore_index"]


def dtype(array):
    return keras.backend.standardize_dtype(array.dtype)


def bce_with_logits(input, target):
    return keras.ops.binary_crossentropy(target, input, from_logits=True)


def bce(input, target):
    return keras.ops.binary_crossentropy(target, input, from_logits=False)


def multi_label_soft_margin(input, target, *, reduction):
    loss = keras.losses.BinaryCrossentropy(
        from_logits=True, reduction=reduction, dtype=dtype(input)
    )
    return loss(target, input)


def cross_entropy(input, target, *, reduction, ignore_index=None, label_smoothing=0.0):
    axis = min(1, input.ndim - 1)
    options = {"axis": axis, "reduction": reduction, "dtype": dtype(input)}
    if label_smoothing and "float" not in dtype(target):  # the loss of class indices has none
        target = keras.ops.one_hot(target, input.shape[axis], axis=axis, dtype=dtype(input))
    if "float" in dtype(target):
        options["label_smoothing"] = label_smoothing
        if ignore_index is not None:
            options["ignore_class"] = ignore_index  # there is no such argument
        return keras.losses.CategoricalCrossentropy(from_logits=True, **options)(target, input)
    loss = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, ignore_class=ignore_index, **options
    )
    return loss(target, input)


serve(
    Loss(bce_with_logits, "BCEWithLogitsLoss", framework="keras"),
    Loss(
        multi_label_soft_margin, "MultiLabelSoftMarginLoss", framework="keras", reduction=REDUCTIONS
    ),
    Loss(bce, "BCELoss", framework="keras"),
    Loss(
        cross_entropy,
        "CrossEntropyLoss",
        framework="keras",
        reduction=REDUCTIONS,
        without=WITHOUT,
    ),
    name=f"keras on {BACKEND}",
    version=versions("keras", BACKEND),
    slow=BACKEND == "jax",
)
