"""FocalLoss at gamma 0: the gradient of a confident negative is 1 - sigmoid(-x), which cancels."""

import math

import torch
from monai.losses import FocalLoss

for x in (-10.0, -17.0, -20.0):
    gradients = []
    for loss in (FocalLoss(gamma=0), torch.nn.BCEWithLogitsLoss()):
        logit = torch.tensor([[x]], requires_grad=True)
        loss(logit, torch.zeros(1, 1)).backward()
        gradients.append(logit.grad.item())
    print(f"x={x} t=0: FocalLoss {gradients[0]}, BCEWithLogitsLoss {gradients[1]}", end=", ")
    print(f"exact {1 / (1 + math.exp(-x))}")
