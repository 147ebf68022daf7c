"""cross_entropy takes class probabilities to add up to 1, in the loss and in the gradient."""

import mlx.core as mx
from mlx.nn import losses


def loss(x, t):
    return losses.cross_entropy(x, t, reduction="sum")


for probabilities in ([0.25, 0.75], [1.0, 1.0]):
    x, t = mx.array([[1.0, 2.0]]), mx.array([probabilities])
    exact = -(t * (x - mx.logsumexp(x))).sum().item()
    print(f"probabilities {probabilities}: loss {loss(x, t).item():.6f}", end=", ")
    print(f"-sum(t * log(softmax(x))) {exact:.6f}")
