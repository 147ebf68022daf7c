"""cross_entropy with label_smoothing takes a row of ignore_index for one of that class."""

import paddle

for smoothing in (0.0, 0.25):
    logits = paddle.zeros([2, 4], "float64")
    logits.stop_gradient = False
    loss = paddle.nn.functional.cross_entropy(
        logits,
        paddle.to_tensor([3, 0]),
        ignore_index=0,
        label_smoothing=smoothing,
        reduction="none",
    )
    (gradient,) = paddle.grad(loss.sum(), logits)
    print(f"label_smoothing {smoothing}: loss of the ignored row {loss.flatten()[1].item()},")
    print(f"  its gradient {gradient[1].tolist()}")
