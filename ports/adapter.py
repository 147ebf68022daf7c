"""What the adapters of frameworks in Python share: the claim, arrays, gradients and refusals.

An adapter is a folder beside this file, with a port.py that says how its framework computes a loss
and its gradients:

    sys.path.insert(0, str(Path(__file__).parents[1]))
    import adapter

    def evaluate(module, options, inputs, want):
        def loss(inputs): ...                        # of arrays by name
        def vjp(function, values, upstream): ...     # the loss, and its gradient in each of values
        return adapter.outputs(loss, vjp, inputs, want)

    refusals = [(ValueError, "shape", "shape")]
    adapter.serve(adapter.describe("name", "1.0"), evaluate, refusals=refusals)

Inputs and outputs are NumPy arrays, unless the adapter gives its own from_wire and to_wire.
"""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(_ROOT / "ports/skeleton/python"))

import wire  # noqa: E402 (it lies in the skeleton, which has to be complete)
from wire import Rejected, Tensor, Unsupported  # noqa: E402, F401 (for the adapters)

#: The table of fixtures/README.md, by the name of the module.
MODULES = {
    module["name"]: module
    for module in json.loads((_ROOT / "fixtures/data/modules.json").read_bytes())["modules"]
}

#: How a framework refuses a call: the exception, a pattern in its message, and the kind of
#: refusal. Any other exception is a failure: a crash must not pass for a refusal.
Refusal = tuple[type[Exception], str, str]


def describe(
    name: str,
    version: str,
    modules: dict[str, dict] | Iterable[str] = MODULES,
    dtypes: Iterable[str] = ("float32", "float64"),
    outputs: Iterable[str] = (),
    without: Iterable[str] = (),
) -> dict:
    """Return the answer to hello.

    A module gives all the outputs that PyTorch's gives, or those of outputs that PyTorch's gives
    too. A dict of modules has the members that a module claims for itself: {"BCELoss":
    {"without": ["grad_output"]}}.
    """

    def claim(module: str) -> dict:
        gives = [o for o in MODULES[module]["outputs"] if not outputs or o in outputs]
        own = modules[module] if isinstance(modules, dict) and modules is not MODULES else {}
        return {"dtypes": list(dtypes), "outputs": gives, "without": list(without), **own}

    port = {"name": name, "version": version.split("+")[0], "language": "python"}
    port["language_version"] = platform.python_version()
    return {"port": port, "modules": {module: claim(module) for module in modules}}


def outputs(loss: Callable, vjp: Callable, inputs: dict, want: list[str]) -> dict:
    """Return the wanted outputs of a loss that is a function of the inputs.

    vjp(function, values, upstream) returns the result of function(*values) and its gradient in each
    of values, for an upstream gradient, or for one of ones where that is None.
    """
    gradients = [name for name in want if name != "loss"]
    leaves = [name.removeprefix("grad_") for name in gradients]

    def of_leaves(*values):
        return loss({**inputs, **dict(zip(leaves, values, strict=True))})

    if not leaves:
        return {"loss": of_leaves()}
    value, found = vjp(of_leaves, [inputs[name] for name in leaves], inputs.get("grad_output"))
    return {"loss": value, **dict(zip(gradients, found, strict=True))}


def serve(
    description: dict,
    evaluate: Callable[[str, dict, dict, list[str]], dict],
    refusals: Iterable[Refusal] = (),
    from_wire: Callable = wire.to_array,
    to_wire: Callable = wire.from_array,
) -> None:
    """Answer requests until bye or the end of stdin."""

    def answer(module: str, options: dict, inputs: dict, want: list[str]) -> dict[str, Tensor]:
        if module not in description["modules"]:
            raise Unsupported(f"module {module!r}, want one of {', '.join(description['modules'])}")
        arrays = {name: from_wire(tensor) for name, tensor in inputs.items()}
        try:
            found = evaluate(module, options, arrays, want)
        except Exception as err:
            for exception, message, kind in refusals:
                if isinstance(err, exception) and re.search(message, str(err)):
                    raise Rejected(str(err), kind) from err
            raise
        return {name: to_wire(found[name]) for name in want if name in found}

    wire.serve(description, answer)
