"""BCEWithLogitsLoss compiled takes integer targets, and its losses are integers then."""

import torch

loss = torch.nn.BCEWithLogitsLoss(reduction="none")
compiled = torch.compile(loss, dynamic=True)
x, t = torch.tensor([0.5, -3.0]), torch.tensor([1, 1])
try:
    loss(x, t)
except RuntimeError as err:
    print("BCEWithLogitsLoss raises", err)
print("compiled, targets of int64:", compiled(x, t))
print("BCEWithLogitsLoss, targets of float32:", loss(x, t.float()))
