"""MLX as a port of lossproof: mlx.nn.losses, on the CPU."""

import sys
from pathlib import Path

from mlx.nn import losses

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, serve, versions


def cross_entropy(input, target, *, label_smoothing=0.0, reduction="mean"):
    return losses.cross_entropy(
        input,
        target,
        axis=min(1, input.ndim - 1),
        label_smoothing=label_smoothing,
        reduction=reduction,
    )


serve(
    Loss(losses.binary_cross_entropy, "BCEWithLogitsLoss", arguments={"with_logits": True}),
    Loss(losses.binary_cross_entropy, "BCELoss", arguments={"with_logits": False}),
    Loss(cross_entropy, "CrossEntropyLoss", framework="mlx"),
    name="mlx",
    version=versions("mlx"),
)
