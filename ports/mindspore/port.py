"""MindSpore as a port of lossproof: the classes of mindspore.nn, in PyNative mode."""

import sys
from pathlib import Path

import mindspore

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, Rejected, serve, versions

mindspore.set_context(mode=mindspore.PYNATIVE_MODE, pynative_synchronize=True)
ELEMENTWISE = ("BCEWithLogitsLoss", "MultiLabelSoftMarginLoss", "BCELoss")


def cross_entropy(
    input, target, *, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"
):
    if target.dtype == mindspore.int64:  # class indices are int32
        indices = target.asnumpy()
        target = mindspore.Tensor(indices.astype("int32"))
        if (target.asnumpy() != indices).any():
            raise Rejected("a class index is no int32", "value")
    loss = mindspore.nn.CrossEntropyLoss(
        weight=weight,
        ignore_index=ignore_index,
        reduction=reduction,
        label_smoothing=label_smoothing,
    )
    return loss(input, target)


serve(
    *(Loss(getattr(mindspore.nn, module)) for module in ELEMENTWISE),
    Loss(cross_entropy, "CrossEntropyLoss", framework="mindspore"),
    name="mindspore",
    version=versions("mindspore"),
    slow=True,
)
