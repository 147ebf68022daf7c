"""FocalLoss(reduction="sum") is the mean for (N, C), and takes means over positions for images."""

import torch
from monai.losses import FocalLoss

for shape in ((2, 3), (2, 3, 4)):
    input, target = torch.zeros(shape), torch.zeros(shape)
    found = {r: FocalLoss(gamma=0, reduction=r)(input, target) for r in ("none", "mean", "sum")}
    print(f"{shape}: mean {found['mean']:.4f}, sum {found['sum']:.4f},", end=" ")
    print(f"sum of 'none' {found['none'].sum():.4f}")
