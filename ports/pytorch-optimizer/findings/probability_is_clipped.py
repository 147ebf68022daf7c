"""BCELoss clips a probability to [1e-6, 1 - 1e-6]: beyond, the gradient is 0."""

import torch
from pytorch_optimizer.loss import BCELoss

for p in (1e-5, 1e-7, -1.0):
    found = []
    for loss in (BCELoss(), torch.nn.BCELoss()):
        x = torch.tensor([p], requires_grad=True)
        try:
            value = loss(x, torch.ones(1))
            value.backward()
            found.append(f"loss {value.item():.4f} gradient {x.grad.item():.6g}")
        except RuntimeError:
            found.append("refused")
    print(f"p={p} t=1: {found[0]}, torch.nn.BCELoss {found[1]}")
