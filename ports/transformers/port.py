"""transformers.trainer_pt_utils.LabelSmoother as a port of lossproof."""

import sys
from pathlib import Path

import torch
from transformers.trainer_pt_utils import LabelSmoother

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, serve, versions


def cross_entropy(input, target, *, ignore_index=-100, label_smoothing=0.0):
    smoother = LabelSmoother(epsilon=label_smoothing, ignore_index=ignore_index)
    classes_last = torch.movedim(input, min(1, input.ndim - 1), -1)
    return smoother({"logits": classes_last}, target)


serve(
    Loss(cross_entropy, "CrossEntropyLoss", framework="torch"),
    name="transformers.LabelSmoother",
    version=versions("transformers", "torch"),
)
