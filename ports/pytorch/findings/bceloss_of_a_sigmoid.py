"""BCELoss of a sigmoid beside BCEWithLogitsLoss: from which logit on, away from 0, they part."""

import torch

# What torch.testing.assert_close allows by default: rtol and atol.
CLOSE = {torch.float32: (1.3e-6, 1e-5), torch.float64: (1e-7, 1e-7)}

with_logits = torch.nn.BCEWithLogitsLoss(reduction="none")
of_probabilities = torch.nn.BCELoss(reduction="none")


def logits(dtype, sign=1):
    """Return the multiples of 1/1024 up to 110 in size."""
    return sign * torch.arange(110 * 1024 + 1, dtype=dtype) / 1024


def first(x, where):
    """Return the first logit where something holds."""
    return f"{x[where][0]:.2f}" if where.any() else "–"


def part(dtype, sign, target):
    """Return where the losses part, and where the gradients in the logit do."""
    x = logits(dtype, sign).requires_grad_()
    t = torch.full_like(x, target)
    rtol, atol = CLOSE[dtype]
    losses = of_probabilities(torch.sigmoid(x), t), with_logits(x, t)
    gradients = [torch.autograd.grad(loss.sum(), x)[0] for loss in losses]
    return [
        first(x, ~torch.isclose(got, want, rtol=rtol, atol=atol))
        for got, want in (losses, gradients)
    ]


def line(cells):
    print(f"| {' | '.join(cells)} |")


dtypes = ("float32", "float64")
line(["from the logit on"] + [f"{what}, {d}" for d in dtypes for what in ("loss", "gradient")])
line(["---"] + 4 * ["--:"])
for sign, side in ((1, "x > 0"), (-1, "x < 0")):
    for target in (0, 0.5, 1):
        cells = [cell for dtype in CLOSE for cell in part(dtype, sign, target)]
        line([f"target {target}, {side}"] + cells)
saturated = [first(logits(dtype), torch.sigmoid(logits(dtype)) == 1) for dtype in CLOSE]
line(["the sigmoid is 1", saturated[0], "", saturated[1], ""])
