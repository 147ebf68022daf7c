"""In float64 the losses have the digits of float32."""

import math

import mlx.core as mx
from mlx.nn import losses

mx.set_default_device(mx.cpu)
x, t = mx.array([1.0], mx.float64), mx.array([0.0], mx.float64)
got = losses.binary_cross_entropy(x, t, with_logits=True, reduction="sum")
print(got.dtype, got.item(), "exact", math.log1p(math.exp(1)))
