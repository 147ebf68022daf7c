"""Infinite logits: NaN where the loss has a limit, and not the same in both modules."""

import torch

for x, t in ((torch.inf, 1.0), (-torch.inf, 0.0), (-torch.inf, 1.0)):
    logits, targets = torch.tensor([[x]]), torch.tensor([[t]])
    bce = torch.nn.BCEWithLogitsLoss()(logits, targets).item()
    mlsm = torch.nn.MultiLabelSoftMarginLoss()(logits, targets).item()
    limit = torch.nn.functional.softplus(torch.tensor(x if t == 0 else -x)).item()
    print(f"x={x} t={t}: BCEWithLogitsLoss {bce}, MultiLabelSoftMarginLoss {mlsm}, limit {limit}")
