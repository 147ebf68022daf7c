"""The losses of loss.py as a port of lossproof.

    lossproof run -- .venv/bin/python port.py

This file is the adapter: it says what is implemented (the claim), and translates calls, arrays
and exceptions. It computes nothing.
"""

from __future__ import annotations

import platform

import numpy as np

import loss
import wire

CLAIM = {
    "dtypes": ["float32", "float64"],
    "outputs": ["loss", "grad_input"],  # there are also grad_target and grad_weight
    # What is not implemented; lossproof does not ask for it. An empty list claims everything.
    "without": ["legacy_reduction", "mixed_dtype", "integer_targets"],
}

DESCRIPTION = {
    "port": {
        "name": "my-losses",
        "version": "0.1.0",
        "language": "python",
        "language_version": platform.python_version(),
    },
    "modules": {"BCEWithLogitsLoss": CLAIM, "MultiLabelSoftMarginLoss": CLAIM},
}


def evaluate(module: str, options: dict, inputs: dict, want: list[str]) -> dict[str, wire.Tensor]:
    if "size_average" in options or "reduce" in options:
        raise wire.Unsupported("the legacy options size_average and reduce")
    reduction = options.get("reduction", "mean")
    arrays = {name: from_wire(tensor) for name, tensor in inputs.items()}
    x, t, weight = arrays["input"], arrays["target"], arrays.get("weight")
    upstream = arrays.get("grad_output")
    try:
        if module == "BCEWithLogitsLoss":
            pos_weight = arrays.get("pos_weight")
            value, grad = loss.bce_with_logits(x, t, weight, pos_weight, reduction, upstream)
        elif module == "MultiLabelSoftMarginLoss":
            value, grad = loss.multi_label_soft_margin(x, t, weight, reduction, upstream)
        else:
            raise wire.Unsupported(f"module {module!r}")
    except loss.LossError as err:
        # Only what the library refuses on purpose: any other exception is a bug, and says so.
        raise wire.Rejected(str(err), err.kind) from err
    outputs = {"loss": value, "grad_input": grad}
    return {name: to_wire(outputs[name]) for name in want if name in outputs}


def from_wire(tensor: wire.Tensor) -> np.ndarray:
    if tensor.dtype == "bfloat16":
        raise wire.Unsupported("NumPy has no bfloat16")
    return np.frombuffer(tensor.data, dtype=tensor.dtype).reshape(tensor.shape)


def to_wire(array: np.ndarray) -> wire.Tensor:
    return wire.Tensor(array.dtype.name, array.shape, np.ascontiguousarray(array).tobytes())


if __name__ == "__main__":
    wire.serve(DESCRIPTION, evaluate)
