"""cross_entropy clips the distance of a logit from the largest at 64: so is the loss."""

import paddle

for dtype in ("float32", "float64"):
    for gap in (60.0, 96.0, 1e4):
        logits = paddle.to_tensor([[0.0, gap]], dtype)
        hard = paddle.nn.functional.cross_entropy(logits, paddle.to_tensor([0]))
        labels = paddle.to_tensor([[1.0, 0.0]], dtype)
        soft = paddle.nn.functional.cross_entropy(logits, labels, soft_label=True)
        exact = paddle.logsumexp(logits) - logits[0, 0]
        print(f"{dtype} logits (0, {gap}), class 0: loss {hard.item()}, soft {soft.item()},")
        print(f"  logsumexp(logits) - logits[label] {exact.item()}")
