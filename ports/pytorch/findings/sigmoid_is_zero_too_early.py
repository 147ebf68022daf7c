"""BCEWithLogitsLoss: for t = 0 the gradient is 0 where exp(-x) overflows, which is too early."""

import math

import torch

for dtype, x in ((torch.float32, -88.0), (torch.float32, -89.0), (torch.float64, -710.0)):
    logits = torch.full((8,), x, dtype=dtype, requires_grad=True)  # 8: the vectorized kernel
    loss = torch.nn.BCEWithLogitsLoss(reduction="sum")(logits, torch.zeros_like(logits))
    (gradient,) = torch.autograd.grad(loss, logits)
    print(f"{dtype} x={x} t=0: gradient {gradient[0].item()}, exact {math.exp(x)}")
