"""BCEWithLogitsLoss returns the dtype of the target: float64 logits lose precision silently."""

import torch

logits = torch.tensor([0.1], dtype=torch.float64)
for dtype in (torch.float64, torch.float32):
    loss = torch.nn.BCEWithLogitsLoss()(logits, torch.ones(1, dtype=dtype))
    print(f"target {dtype}: {loss.item()} ({loss.dtype})")
