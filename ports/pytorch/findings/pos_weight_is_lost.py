"""BCEWithLogitsLoss: a small pos_weight p is lost in the factors (p-1)*t+1 and p*t+1-t."""

import math

import torch

logits = torch.tensor([-1.0, 1.0], dtype=torch.float64, requires_grad=True)
targets = torch.ones_like(logits)
for p in (1e-3, 1e-15, 1e-30):
    module = torch.nn.BCEWithLogitsLoss(
        pos_weight=torch.tensor(p, dtype=torch.float64), reduction="none"
    )
    loss = module(logits, targets)
    (gradient,) = torch.autograd.grad(loss.sum(), logits)
    print(f"p={p}: loss {loss.tolist()}, gradient {gradient.tolist()}")
    exact = [p * math.log1p(math.exp(-x)) for x in logits.tolist()]
    slopes = [-p / (1 + math.exp(x)) for x in logits.tolist()]
    print(f"  exact: loss {exact}, gradient {slopes}")
