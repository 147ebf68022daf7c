"""segmentation_models_pytorch.losses as a port of lossproof."""

import sys
from pathlib import Path

from segmentation_models_pytorch.losses import SoftBCEWithLogitsLoss, SoftCrossEntropyLoss

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, serve, versions


def cross_entropy(input, target, *, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    loss = SoftCrossEntropyLoss(
        reduction=reduction,
        smooth_factor=label_smoothing,
        ignore_index=ignore_index,
        dim=min(1, input.ndim - 1),
    )
    return loss(input, target)


serve(
    Loss(SoftBCEWithLogitsLoss, "BCEWithLogitsLoss", framework="torch"),
    Loss(cross_entropy, "CrossEntropyLoss", framework="torch"),
    name="segmentation_models_pytorch.losses",
    version=versions("segmentation-models-pytorch", "torch"),
)
