"""PyTorch as a port of lossproof: the reference itself, asked over the wire protocol.

The modules are called as they are, the gradients are those of autograd. This file translates
calls, tensors and exceptions, and computes nothing.
"""

from __future__ import annotations

import os
import platform
import re
import warnings

# Other CPU capabilities give other last bits: these are the kernels that made the fixtures.
os.environ["ATEN_CPU_CAPABILITY"] = "avx2"

import torch

import wire

torch.set_num_threads(1)
warnings.simplefilter("ignore")  # the deprecation of size_average and reduce, on every such call

CLAIM = {
    "BCEWithLogitsLoss": ["loss", "grad_input", "grad_target"],
    "MultiLabelSoftMarginLoss": ["loss", "grad_input", "grad_target", "grad_weight"],
    "BCELoss": ["loss", "grad_input", "grad_target"],
    "CrossEntropyLoss": ["loss", "grad_input", "grad_target", "grad_weight"],
}

DESCRIPTION = {
    "port": {
        "name": "torch",
        "version": torch.__version__.split("+")[0],
        "language": "python",
        "language_version": platform.python_version(),
    },
    "modules": {
        module: {"dtypes": ["float32", "float64"], "outputs": outputs, "without": []}
        for module, outputs in CLAIM.items()
    },
}

#: How torch refuses a call: the exception, what its message says, and the kind of refusal. Any
#: other exception is a failure: a crash of torch must not pass for a refusal.
REFUSALS = [
    (ValueError, "must be the same as input size", "shape"),
    (ValueError, "Using a target size .* that is different to the input size", "shape"),
    (ValueError, "Expected input batch_size .* to match target batch_size", "shape"),
    (ValueError, "For 1D input, 1D target must have size 1", "shape"),
    (RuntimeError, "0D or 1D target tensor expected, multi-target not supported", "shape"),
    (RuntimeError, "Expected target size", "shape"),
    (RuntimeError, "only batches of spatial targets supported", "shape"),
    (RuntimeError, "size mismatch \\(got input", "shape"),
    (RuntimeError, "weight tensor should be defined either for all", "shape"),
    (RuntimeError, "Attempting to broadcast a dimension of length", "shape"),
    (IndexError, "tensor has no dimensions", "shape"),
    (IndexError, "Dimension out of range", "shape"),
    (RuntimeError, "shape '.*' is invalid for input of size", "shape"),
    (RuntimeError, "Index tensor must have the same number of dimensions as input tensor", "shape"),
    (RuntimeError, "The size of tensor a .* must match the size of tensor b", "shape"),
    (RuntimeError, "doesn't match the broadcast shape", "shape"),
    (RuntimeError, "Mismatch in shape: grad_output", "shape"),
    (ValueError, "is not a valid value for reduction$", "option"),
    (ValueError, "is not valid$", "option"),
    (RuntimeError, "is not differentiable with respect to argument", "option"),
    (RuntimeError, "label_smoothing must be between", "option"),
    (RuntimeError, "ignore_index is not supported for floating point target", "option"),
    (RuntimeError, "all elements of (input|target) should be between 0 and 1", "value"),
    (IndexError, "Target .* is out of bounds", "value"),
    (RuntimeError, "Found dtype .* but expected", "dtype"),
    (RuntimeError, "Expected floating point type for target with class probabilities", "dtype"),
    (RuntimeError, "[Ee]xpected (scalar type|target dtype)", "dtype"),
    (RuntimeError, "can't be cast to the desired output type", "dtype"),
    (RuntimeError, "not implemented for '", "dtype"),
    (RuntimeError, "Subtraction, .* bool tensor", "dtype"),
    (RuntimeError, "only Tensors of floating point dtype can require gradients", "dtype"),
]


def evaluate(module: str, options: dict, inputs: dict, want: list[str]) -> dict[str, wire.Tensor]:
    if module not in CLAIM:
        raise wire.Unsupported(f"module {module!r}, want one of {', '.join(CLAIM)}")
    tensors = {name: from_wire(tensor) for name, tensor in inputs.items()}
    try:
        outputs = call(module, options, tensors, want)
    except Exception as err:
        for exception, message, kind in REFUSALS:
            if isinstance(err, exception) and re.search(message, str(err)):
                raise wire.Rejected(str(err), kind) from err
        raise
    return {name: to_wire(tensor) for name, tensor in outputs.items()}


def call(module: str, options: dict, tensors: dict, want: list[str]) -> dict[str, torch.Tensor]:
    leaves = {
        name: tensors[name.removeprefix("grad_")].requires_grad_()
        for name in want
        if name != "loss"
    }
    weights = {name: tensors[name] for name in ("weight", "pos_weight") if name in tensors}
    loss = getattr(torch.nn, module)(**weights, **options)(tensors["input"], tensors["target"])
    if leaves:
        upstream = tensors.get("grad_output")
        loss.backward(torch.ones_like(loss) if upstream is None else upstream)
    outputs = {name: leaf.grad for name, leaf in leaves.items()}
    return {"loss": loss.detach(), **outputs}


def warm_up() -> None:
    """Make torch load here what it loads at its first call, which takes seconds.

    lossproof waits longer for the answer to hello than for one of a case.
    """
    for module, outputs in CLAIM.items():
        tensors = {"input": torch.ones(1, 1), "target": torch.ones(1, 1), "weight": torch.ones(1)}
        call(module, {}, tensors, outputs)


def from_wire(tensor: wire.Tensor) -> torch.Tensor:
    dtype = getattr(torch, tensor.dtype)
    if not tensor.data:
        return torch.empty(tensor.shape, dtype=dtype)  # frombuffer refuses an empty buffer
    return torch.frombuffer(bytearray(tensor.data), dtype=dtype).reshape(tensor.shape)


def to_wire(tensor: torch.Tensor) -> wire.Tensor:
    dtype = str(tensor.dtype).removeprefix("torch.")
    # As bytes, since NumPy has no bfloat16.
    data = tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    return wire.Tensor(dtype, tuple(tensor.shape), data)


if __name__ == "__main__":
    warm_up()
    wire.serve(DESCRIPTION, evaluate)
    # Unloading torch takes seconds, and nothing is left to be done.
    os._exit(0)
