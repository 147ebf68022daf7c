"""The losses in pytest: a test for each check of lossproof.

uv pip install lossproof pytest && .venv/bin/pytest
"""

from __future__ import annotations

import functools

import lossproof

import losses


def parts(function):
    """Return the loss and the gradient of the input as functions of their own."""

    @functools.wraps(function)
    def loss(*args, **options):
        return function(*args, **options)[0]

    @functools.wraps(function)
    def gradient(*args, **options):
        return function(*args, **options)[1]

    return loss, gradient


bce_with_logits, bce_with_logits_gradient = parts(losses.bce_with_logits)
multi_label, multi_label_gradient = parts(losses.multi_label_soft_margin)
bce, bce_gradient = parts(losses.bce)
cross_entropy, cross_entropy_gradient = parts(losses.cross_entropy)

#: What the losses call the upstream gradient, and what they do not do.
OPTIONS = {"framework": "numpy", "names": {"grad_output": "upstream"}, "without": ["mixed_dtype"]}
TARGETS = {**OPTIONS, "without": ["mixed_dtype", "integer_targets"]}


@lossproof.conformance("BCEWithLogitsLoss", gradient=bce_with_logits_gradient, **TARGETS)
def test_bce_with_logits():
    return bce_with_logits


@lossproof.conformance("MultiLabelSoftMarginLoss", gradient=multi_label_gradient, **TARGETS)
def test_multi_label_soft_margin():
    return multi_label


@lossproof.conformance("BCELoss", gradient=bce_gradient, **TARGETS)
def test_bce():
    return bce


@lossproof.conformance("CrossEntropyLoss", gradient=cross_entropy_gradient, **OPTIONS)
def test_cross_entropy():
    return cross_entropy
