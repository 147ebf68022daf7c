"""SoftCrossEntropyLoss without smoothing: a class masked by -inf makes the loss NaN."""

import torch
from segmentation_models_pytorch.losses import SoftCrossEntropyLoss

input, target = torch.tensor([[0.0, 0.0, float("-inf")]]), torch.tensor([0])
print("SoftCrossEntropyLoss", SoftCrossEntropyLoss(smooth_factor=0.0)(input, target).item())
print("CrossEntropyLoss    ", torch.nn.CrossEntropyLoss()(input, target).item())
