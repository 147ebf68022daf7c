"""MultiLabelSoftMarginLoss broadcasts targets, and may then average over the wrong axis."""

import torch

module = torch.nn.MultiLabelSoftMarginLoss(reduction="none")
zeros = torch.zeros
print("input (3, 1), target (3, 5):", module(zeros(3, 1), zeros(3, 5)).tolist())
print("input (3, 1), target (3, 1):", module(zeros(3, 1), zeros(3, 1)).tolist())
print("input (3,), target (3, 1):", module(zeros(3), zeros(3, 1)).shape)
try:
    torch.nn.BCEWithLogitsLoss(reduction="none")(zeros(3, 1), zeros(3, 5))
except ValueError as err:
    print("BCEWithLogitsLoss:", err)
