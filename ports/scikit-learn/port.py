"""sklearn.metrics.log_loss as a port of lossproof, for labels of two classes."""

import sys
from pathlib import Path

from sklearn.metrics import log_loss

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, samples, serve, versions


def bce(input, target, *, normalize):
    target, input = samples(target, input)
    return log_loss(target, input, normalize=normalize, labels=[0, 1])


serve(
    Loss(
        bce,
        "BCELoss",
        framework="numpy",
        names={"reduction": "normalize"},
        reduction={"mean": True, "sum": False},
    ),
    name="sklearn.metrics.log_loss",
    version=versions("scikit-learn"),
)
