"""NNabla as a port of lossproof: nnabla.functions, which reduce nothing and compute in float32."""

import sys
from pathlib import Path

import numpy as np

import nnabla
from nnabla import functions

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Framework, Loss, from_numpy, serve, to_numpy, versions

SNIPPET = """\
import nnabla
import numpy as np

def array(values, dtype, shape):
    variable = nnabla.Variable(shape)
    variable.data.cast(np.dtype(dtype))[...] = np.array(values, dtype).reshape(shape)
    return variable

def values(array):
    if isinstance(array, nnabla.Variable):
        array.forward()
        array = array.d
    return array.tolist()

def gradient(loss, input, upstream):
    input.need_grad = True
    input.g = 0
    value = loss(input)
    value.forward()
    value.backward(np.ones(value.shape) if upstream is None else upstream.d)
    return input.g
"""


class NNabla(Framework):
    """Variables, and gradients of their graph."""

    name = "nnabla"
    snippet = SNIPPET

    def version(self):
        return versions("nnabla")

    def tensor(self, tensor, layout="contiguous"):
        array = to_numpy(tensor)
        variable = nnabla.Variable(array.shape)
        variable.data.cast(array.dtype)[...] = array
        return variable

    def to_wire(self, array):
        if isinstance(array, nnabla.Variable):
            if array.parent is not None:
                array.forward()
            array = array.d
        return from_numpy(array)

    def gradients(self, loss, inputs, wrt, upstream, layout):
        for name in wrt:
            inputs[name].need_grad = True
            inputs[name].g = 0
        value = loss(inputs)
        value.forward()
        value.backward(np.ones(value.shape) if upstream is None else upstream.d)
        return value, {name: inputs[name].g.copy() for name in wrt}


def classes_last(array):
    return functions.transpose(array, (0, *range(2, array.ndim), 1))


def bce_with_logits(input, target):
    return functions.sigmoid_cross_entropy(input, target)


def bce(input, target):
    return functions.binary_cross_entropy(input, target)


def cross_entropy(input, target):
    rows = (input.shape[0], 1, *input.shape[2:])  # labels keep the dimension of the classes
    if target.shape == input.shape:
        raise ValueError("softmax_cross_entropy takes labels alone")
    return functions.reshape(
        functions.softmax_cross_entropy(input, functions.reshape(target, rows), axis=1),
        target.shape,
    )


FRAMEWORK = NNabla()
#: Given in whole: a small call without elements would end the process.
WITHOUT = [
    *("empty", "weight", "mixed_dtype", "rank:0", "legacy_reduction"),
    *("reduction:mean", "reduction:sum"),
]
CLAIM = {"dtypes": ["float32"], "outputs": ["loss", "grad_input"], "without": WITHOUT}
LOGITS = {**CLAIM, "without": ["pos_weight", *WITHOUT]}
ROWS = {
    **CLAIM,
    "without": [
        "class_probabilities",
        "ignore_index",
        "label_smoothing",
        "rank:1",
        *WITHOUT[:3],
        *WITHOUT[4:],
    ],
}

serve(
    Loss(bce_with_logits, "BCEWithLogitsLoss", framework=FRAMEWORK, reduction="none", claim=LOGITS),
    Loss(bce, "BCELoss", framework=FRAMEWORK, reduction="none", claim=CLAIM),
    Loss(cross_entropy, "CrossEntropyLoss", framework=FRAMEWORK, reduction="none", claim=ROWS),
    name="nnabla.functions",
    version=versions("nnabla"),
)
