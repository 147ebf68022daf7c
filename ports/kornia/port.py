"""kornia.losses as a port of lossproof: its focal losses at gamma 0.

Of a softmax its mean is over all elements, classes included, as it documents: only the sum is
PyTorch's. Weights of classes belong to the dimension 1, PyTorch's to the last.
"""

import sys
from pathlib import Path

from kornia.core.exceptions import BaseError
from kornia.losses import binary_focal_loss_with_logits, focal_loss

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, Torch, serve, versions


class Kornia(Torch):
    """PyTorch, and the exceptions of kornia's checks."""

    refusals = (*Torch.refusals, BaseError)


KORNIA = Kornia()


def bce_with_logits(input, target, *, reduction="mean"):
    return binary_focal_loss_with_logits(
        input, target, alpha=None, gamma=0.0, reduction=reduction, ignore_index=None
    )


def cross_entropy(input, target, *, weight=None, ignore_index=-100):
    return focal_loss(
        input,
        target,
        alpha=None,
        gamma=0.0,
        reduction="sum",
        weight=weight,
        ignore_index=ignore_index,
    )


serve(
    Loss(bce_with_logits, "BCEWithLogitsLoss", framework=KORNIA),
    Loss(cross_entropy, "CrossEntropyLoss", framework=KORNIA, reduction="sum"),
    name="kornia.losses",
    version=versions("kornia", "torch"),
)
