"""The gradient of cross_entropy with soft labels is softmax(x) - labels for any labels.

That is the derivative where they add up to 1, as the documentation demands; for other labels it is
sum(labels)*softmax(x) - labels.
"""

import paddle

for labels in ([0.25, 0.75], [1.0, 1.0]):
    logits = paddle.to_tensor([[1.0, 2.0]], "float64", stop_gradient=False)
    labels = paddle.to_tensor([labels], "float64")
    paddle.nn.functional.cross_entropy(logits, labels, soft_label=True).backward()
    exact = labels.sum() * paddle.nn.functional.softmax(logits.detach()) - labels
    print(
        f"labels {labels.numpy()[0].tolist()}: gradient"
        f" {logits.grad.numpy()[0].round(7).tolist()} exact {exact.numpy()[0].round(7).tolist()}"
    )
