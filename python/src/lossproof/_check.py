"""lossproof.check."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lossproof._claim import Claim
from lossproof._loss import Loss
from lossproof._port import Port
from lossproof._result import Result, shown
from lossproof._run import INSIDE, pickled, run, run_isolated

LEVELS = ("parity", "exact", "reference")


def check(
    implementation: Callable[..., Any],
    module: str | None = None,
    *,
    names: Mapping[str, str | int] | None = None,
    arguments: Mapping[str, Any] | None = None,
    reduction: str | Mapping[str, Any] | None = None,
    gradient: Callable[..., Any] | None = None,
    framework: str | None = None,
    claim: Mapping[str, Sequence[str]] | None = None,
    without: Sequence[str] = (),
    level: str = "parity",
    select: str | Sequence[str] = (),
    layouts: Sequence[str] = ("contiguous",),
    baseline: str | None = None,
    timeout: float = 60,
    isolated: bool = False,
    json: str | None = None,
    raises: bool = True,
    quiet: bool = False,
) -> Result:
    """Check a loss function against what PyTorch returned and against the exact result.

    implementation is a function of input and target, and of whatever it has of weight, pos_weight,
    reduction and the other options of the module; or a class that takes options and weights, and
    whose instances take input and target. Both get and return arrays of their framework. input has
    any shape, for CrossEntropyLoss the classes in dimension 1 (0 where there is one dimension);
    target has the shape of input, but for class indices, which lack the class dimension; weight and
    pos_weight broadcast to input; the loss has the shape of input (BCELoss, BCEWithLogitsLoss) or
    that without the class dimension where the reduction is none, and shape () otherwise.

    module is PyTorch's name of the loss; where the implementation has that name it is not needed.
    names has the parameters that are called otherwise, as {"input": "logits"}. arguments are more
    arguments of every call. reduction is the only one that is computed ("mean"), or what they are
    called ({"mean": "sum_over_batch_size"}). gradient, for frameworks without gradients, is a
    function like the implementation, with a parameter grad_output if it likes (the upstream
    gradient; ones where it is not given), that returns the gradient with respect to input, or a
    dictionary of grad_input, grad_target, grad_weight. framework is found by the modules that the
    implementation uses.

    What is claimed is found by small calls, and printed. without adds words to what is not claimed,
    such as "rejections"; claim replaces dtypes, outputs or without in whole.

    level is parity (right by PyTorch or by the exact result, element by element), exact or
    reference. select has patterns of ids. layouts are contiguous, transposed, strided, expanded and
    offset: the same calls with views. baseline is a file of known failures. timeout is in seconds,
    for one call. isolated has the implementation, which must be picklable, run in a process of its
    own, that may crash. json is a file for the whole result, which is there even if this process
    crashes.

    Returns the result, whether it passed or not if raises is False. Raises AssertionError with the
    causes where the implementation is not conformant, TypeError or ValueError where something
    cannot be inferred or is not as documented, RunError where the binary cannot judge.
    """
    if os.environ.get(INSIDE):
        raise RuntimeError(
            "the process that isolated=True starts comes to lossproof.check again: put what the "
            'script runs behind if __name__ == "__main__":'
        )
    if level not in LEVELS:
        raise ValueError(f"level: got {level!r}, want one of {', '.join(LEVELS)}")
    if not layouts:
        raise ValueError("layouts: got none, want one or more")
    if json is not None and len(layouts) > 1:
        raise ValueError(f"json: got one file for {len(layouts)} layouts, each has a result")
    loss = Loss(
        implementation, module, names or {}, arguments or {}, reduction, gradient, framework,
        claim or {}, without,
    )  # fmt: skip
    flags = ["--level", level, "--timeout", f"{timeout}s"]
    for pattern in (select,) if isinstance(select, str) else select:
        flags += ["--select", pattern]
    if baseline is not None:
        flags += ["--baseline", baseline]
    results: list[Result] = []
    for layout in layouts:
        port = loss.port(layout)
        claimed = loss.claimed(port)
        if not quiet and not results:
            described = f"{port.implementation.description} ({port.version()})"
            print(shown(f"{described} as {port.module.name}: {claimed}"))
            for line in claimed.reasons():
                print(shown(f"  {line}"))
        found, report = judge(loss, port, claimed, flags, isolated=isolated, json_file=json)
        results.append(Result(found, report, str(claimed), layout, baseline=baseline or ""))
    result = results[0]
    result.layouts = {r.layout: r for r in results[1:]}
    if raises and not result.passed:
        raise AssertionError(shown(result.summary()))
    if not quiet:
        print(shown(result.summary()))
    return result


def judge(
    loss: Loss,
    port: Port,
    claim: Claim,
    flags: Sequence[str],
    *,
    isolated: bool = False,
    json_file: str | None = None,
) -> tuple[dict[str, Any], str]:
    """Run the binary over a port. Returns the result JSON and the report."""
    description = port.description() | {"modules": {port.module.name: claim.json()}}
    if not isolated:
        return run(port, description, flags, json_file=json_file)
    # What was inferred here is not inferred again there.
    reductions = port.implementation.reductions
    payload = pickled((loss, port.layout, reductions, description))
    return run_isolated(payload, flags, json_file=json_file)
