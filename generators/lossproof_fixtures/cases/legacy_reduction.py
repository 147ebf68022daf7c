"""size_average and reduce: every pair of absent, true and false, with and without reduction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from .. import draw
from ..model import DTYPES, REDUCTIONS, Topic

_WORD = {None: "absent", True: "true", False: "false"}


def build(module: str) -> list[Topic]:
    return [topic_of(module, _inputs)]


def _inputs(rng, shape, dtype) -> dict:
    return {"input": draw.bell(rng, shape, 2.0, dtype), "target": draw.hard(rng, shape, dtype)}


def topic_of(module: str, inputs: Callable) -> Topic:
    """The topic of any module; ``inputs(rng, shape, dtype)`` draws an ordinary call."""
    topic = Topic(
        module,
        "legacy_reduction",
        "The deprecated flags size_average and reduce, with and without a conflicting reduction.",
    )
    for tag, dtype in DTYPES.items():
        call = inputs(draw.generator(topic.seed(tag)), (3, 4), dtype)
        for name, options in combinations():
            topic.add(f"{tag}-{name}", "LEGACY-REDUCTION", options, call)
        topic.add(
            f"{tag}-size_average-false-reduce-absent-reduction-batchmean",
            "LEGACY-REDUCTION",
            {"size_average": False, "reduction": "batchmean"},
            call,
            note="A reduction that is overridden is not looked at.",
            since="1.1.0",
        )
    return topic


def combinations() -> Iterator[tuple[str, dict]]:
    """Every combination by name."""
    for size_average, reduce, reduction in product(_WORD, _WORD, (None, *REDUCTIONS)):
        options = {"size_average": size_average, "reduce": reduce, "reduction": reduction}
        options = {k: v for k, v in options.items() if v is not None}
        yield (
            f"size_average-{_WORD[size_average]}-reduce-{_WORD[reduce]}-reduction-{reduction or 'absent'}",
            options,
        )
