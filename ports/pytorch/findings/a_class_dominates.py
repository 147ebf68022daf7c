"""CrossEntropyLoss: -log_softmax cancels where the target's logit is far above the others."""

import math

import torch

for dtype, gap in ((torch.float32, 10.0), (torch.float32, 20.0), (torch.float64, 40.0)):
    logits = torch.tensor([[gap, 0.0]], dtype=dtype, requires_grad=True)
    loss = torch.nn.CrossEntropyLoss()(logits, torch.tensor([0]))
    (gradient,) = torch.autograd.grad(loss, logits)
    exact = math.log1p(math.exp(-gap))
    share = math.exp(-gap) / (1 + math.exp(-gap))
    print(f"{dtype} x=({gap}, 0), class 0: loss {loss.item()}, exact {exact}")
    print(f"  gradient {gradient[0].tolist()}, exact {[-share, share]}")
