"""binary_cross_entropy of logits: gradients of negatives, losses of positives are 0 too early."""

import math

import mlx.core as mx
from mlx.nn import losses

mx.set_default_device(mx.cpu)


def loss(x, t):
    return losses.binary_cross_entropy(x, t, with_logits=True, reduction="sum")


for x, t in ((-10.0, 0.0), (-20.0, 0.0), (10.0, 1.0), (20.0, 1.0)):
    logit, target = mx.array([x]), mx.array([t])
    gradient = mx.grad(loss)(logit, target)
    exact = 1 / (1 + math.exp(abs(x))) * (1 - 2 * t)
    print(f"x={x} t={t}: loss {loss(logit, target).item()}", end=" ")
    print(f"(exact {math.log1p(math.exp(-abs(x)))}), gradient {gradient.item()} (exact {exact})")
