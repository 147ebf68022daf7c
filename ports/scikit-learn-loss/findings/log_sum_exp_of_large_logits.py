"""HalfMultinomialLoss adds the largest logit to the logarithm: far from 0 the digits are lost."""

import numpy as np
from sklearn._loss.loss import HalfMultinomialLoss

loss = HalfMultinomialLoss(n_classes=2)
for offset in (0, 1e5, 1e7):
    logits = np.float32([[offset + 1, offset - 1]])
    x = logits.astype(np.float64)
    exact = np.logaddexp(*(x[0] - x[0, 0]))
    got = loss.loss(np.float32([0]), logits)[0]
    print(f"logits {logits[0].tolist()}, class 0: loss {got}, exact {exact:.7g}")
