"""Losses in NumPy that the tests check: right ones, and wrong ones."""

import os
import time

import numpy as np
from losses import bce_with_logits


def right(input, target, *, weight=None, pos_weight=None, reduction="mean"):
    return bce_with_logits(input, target, weight, pos_weight, reduction)[0]


def slope(input, target, *, weight=None, pos_weight=None, reduction="mean", grad_output=None):
    return bce_with_logits(input, target, weight, pos_weight, reduction, grad_output)[1]


def pos_weight_on_whole_loss(input, target, *, weight=None, pos_weight=None, reduction="mean"):
    loss = bce_with_logits(input, target, weight, None, "none")[0]
    if pos_weight is not None:
        loss = loss * pos_weight
    return {"none": lambda x: x, "mean": np.mean, "sum": np.sum}[reduction](loss)


def refuses_nothing(input, target, *, reduction="mean"):
    loss = np.maximum(input, 0) - input * target + np.log1p(np.exp(-np.abs(input)))
    return {"mean": np.mean, "sum": np.sum}.get(reduction, np.asarray)(loss)


def reads_as_contiguous(input, target, *, reduction="mean"):
    strides = np.empty(input.shape, input.dtype).strides
    flat = np.lib.stride_tricks.as_strided(input, input.shape, strides)
    return bce_with_logits(flat, target, reduction=reduction)[0]


def crashes(input, target, *, reduction="mean"):
    if input.shape == (3, 3):
        os._exit(7)
    return bce_with_logits(input, target, reduction=reduction)[0]


def raises(input, target, *, reduction="mean"):
    if input.ndim == 3 and input.shape != (2, 3, 2):
        return {}["boom"]
    return bce_with_logits(input, target, reduction=reduction)[0]


def hangs(input, target, *, reduction="mean"):
    if input.shape == (3, 3):
        time.sleep(60)
    return bce_with_logits(input, target, reduction=reduction)[0]


class Options:
    """A class as those of torch.nn are."""

    def __init__(self, weight=None, reduction="mean", pos_weight=None):
        self.arguments = (weight, pos_weight, reduction)

    def __call__(self, input, target):
        return bce_with_logits(input, target, *self.arguments)[0]

    def method(self, logits, labels):
        return bce_with_logits(logits, labels, *self.arguments)[0]
