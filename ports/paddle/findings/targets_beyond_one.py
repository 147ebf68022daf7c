"""BCELoss takes any number for a target, and its loss is negative; it refuses such inputs."""

import paddle

loss = paddle.nn.BCELoss()(paddle.to_tensor([0.9]), paddle.to_tensor([5.0]))
print("target 5:", round(float(loss), 4))
