"""lossproof.serve."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from lossproof import _wire
from lossproof._loss import Loss
from lossproof._port import Port
from lossproof._wire import Tensor, Unsupported

#: How an implementation refuses a call: the exception, a pattern in its message, and the kind of
#: refusal, which is shape, dtype, option, value or empty.
Refusal = tuple[type[Exception], str, str]


def serve(
    *losses: Loss,
    name: str = "",
    version: str = "",
    refusals: Sequence[Refusal] = (),
    slow: bool = False,
    snippets: Mapping[str, str] | None = None,
    compiles: bool = False,
) -> None:
    """Answer as a port, for lossproof run -- python port.py: the end of such a script.

        lossproof.serve(lossproof.Loss(my_bce, "BCELoss"), lossproof.Loss(my_cross_entropy, …))

    losses has one for each module. Its claim is found by small calls before the first answer, and
    what is left out is written to stderr with the reason. name and version are those of the
    library; the framework's where they are empty. refusals, if there are any, are the exceptions by
    which it refuses a call: any other is an error of the port. Without them the kinds of exceptions
    are by which frameworks refuse. slow says that an answer may take minutes; compiles, that each
    new shape is compiled, which is known of JAX and tinygrad: few shapes are asked then. snippets
    are programs that make a call, by module, for lossproof repro --snippet, where the one that is
    made of the function does not do: see docs/protocol.md.

    Requests come on stdin, the answers go to stdout, and what libraries print there goes to stderr.
    Returns after bye or the end of stdin. Raises TypeError or ValueError as lossproof.check does,
    and ValueError for two losses of one module.
    """
    if not losses:
        raise ValueError("losses: got none, want one for each module")
    ports = [loss.port() for loss in losses]
    names = [port.module.name for port in ports]
    if len(set(names)) < len(names):
        raise ValueError(f"losses: got {', '.join(names)}, want one for each module")
    out = _wire.take_stdout()
    answering: dict[str, Port] = {}
    modules: dict[str, dict[str, list[str]]] = {}
    with ExitStack() as sessions:
        for port, loss in zip(ports, losses, strict=True):
            sessions.enter_context(port.session())
            port.refusals = [(kind, re.compile(text), word) for kind, text, word in refusals]
            claim = loss.claimed(port)
            for line in claim.reasons():
                print(f"{port.module.name}: {line}", file=sys.stderr)
            answering[port.module.name], modules[port.module.name] = port, claim.json()
        descriptions = [port.description(name, version) for port in answering.values()]
        written = {m: text for d in descriptions for m, text in d.get("snippets", {}).items()}
        description = descriptions[0] | {
            "modules": modules,
            "snippets": written | dict(snippets or {}),
        }
        if slow:
            description["slow"] = True
        if compiles:
            description["compiles"] = True

        def evaluate(
            module: str, options: dict[str, object], inputs: dict[str, Tensor], want: list[str]
        ) -> dict[str, Tensor]:
            if module not in answering:
                raise Unsupported(f"module {module!r}, want one of {', '.join(answering)}")
            return answering[module].evaluate(module, options, inputs, want)

        _wire.answer(sys.stdin.buffer, out, description, evaluate)
