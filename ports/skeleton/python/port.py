"""The losses of the folder losses as a port of lossproof.

    lossproof run -- .venv/bin/python port.py

This file is the adapter: it says what is implemented (the claim), and translates calls, arrays
and exceptions. It computes nothing.
"""

from __future__ import annotations

import platform

import losses
import wire

OUTPUTS = ["loss", "grad_input"]  # there are also grad_target and grad_weight
DTYPES = ["float16", "bfloat16", "float32", "float64"]

# What is not implemented; lossproof does not ask for it. An empty list claims everything.
WITHOUT = ["legacy_reduction", "mixed_dtype"]
CLAIM = {"dtypes": DTYPES, "outputs": OUTPUTS, "without": [*WITHOUT, "integer_targets"]}

DESCRIPTION = {
    "port": {
        "name": "my-losses",
        "version": "0.1.0",
        "language": "python",
        "language_version": platform.python_version(),
    },
    "modules": {
        "BCEWithLogitsLoss": CLAIM,
        "MultiLabelSoftMarginLoss": CLAIM,
        "BCELoss": CLAIM,
        # Class indices are integer targets.
        "CrossEntropyLoss": {"dtypes": DTYPES, "outputs": OUTPUTS, "without": WITHOUT},
    },
}

# A call of the library, for bug reports (lossproof repro --issue): what is in braces is filled in,
# and a line that asks for what the call lacks is left out.
SNIPPET = """import numpy as np
from numpy import inf, nan
import losses
options = {}
options["weight"] = np.array({weight}, dtype="{weight_dtype}")
options["pos_weight"] = np.array({pos_weight}, dtype="{pos_weight_dtype}")
options["reduction"] = "{reduction}"
options["ignore_index"] = {ignore_index}
options["label_smoothing"] = {label_smoothing}
input = np.array({input}, dtype="{input_dtype}")
target = np.array({target}, dtype="{target_dtype}")
print(losses.FUNCTION(input, target, **options))"""

LOSSES = {
    "BCEWithLogitsLoss": losses.bce_with_logits,
    "MultiLabelSoftMarginLoss": losses.multi_label_soft_margin,
    "BCELoss": losses.bce,
    "CrossEntropyLoss": losses.cross_entropy,
}

DESCRIPTION["snippets"] = {m: SNIPPET.replace("FUNCTION", f.__name__) for m, f in LOSSES.items()}


def evaluate(module: str, options: dict, inputs: dict, want: list[str]) -> dict[str, wire.Tensor]:
    if "size_average" in options or "reduce" in options:
        raise wire.Unsupported("the legacy options size_average and reduce")
    if module not in DESCRIPTION["modules"]:
        raise wire.Unsupported(f"module {module!r}")
    arrays = {name: wire.to_array(tensor) for name, tensor in inputs.items()}
    x, t = arrays.pop("input"), arrays.pop("target")
    upstream = arrays.pop("grad_output", None)
    try:
        # What is left of the inputs and the options are keyword arguments of the loss.
        value, grad = LOSSES[module](x, t, upstream=upstream, **arrays, **options)
    except losses.LossError as err:
        # Only what the library refuses on purpose: any other exception is a bug, and says so.
        raise wire.Rejected(str(err), err.kind) from err
    outputs = {"loss": value, "grad_input": grad}
    return {name: wire.from_array(outputs[name]) for name in want if name in outputs}


if __name__ == "__main__":
    wire.serve(DESCRIPTION, evaluate)
