"""HalfMultinomialLoss does not refuse a class index beyond the classes: no logit is subtracted."""

import numpy as np
from sklearn._loss.loss import HalfMultinomialLoss

loss = HalfMultinomialLoss(n_classes=3)
for index in (2.0, 3.0, -1.0):
    print(f"index {index}: {loss.loss(np.array([index]), np.array([[1.0, 2.0, 3.0]]))[0]:.4f}")
print(f"log(sum(exp(x))): {np.log(np.exp([1.0, 2.0, 3.0]).sum()):.4f}")
