"""MXNet as a port of lossproof: the losses of mxnet.gluon.loss, one for each sample of a batch.

Its losses are means over all dimensions but the first, as MultiLabelSoftMarginLoss is for (N, C).
"""

import sys
from pathlib import Path

import mxnet
from mxnet import gluon

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Framework, Loss, from_numpy, serve, to_numpy, versions

SNIPPET = """\
import mxnet
import numpy as np

mxnet.util.set_np_shape(True)

def array(values, dtype, shape):
    return mxnet.nd.array(np.array(values, dtype).reshape(shape), dtype=dtype)

def values(array):
    return array.asnumpy().tolist()

def gradient(loss, input, upstream):
    input.attach_grad()
    with mxnet.autograd.record():
        value = loss(input)
    value.backward(upstream)
    return input.grad
"""


class MXNet(Framework):
    """Arrays of mxnet.np, and gradients of mxnet.autograd."""

    name = "mxnet"
    snippet = SNIPPET
    refusals = (*Framework.refusals, mxnet.MXNetError)

    def version(self):
        return versions("mxnet")

    def tensor(self, tensor, layout="contiguous"):
        array = to_numpy(tensor)
        return mxnet.nd.array(array, dtype=array.dtype)

    def settle(self, array):
        array.wait_to_read()  # errors are asynchronous
        return array

    def to_wire(self, array):
        return from_numpy(array.asnumpy())

    def gradients(self, loss, inputs, wrt, upstream, layout):
        for name in wrt:
            inputs[name].attach_grad()
        with mxnet.autograd.record():
            value = loss(inputs)
        value.backward(upstream)
        return value, {name: inputs[name].grad for name in wrt}


mxnet.util.set_np_shape(True)  # shapes of no dimension, and of no element


def multi_label_soft_margin(input, target):
    return gluon.loss.SigmoidBinaryCrossEntropyLoss()(input, target)


def cross_entropy(input, target):
    sparse = target.ndim < input.ndim
    return gluon.loss.SoftmaxCrossEntropyLoss(axis=1, sparse_label=sparse)(input, target)


serve(
    Loss(
        multi_label_soft_margin,
        "MultiLabelSoftMarginLoss",
        framework=MXNet(),
        reduction="none",
        without=["rank:3+"],
    ),
    Loss(
        cross_entropy,
        "CrossEntropyLoss",
        framework=MXNet(),
        reduction="none",
        without=["rank:3+"],
    ),
    name="mxnet.gluon.loss",
    version=versions("mxnet"),
)
