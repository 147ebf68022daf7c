"""size_average and reduce: every pair of absent, true and false, with and without reduction."""

from __future__ import annotations

from ... import draw
from ...model import BCE, DTYPES, Topic
from .. import legacy_reduction
from . import ordinary


def build() -> list[Topic]:
    topic = Topic(
        BCE,
        "legacy_reduction",
        "The deprecated flags size_average and reduce, with and without a conflicting reduction.",
    )
    for tag, dtype in DTYPES.items():
        inputs = ordinary.inputs(draw.generator(topic.seed(tag)), (3, 4), dtype)
        for name, options in legacy_reduction.combinations():
            topic.add(f"{tag}-{name}", "LEGACY-REDUCTION", options, inputs)
    return [topic]
