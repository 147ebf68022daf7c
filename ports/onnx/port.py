"""ONNX's SoftmaxCrossEntropyLoss as a port of lossproof, by the runtime that RUNTIME names.

reference is the evaluator in Python that package onnx specifies operators with, onnxruntime runs
the operator's function on its kernels.
"""

import functools
import os
import sys
from pathlib import Path

from onnx import helper

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from adapter import Framework, Loss, serve, versions

RUNTIME = os.environ["RUNTIME"]
OPSET, IR = 13, 10


def cross_entropy(input, target, *, weight=None, ignore_index=None, reduction="mean"):
    inputs = {"input": input, "target": target}
    if weight is not None:
        inputs["weight"] = weight
    attributes = {"reduction": reduction}
    if ignore_index is not None:
        attributes["ignore_index"] = ignore_index
    types = tuple((name, a.dtype, a.ndim) for name, a in inputs.items())
    return session(types, tuple(attributes.items()))(inputs)


@functools.lru_cache(maxsize=64)
def session(types, attributes):
    """Return a function of the inputs: a model of the one operator."""
    node = helper.make_node(
        "SoftmaxCrossEntropyLoss", [name for name, _, _ in types], ["loss"], **dict(attributes)
    )
    values = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(dtype), [f"{name}{i}" for i in range(rank)]
        )
        for name, dtype, rank in types
    ]
    output = helper.make_tensor_value_info(
        "loss", helper.np_dtype_to_tensor_dtype(types[0][1]), None
    )
    model = helper.make_model(
        helper.make_graph([node], "loss", values, [output]),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
    )
    if RUNTIME == "reference":
        from onnx.reference import ReferenceEvaluator

        evaluator = ReferenceEvaluator(model)
    else:
        import onnxruntime

        onnxruntime.set_default_logger_severity(4)
        evaluator = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
    return lambda inputs: evaluator.run(None, inputs)[0]


refusals = list(Framework.refusals)
if RUNTIME == "onnxruntime":
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    refusals += [state.Fail, state.InvalidArgument, state.InvalidGraph]

serve(
    Loss(cross_entropy, "CrossEntropyLoss", framework="numpy"),
    name=f"SoftmaxCrossEntropyLoss of ONNX, {RUNTIME}",
    version=versions("onnx" if RUNTIME == "reference" else "onnxruntime"),
    refusals=[(exception, "", "") for exception in refusals],
)
