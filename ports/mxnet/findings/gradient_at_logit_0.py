"""SigmoidBinaryCrossEntropyLoss: at logit 0 the gradient is not sigmoid(x) - t."""

import mxnet
from mxnet import autograd, gluon

for x in (-0.001, 0.0, 0.001):
    for t in (0.0, 1.0):
        logit = mxnet.nd.array([[x]])
        logit.attach_grad()
        with autograd.record():
            loss = gluon.loss.SigmoidBinaryCrossEntropyLoss()(logit, mxnet.nd.array([[t]]))
        loss.backward()
        print(f"x={x} t={t}: gradient {logit.grad.asnumpy().item():.4f}")
