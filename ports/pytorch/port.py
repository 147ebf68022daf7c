"""PyTorch as a port of lossproof: the reference itself, asked over the wire protocol.

The modules are called as they are, the gradients are those of autograd. This file translates
calls, tensors and exceptions, and computes nothing.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

# Other CPU capabilities give other last bits: these are the kernels that made the fixtures.
os.environ["ATEN_CPU_CAPABILITY"] = "avx2"

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import adapter

torch.set_num_threads(1)
warnings.simplefilter("ignore")  # the deprecation of size_average and reduce, on every such call

#: How torch refuses a call.
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


def evaluate(module: str, options: dict, tensors: dict, want: list[str]) -> dict:
    def loss(tensors: dict) -> torch.Tensor:
        weights = {name: tensors[name] for name in ("weight", "pos_weight") if name in tensors}
        return getattr(torch.nn, module)(**weights, **options)(tensors["input"], tensors["target"])

    return adapter.outputs(loss, vjp, tensors, want)


def vjp(function: Callable, values: list, upstream: torch.Tensor | None) -> tuple:
    values = [value.requires_grad_() for value in values]
    result = function(*values)
    result.backward(torch.ones_like(result) if upstream is None else upstream)
    return result, [value.grad for value in values]


def warm_up() -> None:
    """Make torch load here what it loads at its first call, which takes seconds.

    lossproof waits longer for the answer to hello than for one of a case.
    """
    for name, module in adapter.MODULES.items():
        tensors = {"input": torch.ones(1, 1), "target": torch.ones(1, 1), "weight": torch.ones(1)}
        evaluate(name, {}, tensors, module["outputs"])


def from_wire(tensor: adapter.Tensor) -> torch.Tensor:
    dtype = getattr(torch, tensor.dtype)
    if not tensor.data:
        return torch.empty(tensor.shape, dtype=dtype)  # frombuffer refuses an empty buffer
    return torch.frombuffer(bytearray(tensor.data), dtype=dtype).reshape(tensor.shape)


def to_wire(tensor: torch.Tensor) -> adapter.Tensor:
    dtype = str(tensor.dtype).removeprefix("torch.")
    # As bytes, since NumPy has no bfloat16.
    data = tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    return adapter.Tensor(dtype, tuple(tensor.shape), data)


if __name__ == "__main__":
    warm_up()
    description = adapter.describe("torch", torch.__version__)
    adapter.serve(description, evaluate, REFUSALS, from_wire, to_wire)
    # Unloading torch takes seconds, and nothing is left to be done.
    os._exit(0)
