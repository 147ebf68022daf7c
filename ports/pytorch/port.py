"""PyTorch as a port of lossproof: the reference itself, asked over the wire protocol.

The modules are called as they are, the gradients are those of autograd. This file translates
exceptions, and computes nothing.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Other CPU capabilities give other last bits: these are the kernels that made the fixtures.
os.environ["ATEN_CPU_CAPABILITY"] = "avx2"

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from adapter import Loss, serve, versions

MODULES = ("BCEWithLogitsLoss", "MultiLabelSoftMarginLoss", "BCELoss", "CrossEntropyLoss")

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
    (RuntimeError, "(Subtraction|Negation), .* bool tensor", "dtype"),
    (RuntimeError, "only Tensors of floating point dtype can require gradients", "dtype"),
]

serve(
    *(Loss(getattr(torch.nn, module)) for module in MODULES),
    name="torch",
    version=versions("torch"),
    refusals=REFUSALS,
)
