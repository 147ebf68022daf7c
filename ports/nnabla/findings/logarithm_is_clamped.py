"""binary_cross_entropy: the loss of a probability of 0 is that of the smallest normal number."""

import numpy as np

import nnabla
from nnabla import functions

for x in (1e-30, 1e-38, 0.0):
    p, t = (nnabla.Variable.from_numpy_array(np.float32([[v]])) for v in (x, 1))
    loss = functions.binary_cross_entropy(p, t)
    loss.forward()
    print(f"p={x} t=1: {loss.d.item():.4f}")
print(f"-log of the smallest normal number {-np.log(np.finfo(np.float32).tiny):.4f}")
