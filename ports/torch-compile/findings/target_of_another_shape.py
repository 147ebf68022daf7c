"""CrossEntropyLoss compiled takes a target with fewer positions than the input."""

import torch

loss = torch.nn.CrossEntropyLoss(reduction="none")
x = torch.arange(12.0).reshape(1, 3, 2, 2)
t = torch.zeros(1, 2, 1, dtype=torch.int64)
try:
    loss(x, t)
except RuntimeError as err:
    print("CrossEntropyLoss raises", err)
found = torch.compile(loss, dynamic=True)(x, t)
print(f"compiled: input {tuple(x.shape)}, target {tuple(t.shape)}, loss {tuple(found.shape)}")
