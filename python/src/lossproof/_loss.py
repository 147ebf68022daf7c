"""What is checked, and how it is called."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lossproof import _modules, frameworks
from lossproof._claim import Claim, infer, override
from lossproof._implementation import Implementation
from lossproof._port import Port
from lossproof.frameworks import Framework


@dataclass
class Loss:
    """A function or a class, and which loss it is: what makes a port of it.

    The members are those of lossproof.check, whose documentation says what they mean; framework may
    also be a lossproof.frameworks.Framework of your own. It can be pickled if the implementation
    can, for a process of its own.
    """

    implementation: Callable[..., Any]
    module: str | None = None
    names: Mapping[str, str | int] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    reduction: str | Mapping[str, Any] | None = None
    gradient: Callable[..., Any] | None = None
    framework: str | Framework | None = None
    claim: Mapping[str, Sequence[str]] = field(default_factory=dict)
    without: Sequence[str] = ()

    def port(self, layout: str = "contiguous") -> Port:
        """Return the port, without its claim. Raises TypeError or ValueError."""
        module = _modules.module(self.module or self._module())
        framework = self.framework or frameworks.find(self.implementation)
        if isinstance(framework, str):
            framework = frameworks.load(framework)
        if layout not in framework.layouts:
            raise ValueError(
                f"layouts: {framework.name} has no {layout!r}, "
                f"want one of {', '.join(framework.layouts)}"
            )
        if isinstance(self.reduction, str) and self.reduction not in ("none", "mean", "sum"):
            raise ValueError(f"reduction: got {self.reduction!r}, want none, mean or sum")
        implementation = Implementation(
            self.implementation, module, self.names, self.arguments, self.reduction
        )
        return Port(module, implementation, framework, self.gradient, layout)

    def claimed(self, port: Port) -> Claim:
        """Return the claim of the port, which small calls find but where it is given in whole.

        Raises TypeError or ValueError.
        """
        given = {"dtypes", "outputs", "without"} <= set(self.claim)
        with port.session():
            return override(Claim() if given else infer(port), self.claim, self.without)

    def _module(self) -> str:
        inner = self.implementation
        if isinstance(inner, functools.partial):
            inner = inner.func
        name: str = getattr(inner, "__name__", type(inner).__name__)
        for candidate in (name, type(inner).__name__):
            if candidate in _modules.modules():
                return candidate
        raise TypeError(
            f"cannot tell which loss {frameworks.describe(inner)} is: "
            f"pass module= one of {', '.join(_modules.modules())}"
        )
