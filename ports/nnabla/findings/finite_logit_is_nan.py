"""sigmoid_cross_entropy doubles a negative logit: the loss of the most negative ones is NaN."""

import numpy as np

import nnabla
from nnabla import functions

for x in (-1e38, -1.7e38, -1.8e38, -3e38):
    logit, target = (nnabla.Variable.from_numpy_array(np.float32([[v]])) for v in (x, 0))
    loss = functions.sigmoid_cross_entropy(logit, target)
    loss.forward()
    print(f"x={x} t=0: {loss.d.item()}")
