"""float16 and bfloat16: where a loss and a gradient are 0, and how far they are off, of all."""

import torch

NUMBERS = torch.arange(1 << 16, dtype=torch.int32).to(torch.int16)


def exact(name, x, target):
    """Loss and gradient in float64, where nothing cancels; without the sign of the gradient."""
    x = x.double()
    if name == "BCELoss":
        p = x if target else 1 - x
        return -p.log().clamp(min=-100), 1 / p
    softplus, sigmoid = torch.nn.functional.softplus, torch.sigmoid
    sign = -1 if target else 1
    return softplus(sign * x), sigmoid(sign * x)


def ask(name, x, target):
    """Return loss and gradient of an input by itself, of CrossEntropyLoss those of rows (x, 0)."""
    leaf = x.reshape(-1, 1).clone().requires_grad_()
    criterion = getattr(torch.nn, name)(reduction="none")
    if name == "CrossEntropyLoss":
        rows = torch.cat((leaf, torch.zeros_like(leaf)), 1)
        loss = criterion(rows, torch.full((len(x),), 1 - target))
    else:
        loss = criterion(leaf, torch.full_like(leaf, target))
    loss.backward(torch.ones_like(loss))
    return loss.detach().flatten(), leaf.grad.flatten().abs()


def units(got, want):
    """Errors in units of the last place of the exact results."""
    info = torch.finfo(got.dtype)
    spacing = 2.0 ** want.clamp(min=info.smallest_normal).log2().floor() * info.eps
    return (got.double() - want).abs() / spacing


for dtype in (torch.float16, torch.bfloat16):
    info = torch.finfo(dtype)
    for name in ("BCEWithLogitsLoss", "CrossEntropyLoss", "MultiLabelSoftMarginLoss", "BCELoss"):
        x = NUMBERS.view(dtype)
        x = x[x.isfinite()]
        if name == "BCELoss":
            x = x[(x > 1e-6) & (x < 1)]
        for target in (0, 1):
            names = ("loss", "gradient")
            answers = zip(names, ask(name, x, target), exact(name, x, target), strict=True)
            for what, got, want in answers:
                says = f"{dtype} {name}, target {target}: the {what} is"
                lost = x[(got == 0) & (want > info.smallest_normal * info.eps / 2)]
                if len(lost):
                    nearest = lost[lost.abs().argmin()].item()
                    print(f"{says} 0 at {len(lost)} logits, from {nearest} on")
                held = got.isfinite() & (want <= info.max)
                errors = units(got, want)[held]
                wrong = int((errors > 0.51).sum())
                if wrong:
                    print(f"{says} not the nearest at {wrong}, by up to {errors.max():.2f} units")

n = 4096
logits = torch.tensor([[0.0, 64.0]], dtype=torch.float16).expand(n, 2)
mean = torch.nn.CrossEntropyLoss()(logits, torch.zeros(n, dtype=torch.int64))
print(f"torch.float16 CrossEntropyLoss: the mean of {n} losses of 64 is {mean.item()}")
