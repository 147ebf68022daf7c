"""cross_entropy with label_smoothing has the digits of float32 for float64."""

import math

import paddle

logits = paddle.zeros([1, 2], "float64")
for smoothing in (0.0, 0.1):
    loss = paddle.nn.functional.cross_entropy(
        logits, paddle.to_tensor([1]), label_smoothing=smoothing
    )
    print(f"label_smoothing {smoothing}: {loss.dtype} {loss.item()}, exact {math.log(2)}")
