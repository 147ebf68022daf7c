"""An implementation in a framework as a port: it answers calls, and says what it claims."""

from __future__ import annotations

import platform
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from lossproof._implementation import Implementation
from lossproof._modules import Module
from lossproof._snippet import snippet
from lossproof._wire import SIZES, Rejected, Tensor, Unsupported
from lossproof.frameworks import Framework


class Port:
    """Evaluates calls of one module by an implementation."""

    def __init__(
        self,
        module: Module,
        implementation: Implementation,
        framework: Framework,
        gradient: Callable[..., Any] | None = None,
        layout: str = "contiguous",
    ) -> None:
        self.module = module
        self.implementation = implementation
        self.framework = framework
        self.layout = layout
        #: How a call is refused: exception, pattern of its message, kind. The exceptions of the
        #: framework if there are none.
        self.refusals: list[tuple[type[Exception], re.Pattern[str], str]] = []
        self._lacks: dict[str, str] = {}
        self.gradient = None
        if gradient is not None:
            self.gradient = Implementation(
                gradient,
                module,
                implementation.given_names,
                implementation.arguments,
                implementation.reductions,
                more=("grad_output",),
            )

    def version(self) -> str:
        """Return the framework and its version."""
        return f"{self.framework.name} {self.framework.version()}"

    def description(self, name: str = "", version: str = "") -> dict[str, Any]:
        """Return what the port is, as the answer to hello has it."""
        described: dict[str, Any] = {
            "port": {
                "name": name or self.implementation.description,
                "version": version or self.version(),
                "language": "python",
                "language_version": platform.python_version(),
            },
        }
        # Of a gradient that a function of its own computes it shows the loss alone.
        text = snippet(self.implementation, self.framework, gradient=self.gradient is None)
        if text is not None:
            described["snippets"] = {self.module.name: text}
        return described | ({"compiles": True} if self.framework.compiles else {})

    @contextmanager
    def session(self) -> Iterator[None]:
        """Surround calls: what the framework needs, and no warnings.

        Those are of overflow and NaN, which many cases are about, and of deprecated options.
        """
        with warnings.catch_warnings(), self.framework.session():
            warnings.simplefilter("ignore")
            yield

    def evaluate(
        self, module: str, options: dict[str, Any], inputs: dict[str, Tensor], want: list[str]
    ) -> dict[str, Tensor]:
        """Return the wanted outputs. An exception by which the framework refuses is Rejected."""
        for name in inputs:
            if name != "grad_output" and not self.implementation.has(name):
                raise Unsupported(f"{self.implementation.description} has no parameter for {name}")
        for tensor in inputs.values():
            if "float" in tensor.dtype and (why := self.lacks(tensor.dtype)):
                raise Unsupported(why)  # another call would be answered
        tensors = {n: self.framework.tensor(t, self.layout) for n, t in inputs.items()}
        try:
            outputs = self._outputs(options, tensors, want)
            outputs = {name: self.framework.settle(array) for name, array in outputs.items()}
        except Exception as err:
            kind = self._refused(err)
            if kind is None:
                raise
            raise Rejected(f"{type(err).__name__}: {err}", kind) from err
        return {name: self.framework.to_wire(array) for name, array in outputs.items()}

    def lacks(self, dtype: str) -> str:
        """Return why the framework has no arrays of a dtype; nothing where it has them."""
        if dtype not in self._lacks:
            one = Tensor(dtype, (1,), bytes(SIZES[dtype]))
            try:
                held = self.framework.to_wire(self.framework.tensor(one)).dtype
                why = "" if held == dtype else f"{self.framework.name} makes {held} of it"
            except Exception as err:
                why = brief(err)
            self._lacks[dtype] = why
        return self._lacks[dtype]

    def _refused(self, err: Exception) -> str | None:
        """Return the kind of a refusal, which may be empty; None for an error."""
        if self.refusals:
            kinds = (
                k for e, text, k in self.refusals if isinstance(err, e) and text.search(str(err))
            )
            return next(kinds, None)
        errors = (*self.framework.errors, Unsupported, Rejected)
        if isinstance(err, self.framework.refusals) and not isinstance(err, errors):
            return ""
        return None

    def _outputs(
        self, options: dict[str, Any], tensors: dict[str, Any], want: list[str]
    ) -> dict[str, Any]:
        upstream = tensors.pop("grad_output", None)
        wrt = [name.removeprefix("grad_") for name in want if name != "loss"]
        if not wrt or self.gradient is not None:
            loss = self.implementation(tensors, options)
            gradients = self._by_function(options, tensors, upstream, wrt) if wrt else {}
            return {"loss": loss, **{f"grad_{name}": gradients[f"grad_{name}"] for name in wrt}}
        loss, found = self.framework.gradients(
            lambda inputs: self.implementation(inputs, options),
            tensors,
            wrt,
            upstream,
            self.layout,
        )
        return {"loss": loss, **{f"grad_{name}": found[name] for name in wrt}}

    def _by_function(
        self, options: dict[str, Any], tensors: dict[str, Any], upstream: Any, wrt: list[str]
    ) -> Mapping[str, Any]:
        """Return the gradients that the gradient function returns: grad_input, or a mapping."""
        assert self.gradient is not None
        found = self.gradient(
            tensors if upstream is None else {**tensors, "grad_output": upstream}, options
        )
        found = found if isinstance(found, Mapping) else {"grad_input": found}
        for name in wrt:
            if f"grad_{name}" not in found:
                raise Unsupported(f"{self.gradient.description} returns no grad_{name}")
        return found

    def set_reductions(self, reductions: str) -> None:
        """Say which is the only reduction that is computed."""
        self.implementation.reductions = reductions
        if self.gradient is not None:
            self.gradient.reductions = reductions


def brief(error: Exception | None) -> str:
    """Return an exception in one line, cut. What was refused has the name of its exception."""
    text = "" if error is None else f"{error}"
    if error is not None and not isinstance(error, (Rejected, Unsupported)):
        text = f"{type(error).__name__}: {text}"
    return (text.splitlines() or [""])[0][:160]
