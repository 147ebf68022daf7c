"""What the adapters of frameworks in Python share: the package lossproof, and how a port ends.

An adapter is a folder beside this file, with a port.py that hands functions to serve():

    sys.path.insert(0, str(Path(__file__).parents[1]))
    from adapter import Loss, serve

    serve(Loss(optax.sigmoid_binary_cross_entropy, "BCEWithLogitsLoss"), name="optax")

The functions translate arguments and compute nothing. Their claims are found by small calls, as by
lossproof.check; what an adapter cannot express raises Unsupported.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python" / "src"))

import lossproof  # noqa: E402
from lossproof import Loss, Rejected, Unsupported  # noqa: E402
from lossproof.frameworks import Framework  # noqa: E402

__all__ = ["Framework", "Loss", "Rejected", "Unsupported", "samples", "serve", "versions"]


def serve(*losses: Loss, **arguments: Any) -> None:
    """Answer requests until bye or the end of stdin, and end the process."""
    lossproof.serve(*losses, **arguments)
    sys.stderr.flush()
    # Unloading a framework takes seconds, and nothing is left to be done.
    os._exit(0)


def versions(distribution: str, *below: str) -> str:
    """Return the version of a distribution, and those of what it builds on."""
    on = " and ".join(f"{name} {_version(name)}" for name in below)
    return _version(distribution) + (f" on {on}" if on else "")


def samples(*arrays: Any) -> list[Any]:
    """Return arrays of one shape with a single dimension, for a library that has no other."""
    given = [array for array in arrays if array is not None]
    for array in given:
        if array.shape != given[0].shape:
            raise Rejected(f"no samples: shape {array.shape} beside {given[0].shape}", "shape")
    return [None if array is None else array.ravel() for array in arrays]


def __getattr__(name: str) -> Any:
    """Import what needs a framework where an adapter asks for it."""
    if name in ("from_numpy", "to_numpy"):
        from lossproof.frameworks import numpy

        return getattr(numpy, name)
    if name == "Torch":
        from lossproof.frameworks.torch import Torch

        return Torch
    raise AttributeError(f"adapter has no {name}")


def _version(distribution: str) -> str:
    return version(distribution).split("+")[0]
