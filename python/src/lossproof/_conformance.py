"""The decorator of the pytest plugin; it does not need pytest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lossproof import _modules
from lossproof._loss import Loss

#: The attribute of a decorated function.
ATTRIBUTE = "__lossproof__"


@dataclass(frozen=True)
class Conformance:
    """What the decorator was given."""

    module: str
    names: Mapping[str, str | int]
    arguments: Mapping[str, Any]
    reduction: str | Mapping[str, Any] | None
    gradient: Callable[..., Any] | None
    framework: str | None
    claim: Mapping[str, Sequence[str]]
    without: Sequence[str]
    layout: str
    baseline: str | None
    timeout: float
    isolated: bool

    def loss(self, implementation: Callable[..., Any]) -> Loss:
        """Return the check of what the decorated function returned."""
        return Loss(
            implementation,
            self.module,
            self.names,
            self.arguments,
            self.reduction,
            self.gradient,
            self.framework,
            self.claim,
            self.without,
        )


def conformance(
    module: str,
    *,
    names: Mapping[str, str | int] | None = None,
    arguments: Mapping[str, Any] | None = None,
    reduction: str | Mapping[str, Any] | None = None,
    gradient: Callable[..., Any] | None = None,
    framework: str | None = None,
    claim: Mapping[str, Sequence[str]] | None = None,
    without: Sequence[str] = (),
    layout: str = "contiguous",
    baseline: str | None = None,
    timeout: float = 60,
    isolated: bool = False,
) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Make a pytest test for each check of a module, of the implementation that a function returns.

        @lossproof.conformance("BCEWithLogitsLoss")
        def test_my_bce():
            return my_bce

    The function takes no arguments; it is called once, when the first test runs. The tests are
    named by the ids of the checks, as in test_my_bce[BCEWithLogitsLoss/shapes/f32-none-3x5], and
    test_my_bce[claim] is about what is implemented. The arguments are those of lossproof.check;
    baseline is overridden by --lossproof-baseline. Raises ValueError for another module.
    """
    _modules.module(module)
    options = Conformance(
        module,
        names or {},
        arguments or {},
        reduction,
        gradient,
        framework,
        claim or {},
        without,
        layout,
        baseline,
        timeout,
        isolated,
    )

    def mark(function: Callable[[], Any]) -> Callable[[], Any]:
        setattr(function, ATTRIBUTE, options)
        return function

    return mark
