"""CrossEntropyLoss compiled: an infinite weight of a class that no row has makes gradients NaN."""

import torch

loss = torch.nn.CrossEntropyLoss(weight=torch.tensor([1.0, float("inf"), 1.0]))
for name, f in (("CrossEntropyLoss", loss), ("compiled", torch.compile(loss, dynamic=True))):
    x = torch.tensor([[0.0, 0.0, 1.0]], requires_grad=True)
    value = f(x, torch.tensor([0]))
    value.backward()
    print(f"{name}: loss {value.item():.5g}, gradient {x.grad.tolist()}")
