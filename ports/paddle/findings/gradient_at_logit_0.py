"""BCEWithLogitsLoss: at logit 0 the gradient is not sigmoid(x) - t; for 0 it has the wrong sign."""

import paddle

for pos_weight in (None, paddle.to_tensor([2.0])):
    for x in (-0.001, 0.0, 0.001):
        for t in (0.0, 1.0):
            logit = paddle.to_tensor([x], stop_gradient=False)
            loss = paddle.nn.BCEWithLogitsLoss(pos_weight=pos_weight)(logit, paddle.to_tensor([t]))
            (gradient,) = paddle.grad(loss, logit)
            name = "" if pos_weight is None else ", pos_weight 2"
            print(f"x={x} t={t}{name}: gradient {gradient.item():.4f}")
