"""cross_entropy: the mean over rows that are all ignored, or of weight 0, is 0."""

import paddle

logits = paddle.zeros([2, 3])
loss = paddle.nn.functional.cross_entropy(logits, paddle.to_tensor([-100, -100]))
print("all rows ignored:", loss.item())
loss = paddle.nn.functional.cross_entropy(
    logits, paddle.to_tensor([0, 1]), weight=paddle.zeros([3])
)
print("all weights 0:", loss.item())
