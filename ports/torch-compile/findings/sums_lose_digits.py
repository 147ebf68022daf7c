"""BCEWithLogitsLoss compiled adds losses one after the other, and its sum loses digits."""

import torch

torch.set_num_threads(1)
loss = torch.nn.BCEWithLogitsLoss(reduction="sum")
for n in (1 << 10, 1 << 14, 1 << 18, 1 << 22):
    x, t = torch.linspace(-4, 4, n), torch.linspace(0, 1, n)
    exact = loss(x.double(), t.double()).item()
    plain = abs(loss(x, t).item() / exact - 1)
    compiled = abs(torch.compile(loss, dynamic=True)(x, t).item() / exact - 1)
    print(f"{n} losses: off by {plain:.1g}, compiled {compiled:.1g}")
