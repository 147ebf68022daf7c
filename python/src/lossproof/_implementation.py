"""What is checked: a function or a class, and which of its parameters are which."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from lossproof._modules import Module
from lossproof._wire import Rejected, Unsupported
from lossproof.frameworks import describe

#: What parameters are called, beside the names of PyTorch.
_ALIASES = {
    "input": (
        "inputs", "logits", "logit", "output", "outputs", "pred", "preds", "prediction",
        "predictions", "predicted", "y_pred", "y_hat", "yhat", "scores", "probs", "x",
    ),
    "target": (
        "targets", "label", "labels", "y_true", "true", "truth", "expected", "gt", "y", "t",
    ),
    "weight": ("weights",),
    "pos_weight": ("pos_weights",),
}  # fmt: skip

#: The methods that take input and target, in the order in which they are looked for.
_METHODS = ("forward", "call", "construct")

#: The name or the place of a parameter, by the name of an input or option.
_Found = dict[str, str | int]


class Implementation:
    """A function f(input, target, *, weight=…, reduction=…), or a class of such: cls(reduction=…).

    names has the parameters that are not called as in PyTorch; a number is a place, from 0.
    arguments are handed on in every call. reductions has what the implementation calls the
    reductions; a string is the only one that it computes. more are parameters to look for beside
    those of the module.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        module: Module,
        names: Mapping[str, str | int],
        arguments: Mapping[str, Any],
        reductions: str | Mapping[str, Any] | None,
        more: tuple[str, ...] = (),
    ) -> None:
        if not callable(function):
            raise TypeError(f"got {type(function).__name__}, want a function or a class")
        self.function = function
        self.module = module
        #: With grad_output, which is of a gradient alone.
        self.given_names = names
        self.names = {n: p for n, p in names.items() if n != "grad_output" or n in more}
        self.arguments = dict(arguments)
        self.reductions = reductions
        self._known = [n for n in (*module.inputs, *module.options) if n != "grad_output"]
        self._known += more
        self.description = describe(function)
        inner = function.func if isinstance(function, functools.partial) else function
        self.is_class = isinstance(inner, type)
        self.constructor: _Found = {}
        if self.is_class:
            self.constructor = self._find(function, but=("input", "target"), builtin={})
        self._signature: inspect.Signature | None = None
        self.call = self._find(_called(function, inner), but=())
        if self.is_class:
            self.call = {n: p for n, p in self.call.items() if n not in self.constructor}
        self._check()

    def _find(self, function: Any, but: tuple[str, ...], builtin: _Found | None = None) -> _Found:
        """Find the parameters of a function that are inputs and options of the module."""
        try:
            self._signature = inspect.signature(function)
        except (TypeError, ValueError):
            if builtin is not None:
                return builtin
            if not {"input", "target"} <= set(self.names):
                raise TypeError(
                    f"cannot read the parameters of {self.description}: "
                    'pass names=, such as {"input": 0, "target": 1, "weight": "weight"}'
                ) from None
            self._signature = None
            return dict(self.names)
        parameters = list(self._signature.parameters.values())
        if self.is_class and inspect.isfunction(function):
            parameters = parameters[1:]  # self
        places = {p.name: i for i, p in enumerate(parameters)}
        positional = {p.name for p in parameters if p.kind is p.POSITIONAL_ONLY}
        open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters)
        found: _Found = {}
        for name in self._known:
            if name in but:
                continue
            if name in self.names:
                given = self.names[name]
                candidates = [given] if given in places or open_ended else []
                if isinstance(given, int):
                    candidates = [given]
            else:
                candidates = [c for c in (name, *_ALIASES.get(name, ())) if c in places]
            for candidate in candidates:
                if candidate not in self.arguments:
                    found[name] = places[str(candidate)] if candidate in positional else candidate
                    break
        return found

    def _check(self) -> None:
        """Raise for names that are of no use, and ask for those that are needed."""
        for name, parameter in self.names.items():
            if name not in self._known:
                known = ", ".join(self._known)
                raise ValueError(f"names: {self.module.name} has no {name!r}, want one of {known}")
            if not self.has(name):
                raise ValueError(f"names: {self} has no parameter {parameter!r}")
        for name in ("input", "target"):
            if name not in self.call:
                raise TypeError(
                    f"cannot tell which parameter of {self} is the {name}: "
                    'pass names=, such as {"input": "a", "target": "b"}'
                )

    def __str__(self) -> str:
        return f"{self.description}{self._signature or '(…)'}"

    def has(self, name: str) -> bool:
        """Report whether there is a parameter for an input or an option."""
        return name in self.call or name in self.constructor

    def __call__(self, inputs: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
        """Return the loss. Raises Unsupported for what there is no parameter for."""
        values = {**inputs, **self._options(options)}
        for name in values:
            if not self.has(name):
                raise Unsupported(f"{self.description} has no parameter for {name}")
        if not self.is_class:
            return _apply(self.function, self.call, values, self.arguments)
        loss = _apply(self.function, self.constructor, values, self.arguments)
        return _apply(loss, self.call, values, {})

    def _options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        found = dict(options)
        if self.reductions is None:
            return found
        reduction = found.pop("reduction", "mean")
        right = reduction in ("none", "mean", "sum", "elementwise_mean")
        if isinstance(self.reductions, str):
            if not right:
                # As Python does: there is no such parameter.
                raise Rejected(f"{self.description} takes no reduction {reduction!r}", "option")
            if reduction != self.reductions:
                raise Unsupported(f"{self.description} computes the {self.reductions} alone")
        elif right and reduction not in self.reductions:
            raise Unsupported(f"reduction= does not say what {reduction!r} is called")
        else:
            # One that there is not is handed on, to be refused.
            found["reduction"] = self.reductions.get(reduction, reduction)
        return found


def _called(function: Any, inner: Any) -> Any:
    """Return what has the parameters for input and target."""
    if inspect.isroutine(inner) or hasattr(inner, "__wrapped__"):
        return function
    of = inner if isinstance(inner, type) else type(inner)
    for method in _METHODS:
        if callable(getattr(of, method, None)):
            return getattr(inner, method)
    if isinstance(inner, type):
        call = next(
            (vars(base)["__call__"] for base in of.__mro__ if "__call__" in vars(base)), None
        )
        if call is None:
            raise TypeError(f"{describe(function)}: its instances cannot be called")
        return call
    return function


def _apply(
    function: Callable[..., Any], found: _Found, values: Mapping[str, Any], more: Mapping[str, Any]
) -> Any:
    places = {p: values[n] for n, p in found.items() if isinstance(p, int) and n in values}
    keywords = {p: values[n] for n, p in found.items() if isinstance(p, str) and n in values}
    return function(*(places[i] for i in sorted(places)), **{**more, **keywords})
