"""timm.loss as a port of lossproof: its smoothed losses of logits and of class indices."""

import sys
from pathlib import Path

from timm.loss import BinaryCrossEntropy, LabelSmoothingCrossEntropy

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, serve, versions


def bce_with_logits(input, target, *, weight=None, pos_weight=None, reduction="mean"):
    loss = BinaryCrossEntropy(
        smoothing=0.0, weight=weight, pos_weight=pos_weight, reduction=reduction
    )
    return loss(input, target)


def cross_entropy(input, target, *, label_smoothing=0.0):
    return LabelSmoothingCrossEntropy(smoothing=label_smoothing)(input, target)


serve(
    Loss(bce_with_logits, "BCEWithLogitsLoss", framework="torch"),
    Loss(cross_entropy, "CrossEntropyLoss", framework="torch"),
    name="timm.loss",
    version=versions("timm", "torch"),
)
