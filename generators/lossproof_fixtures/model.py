"""The words of the generator: a call, a case, a topic."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np

from .modules import BCE, BCEWL, CE, MLSM, MODULES, PREFIX, SINCE  # noqa: F401 (words of the cases, too)

DTYPES = {"f32": np.dtype(np.float32), "f64": np.dtype(np.float64)}
REDUCTIONS = ("none", "mean", "sum")

#: Outputs that every accepted case asks for unless it says otherwise.
LOSS_AND_GRAD = ("loss", "grad_input")


@dataclass
class Case:
    """One call of a module and the rule that it stands for.

    ``inputs`` are NumPy arrays by name: input, target, weight, pos_weight, grad_output.
    ``rejects`` is the kind of refusal that is expected of torch, or None.
    """

    module: str
    topic: str
    name: str
    rule: str
    options: dict
    inputs: dict[str, np.ndarray]
    want: tuple[str, ...] = LOSS_AND_GRAD
    also: tuple[str, ...] = ()
    note: str = ""
    since: str = ""
    rejects: str | None = None
    published: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def __post_init__(self):
        self.since = self.since or SINCE[self.module]

    @property
    def id(self) -> str:
        return f"{self.module}/{self.topic}/{self.name}"


class Topic:
    """Collects the cases of one folder."""

    def __init__(self, module: str, name: str, title: str):
        self.module, self.name, self.title = module, name, title
        self.cases: list[Case] = []

    def rule(self, suffix: str) -> str:
        """Returns the id of this module's rule with that suffix."""
        return f"{PREFIX[self.module]}-{suffix}"

    def add(self, name: str, rule: str, options: dict, inputs: dict, **more) -> Case:
        """Adds a case; ``rule`` and ``also`` are suffixes of rule ids."""
        more["also"] = tuple(self.rule(a) for a in more.get("also", ()))
        inputs = {k: np.asarray(v) for k, v in inputs.items() if v is not None}
        case = Case(self.module, self.name, name, self.rule(rule), dict(options), inputs, **more)
        self.cases.append(case)
        return case

    def seed(self, *parts: object) -> int:
        """A seed of 128 bits from the folder and the given words, the same for ever."""
        text = "/".join([self.module, self.name, *map(str, parts)])
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
