"""fastai.losses as a port of lossproof: PyTorch's losses, flattened, so without 'none'."""

import sys
from pathlib import Path

from fastai.losses import BCELossFlat, BCEWithLogitsLossFlat, CrossEntropyLossFlat

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, serve, versions

REDUCTIONS = {"mean": "mean", "sum": "sum"}


def bce_with_logits(input, target, *, reduction="mean"):
    return BCEWithLogitsLossFlat(reduction=reduction)(input, target)


def bce(input, target, *, reduction="mean"):
    return BCELossFlat(reduction=reduction)(input, target)


def cross_entropy(
    input, target, *, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"
):
    loss = CrossEntropyLossFlat(
        axis=1 if input.ndim > 2 else -1,
        weight=weight,
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
        reduction=reduction,
    )
    return loss(input, target)


serve(
    Loss(bce_with_logits, "BCEWithLogitsLoss", framework="torch", reduction=REDUCTIONS),
    Loss(bce, "BCELoss", framework="torch", reduction=REDUCTIONS),
    Loss(cross_entropy, "CrossEntropyLoss", framework="torch", reduction=REDUCTIONS),
    name="fastai.losses",
    version=versions("fastai", "torch"),
)
