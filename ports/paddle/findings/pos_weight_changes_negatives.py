"""BCEWithLogitsLoss with pos_weight: loss and gradient of a negative lose their digits."""

import math

import paddle

for x in (-10.0, -20.0):
    for pos_weight in (None, paddle.to_tensor([2.0])):
        logit = paddle.to_tensor([x], stop_gradient=False)
        loss = paddle.nn.BCEWithLogitsLoss(pos_weight=pos_weight)(logit, paddle.zeros([1]))
        (gradient,) = paddle.grad(loss, logit)
        name = "no pos_weight" if pos_weight is None else "pos_weight 2"
        print(f"x={x} t=0, {name}: gradient {gradient.item()}, exact {1 / (1 + math.exp(-x))}")
