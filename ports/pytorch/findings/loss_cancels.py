"""BCEWithLogitsLoss: (1-t)*x - log_sigmoid(x) cancels where x is negative and t < 1."""

import torch

for dtype, x in ((torch.float32, -10.0), (torch.float32, -20.0), (torch.float64, -40.0)):
    logits = torch.tensor([[x]], dtype=dtype)
    targets = torch.zeros_like(logits)
    bce = torch.nn.BCEWithLogitsLoss()(logits, targets).item()
    mlsm = torch.nn.MultiLabelSoftMarginLoss()(logits, targets).item()
    exact = torch.nn.functional.softplus(logits.double()).item()
    print(f"{dtype} x={x} t=0: BCEWithLogitsLoss {bce}")
    print(f"  MultiLabelSoftMarginLoss {mlsm}, exact {exact}")
