"""SoftCrossEntropyLoss raises with its default arguments: smooth_factor is None."""

import torch
from segmentation_models_pytorch.losses import SoftCrossEntropyLoss

logits, target = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([2])
for loss in (SoftCrossEntropyLoss(), SoftCrossEntropyLoss(smooth_factor=0.0)):
    try:
        print(f"smooth_factor={loss.smooth_factor}: {loss(logits, target)}")
    except TypeError as err:
        print(f"smooth_factor={loss.smooth_factor}: TypeError: {err}")
