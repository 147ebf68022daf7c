"""SoftmaxCrossEntropyLoss of ONNX ignores no label unless ignore_index is given."""

import numpy as np
from onnx.reference import ReferenceEvaluator

from onnx import TensorProto, helper

for attributes in ({"ignore_index": -100}, {}):
    node = helper.make_node("SoftmaxCrossEntropyLoss", ["x", "t"], ["loss"], **attributes)
    inputs = {"x": np.zeros((2, 3), np.float32), "t": np.array([0, -100])}
    values = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3]),
        helper.make_tensor_value_info("t", TensorProto.INT64, [2]),
    ]
    loss = helper.make_tensor_value_info("loss", TensorProto.FLOAT, [])
    graph = helper.make_graph([node], "loss", values, [loss])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    try:
        print(attributes, ReferenceEvaluator(model).run(None, inputs)[0])
    except IndexError as error:
        print(attributes, "IndexError:", error)
