"""The gradient of softmax_cross_entropy is softmax(x) - t for any t.

That is the derivative where they add up to 1; for others it is sum(t)*softmax(x) - t.
"""

import numpy as np

import chainer
from chainer import functions

x = np.array([[1.0, 2.0]])
softmax = np.exp(x) / np.exp(x).sum()
for t in ([0.25, 0.75], [1.0, 1.0]):
    t = np.array([t])
    logits = chainer.Variable(x)
    functions.softmax_cross_entropy(logits, t).backward()
    exact = t.sum() * softmax - t
    print(f"t {t[0].tolist()}: gradient {logits.grad[0].round(7).tolist()}"
          f" exact {exact[0].round(7).tolist()}")  # fmt: skip
