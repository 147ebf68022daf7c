"""cross_entropy: reduction='none' keeps the dimension of the classes for soft labels."""

import paddle

logits = paddle.zeros([2, 3])
for labels in (paddle.to_tensor([0, 1]), paddle.full([2, 3], 1 / 3)):
    soft = labels.ndim == 2
    loss = paddle.nn.functional.cross_entropy(logits, labels, soft_label=soft, reduction="none")
    print(f"soft_label={soft}: shape {loss.shape}")
