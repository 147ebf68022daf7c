"""SoftCrossEntropyLoss: ignored rows count in the divisor of the mean."""

import torch
from pytorch_toolbelt.losses import SoftCrossEntropyLoss

input, target = torch.zeros(4, 3), torch.tensor([0, -100, -100, -100])
print("SoftCrossEntropyLoss", SoftCrossEntropyLoss(smooth_factor=0.0)(input, target).item())
print("CrossEntropyLoss    ", torch.nn.CrossEntropyLoss()(input, target).item())
