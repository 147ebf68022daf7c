"""BCEWithLogitsLoss: the gradient sigmoid(x) - t cancels where x is positive and t > 0."""

import math

import torch

for dtype, x in ((torch.float32, 10.0), (torch.float32, 20.0), (torch.float64, 40.0)):
    logits = torch.tensor([[x]], dtype=dtype, requires_grad=True)
    targets = torch.ones_like(logits)
    gradients = {}
    for module in (torch.nn.BCEWithLogitsLoss(), torch.nn.MultiLabelSoftMarginLoss()):
        (gradient,) = torch.autograd.grad(module(logits, targets), logits)
        gradients[type(module).__name__] = gradient.item()
    print(f"{dtype} x={x} t=1: {gradients}, exact {-1 / (1 + math.exp(x))}")
