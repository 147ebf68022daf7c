"""The table of the modules: modules.json of the fixtures, which the wheel has a copy of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Input:
    """An input of a module.

    holds is logits, probabilities, classes, weights or gradients. shape says how the input is
    shaped: any, input, broadcast, class, rows or loss.
    """

    name: str
    holds: str
    shape: str
    optional: bool
    min_rank: int


@dataclass(frozen=True)
class Module:
    """A loss by PyTorch's class name.

    loss_of says what one loss of reduction 'none' is of: element, last_dimension or
    class_dimension.
    """

    name: str
    loss_of: str
    inputs: dict[str, Input]
    options: tuple[str, ...]
    outputs: tuple[str, ...]


@cache
def modules() -> dict[str, Module]:
    found = {}
    for raw in _document()["modules"]:
        inputs = {
            i["name"]: Input(
                i["name"], i["holds"], i["shape"], i.get("optional", False), i.get("min_rank", 0)
            )
            for i in raw["inputs"]
        }
        found[raw["name"]] = Module(
            raw["name"], raw["loss_of"], inputs, tuple(raw["options"]), tuple(raw["outputs"])
        )
    return found


def module(name: str) -> Module:
    known = modules()
    if name not in known:
        raise ValueError(f"module: got {name!r}, want one of {', '.join(known)}")
    return known[name]


def _document() -> dict[str, Any]:
    here = Path(__file__).parent
    # In a checkout the file lies with the fixtures.
    for path in (here / "modules.json", here.parents[2] / "fixtures" / "data" / "modules.json"):
        if path.exists():
            document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return document
    raise FileNotFoundError(f"{here / 'modules.json'}: the package is not complete: install it")
