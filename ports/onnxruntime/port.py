"""PyTorch's modules, exported to ONNX, as a port of lossproof, run by what RUNTIME names.

Each call is exported with its shapes, by the exporter that traces: onnxruntime or openvino runs it
on the CPU. The exporter has no BCELoss and no label smoothing.
"""

import functools
import io
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from adapter import Framework, Loss, serve, versions

RUNTIME = os.environ["RUNTIME"]
OPSET = 18


class Module(torch.nn.Module):
    """A loss whose weights are inputs."""

    def __init__(self, module, weights, options):
        super().__init__()
        self.module, self.weights, self.options = module, weights, options

    def forward(self, input, target, *weights):
        named = dict(zip(self.weights, weights, strict=True))
        return getattr(torch.nn, self.module)(**named, **self.options)(input, target)


def run(module, input, target, weights, options):
    given = {name: array for name, array in weights.items() if array is not None}
    arrays = [input, target, *given.values()]
    types = tuple((array.dtype.str, array.shape) for array in arrays)
    names = ("input", "target", *given)
    return session(module, names, types, tuple(options.items()))(
        dict(zip(names, arrays, strict=True))
    )


@functools.lru_cache(maxsize=256)
def session(module, names, types, options):
    """Return a function of the inputs: the exported module."""
    examples = tuple(torch.from_numpy(np.zeros(shape, dtype)) for dtype, shape in types)
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Module(module, names[2:], dict(options)),
            examples,
            file,
            input_names=list(names),
            output_names=["loss"],
            opset_version=OPSET,
            dynamo=False,
        )
    if RUNTIME == "openvino":
        import openvino

        # In the precision of the model: by default a CPU may compute in bfloat16.
        model = openvino.Core().read_model(io.BytesIO(file.getvalue()))
        compiled = openvino.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        return lambda inputs: compiled(inputs)[0]
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    runtime = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    # What the module does not use, the exporter leaves out.
    used = {value.name for value in runtime.get_inputs()}
    return lambda inputs: runtime.run(None, {n: a for n, a in inputs.items() if n in used})[0]


def bce_with_logits(input, target, *, weight=None, pos_weight=None, **options):
    weights = {"weight": weight, "pos_weight": pos_weight}
    return run("BCEWithLogitsLoss", input, target, weights, options)


def multi_label_soft_margin(input, target, *, weight=None, **options):
    return run("MultiLabelSoftMarginLoss", input, target, {"weight": weight}, options)


def cross_entropy(input, target, *, weight=None, **options):
    return run("CrossEntropyLoss", input, target, {"weight": weight}, options)


OPTIONS = {"reduction": "reduction"}
refusals = list(Framework.refusals)
if RUNTIME == "onnxruntime":
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    refusals += [state.Fail, state.InvalidArgument, state.InvalidGraph]

serve(
    Loss(bce_with_logits, "BCEWithLogitsLoss", framework="numpy", names=OPTIONS),
    Loss(multi_label_soft_margin, "MultiLabelSoftMarginLoss", framework="numpy", names=OPTIONS),
    Loss(
        cross_entropy,
        "CrossEntropyLoss",
        framework="numpy",
        names={**OPTIONS, "ignore_index": "ignore_index"},
        without=["empty"],  # the example that is exported has a class
    ),
    name=f"{RUNTIME} of exported torch.nn",
    version=versions(RUNTIME, "torch"),
    refusals=[(exception, "", "") for exception in refusals],
    slow=True,
    compiles=True,
)
