"""A class index beyond the classes is not refused: it is that of the last class."""

import mxnet
from mxnet import gluon

for index in (2, 3, 100, -1):
    logits, target = mxnet.nd.array([[1.0, 2.0, 3.0]]), mxnet.nd.array([index])
    loss = gluon.loss.SoftmaxCrossEntropyLoss()(logits, target).asscalar()
    print(f"index {index} of 3 classes: {loss.item():.4f}")
