"""PaddlePaddle as a port of lossproof: the classes of paddle.nn."""

import sys
from pathlib import Path

import paddle

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, serve, versions


def cross_entropy(
    input, target, *, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"
):
    loss = paddle.nn.CrossEntropyLoss(
        weight=weight,
        ignore_index=ignore_index,
        reduction=reduction,
        soft_label=paddle.is_floating_point(target),
        axis=min(1, input.ndim - 1),
        label_smoothing=label_smoothing,
    )
    return loss(input, target)


serve(
    Loss(paddle.nn.BCEWithLogitsLoss),
    Loss(paddle.nn.MultiLabelSoftMarginLoss),
    Loss(paddle.nn.BCELoss),
    Loss(cross_entropy, "CrossEntropyLoss", framework="paddle"),
    name="paddle",
    version=versions("paddlepaddle"),
)
