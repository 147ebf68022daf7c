"""pytorch_toolbelt.losses as a port of lossproof: its focal loss at gamma 0, and its smoothing."""

import sys
from pathlib import Path

from pytorch_toolbelt.losses import BinaryFocalLoss, SoftCrossEntropyLoss

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, serve, versions


def bce_with_logits(input, target, *, reduction="mean"):
    return BinaryFocalLoss(alpha=None, gamma=0.0, reduction=reduction)(input, target)


def cross_entropy(input, target, *, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    loss = SoftCrossEntropyLoss(
        reduction=reduction,
        smooth_factor=label_smoothing,
        ignore_index=ignore_index,
        dim=min(1, input.ndim - 1),
    )
    return loss(input, target)


serve(
    Loss(bce_with_logits, "BCEWithLogitsLoss", framework="torch"),
    Loss(cross_entropy, "CrossEntropyLoss", framework="torch"),
    name="pytorch_toolbelt.losses",
    version=versions("pytorch-toolbelt", "torch"),
)
