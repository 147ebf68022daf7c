"""Chainer as a port of lossproof: chainer.functions.softmax_cross_entropy.

sigmoid_cross_entropy takes labels that are integers, which no loss of PyTorch of logits does.
"""

import sys
from pathlib import Path

import numpy as np

import chainer
from chainer import functions

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Framework, Loss, from_numpy, serve, to_numpy, versions

SNIPPET = """\
import chainer
import numpy as np

def array(values, dtype, shape):
    return np.array(values, dtype).reshape(shape)

def values(array):
    return getattr(array, "array", array).tolist()

def gradient(loss, input, upstream):
    leaf = chainer.Variable(input)
    value = loss(leaf)
    value.grad = np.ones_like(value.array) if upstream is None else upstream
    value.backward()
    return leaf.grad
"""


class Chainer(Framework):
    """Variables, and gradients of chainer.grad."""

    name = "chainer"
    snippet = SNIPPET
    refusals = (*Framework.refusals, chainer.utils.type_check.InvalidType)

    def version(self):
        return versions("chainer")

    def tensor(self, tensor, layout="contiguous"):
        return to_numpy(tensor)

    def to_wire(self, array):
        return from_numpy(getattr(array, "array", array))

    def gradients(self, loss, inputs, wrt, upstream, layout):
        leaves = {name: chainer.Variable(inputs[name]) for name in wrt}
        value = loss({**inputs, **leaves})
        value.grad = np.ones_like(value.array) if upstream is None else upstream
        value.backward()
        return value, {name: leaf.grad for name, leaf in leaves.items()}


#: What the functions call reduce; their 'mean' is PyTorch's with normalize.
REDUCTIONS = {"none": "no", "mean": "mean"}


def cross_entropy(input, target, *, weight=None, ignore_index=-100, reduction):
    return functions.softmax_cross_entropy(
        input, target, class_weight=weight, ignore_label=ignore_index, reduce=reduction
    )


serve(
    Loss(cross_entropy, "CrossEntropyLoss", framework=Chainer(), reduction=REDUCTIONS),
    name="chainer.functions",
    version=versions("chainer"),
)
