"""SoftmaxCrossEntropyLoss in float32: off by 2e-6, so that a small loss is negative."""

import mxnet
from mxnet import autograd, gluon

for dtype in ("float32", "float64"):
    for row in ([20.0, 0.0], [3.0, 2.0, 1.0]):
        logits = mxnet.nd.array([row], dtype=dtype)
        logits.attach_grad()
        with autograd.record():
            loss = gluon.loss.SoftmaxCrossEntropyLoss()(logits, mxnet.nd.array([0]))
        loss.backward()
        gradient = logits.grad.asnumpy()[0].tolist()
        print(f"{dtype} {row}, class 0: loss {loss.asnumpy().item()}, gradient {gradient}")
