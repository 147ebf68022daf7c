"""SoftCrossEntropyLoss: reduction="none" keeps the dimension of the classes."""

import torch
from segmentation_models_pytorch.losses import SoftCrossEntropyLoss

input, target = torch.zeros(2, 3, 4, 4), torch.zeros(2, 4, 4, dtype=torch.long)
for loss in (
    SoftCrossEntropyLoss(smooth_factor=0.0, reduction="none"),
    torch.nn.CrossEntropyLoss(reduction="none"),
):
    print(type(loss).__name__, tuple(loss(input, target).shape))
