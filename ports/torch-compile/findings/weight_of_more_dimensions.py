"""BCEWithLogitsLoss compiled takes weights with more dimensions than the input."""

import torch

x, t = torch.zeros(3, 5), torch.ones(3, 5)
for name in ("weight", "pos_weight"):
    loss = torch.nn.BCEWithLogitsLoss(reduction="sum", **{name: torch.ones(2, 1, 1)})
    try:
        loss(x, t)
    except RuntimeError as err:
        print(f"{name} (2, 1, 1): BCEWithLogitsLoss raises {err}")
    print(f"{name} (2, 1, 1): compiled {torch.compile(loss, dynamic=True)(x, t).item():.5g}")
print(f"none: {torch.nn.BCEWithLogitsLoss(reduction='sum')(x, t).item():.5g}")
