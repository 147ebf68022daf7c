"""sklearn._loss as a port of lossproof: the losses of scikit-learn's estimators, with gradients.

They take one target for each sample, which is a number of its dtype.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn._loss.loss import HalfBinomialLoss, HalfMultinomialLoss

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, samples, serve, versions


def bce_with_logits(input, target, *, weight=None):
    return pointwise(HalfBinomialLoss().loss, input, target, weight)


def bce_with_logits_gradient(input, target, *, weight=None):
    return pointwise(HalfBinomialLoss().gradient, input, target, weight)


def pointwise(function, input, target, weight):
    return function(*samples(target, input, weight)).reshape(input.shape)


def multinomial(input, target):
    loss = HalfMultinomialLoss(n_classes=input.shape[1])
    return loss, np.asarray(target, input.dtype), np.ascontiguousarray(input)


def cross_entropy(input, target):
    loss, target, input = multinomial(input, target)
    return loss.loss(target, input)


def cross_entropy_gradient(input, target):
    loss, target, input = multinomial(input, target)
    return loss.gradient(target, input)


serve(
    Loss(
        bce_with_logits,
        "BCEWithLogitsLoss",
        framework="numpy",
        gradient=bce_with_logits_gradient,
        without=["weight:broadcast"],
    ),
    Loss(
        cross_entropy,
        "CrossEntropyLoss",
        framework="numpy",
        gradient=cross_entropy_gradient,
        without=["one_class"],
    ),
    name="sklearn._loss",
    version=versions("scikit-learn"),
)
