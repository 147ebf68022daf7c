"""monai.losses.FocalLoss at gamma 0 as a port of lossproof.

Of a softmax its mean is over all elements, classes included, as it documents: only the sum is
PyTorch's, and for (N, C).
"""

import sys
from pathlib import Path

from monai.losses import FocalLoss

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, serve, versions


def bce_with_logits(input, target, *, reduction="mean"):
    return FocalLoss(gamma=0, reduction=reduction)(input, target)


def cross_entropy(input, target):
    return FocalLoss(gamma=0, use_softmax=True, reduction="sum")(input, target)


serve(
    Loss(bce_with_logits, "BCEWithLogitsLoss", framework="torch"),
    Loss(
        cross_entropy,
        "CrossEntropyLoss",
        framework="torch",
        reduction="sum",
        without=["integer_targets", "rank:3+"],
    ),
    name="monai.losses.FocalLoss",
    version=versions("monai", "torch"),
)
