"""BCELoss compiled takes inputs and targets outside [0, 1], which BCELoss refuses."""

import torch

loss = torch.nn.BCELoss(reduction="none")
compiled = torch.compile(loss, dynamic=True)
for inputs, targets in (([1.5, -0.5], [1.0, 0.0]), ([0.5, 0.5], [2.0, -1.0])):
    x = torch.tensor(inputs, requires_grad=True)
    t = torch.tensor(targets)
    try:
        loss(x, t)
    except RuntimeError as err:
        print(f"x={inputs} t={targets}: BCELoss raises {err}")
    value = compiled(x, t)
    value.sum().backward()
    print(f"x={inputs} t={targets}: compiled {value.tolist()}, gradient {x.grad.tolist()}")
