"""SoftmaxCrossEntropyLoss of a row with a NaN: the loss is a number."""

import numpy as np

import onnxruntime
from onnx import TensorProto, helper


def loss(scores, label, dtype):
    inputs = {"scores": (scores, dtype), "labels": (np.array(label), TensorProto.INT64)}
    node = helper.make_node("SoftmaxCrossEntropyLoss", list(inputs), ["loss"])
    values = [helper.make_tensor_value_info(k, v[1], v[0].shape) for k, v in inputs.items()]
    output = helper.make_tensor_value_info("loss", dtype, [])
    model = helper.make_model(
        helper.make_graph([node], "loss", values, [output]),
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=10,
    )
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {k: v[0] for k, v in inputs.items()})[0]


onnxruntime.set_default_logger_severity(4)
for row in ([0.0, np.nan, -0.7], [np.nan, 0.0, -0.7], [0.0, -0.7, np.nan]):
    found = [
        float(loss(np.array([row], dtype), [2], kind))
        for dtype, kind in ((np.float64, TensorProto.DOUBLE), (np.float32, TensorProto.FLOAT))
    ]
    print(f"{row}, label 2: float64 {found[0]:.4g}, float32 {found[1]:.4g}")
