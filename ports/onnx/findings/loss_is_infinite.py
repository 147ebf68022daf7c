"""The reference of SoftmaxCrossEntropyLoss takes the logarithm of a softmax that is 0."""

import numpy as np
from onnx.reference import ReferenceEvaluator

from onnx import TensorProto, helper

INPUTS = {"scores": TensorProto.FLOAT, "labels": TensorProto.INT64}
model = helper.make_model(
    helper.make_graph(
        [helper.make_node("SoftmaxCrossEntropyLoss", list(INPUTS), ["loss"])],
        "loss",
        [helper.make_tensor_value_info(name, kind, None) for name, kind in INPUTS.items()],
        [helper.make_tensor_value_info("loss", TensorProto.FLOAT, [])],
    ),
    opset_imports=[helper.make_opsetid("", 13)],
)
for gap in (20, 100, 104, 1000):
    inputs = {"scores": np.float32([[0, gap]]), "labels": np.array([0])}
    (loss,) = ReferenceEvaluator(model).run(None, inputs)
    exact = np.logaddexp(0, gap)
    print(f"scores (0, {gap}), label 0: {loss}, exact {exact}")
