"""float16 and bfloat16: from which logit on a loss and a gradient are 0, of all there are."""

import torch

NUMBERS = torch.arange(1 << 16, dtype=torch.int32).to(torch.int16)


def exact(module, x, target):
    """Loss and gradient in float64, where nothing cancels."""
    x = x.double()
    softplus, sigmoid = torch.nn.functional.softplus, torch.sigmoid
    if target == 0:
        return softplus(x), sigmoid(x)
    return softplus(-x), -sigmoid(-x)


def zeros(results, right, x):
    """The logits at which a result is 0, and the exact one is no number that rounds to 0."""
    smallest = torch.finfo(results.dtype).smallest_normal * torch.finfo(results.dtype).eps / 2
    return x[(results == 0) & (right.abs() > smallest)]


for dtype in (torch.float16, torch.bfloat16):
    x = NUMBERS.view(dtype)
    x = x[x.isfinite()].reshape(-1, 1)
    for name in ("BCEWithLogitsLoss", "MultiLabelSoftMarginLoss"):
        for target in (0, 1):
            leaf = x.clone().requires_grad_()
            criterion = getattr(torch.nn, name)(reduction="none")
            loss = criterion(leaf, torch.full_like(leaf, target)).reshape(-1, 1)
            loss.backward(torch.ones_like(loss))
            right = exact(name, x, target)
            answers = (("loss", loss.detach(), right[0]), ("gradient", leaf.grad, right[1]))
            for what, got, want in answers:
                lost = zeros(got, want, x)
                if len(lost):
                    nearest = lost[lost.abs().argmin()].item()
                    where = f"at {len(lost)} logits, from {nearest} on"
                    print(f"{dtype} {name}, target {target}: the {what} is 0 {where}")

n = 4096
logits = torch.tensor([[0.0, 64.0]], dtype=torch.float16).expand(n, 2)
mean = torch.nn.CrossEntropyLoss()(logits, torch.zeros(n, dtype=torch.int64))
print(f"torch.float16 CrossEntropyLoss: the mean of {n} losses of 64 is {mean.item()}")
