"""sigmoid_cross_entropy truncates targets to integers, binary_cross_entropy does not."""

import numpy as np

import nnabla
from nnabla import functions


def loss(function, x, t):
    x, t = (nnabla.Variable.from_numpy_array(np.float32([[v]])) for v in (x, t))
    result = function(x, t)
    result.forward()
    return result.d.item()


for t in (0.0, 0.5, 0.9, 1.0):
    got = loss(functions.sigmoid_cross_entropy, 1.0, t)
    other = loss(functions.binary_cross_entropy, 1 / (1 + np.exp(-1.0)), t)
    print(f"x=1 t={t}: sigmoid_cross_entropy {got:.4f}, binary_cross_entropy {other:.4f}")
