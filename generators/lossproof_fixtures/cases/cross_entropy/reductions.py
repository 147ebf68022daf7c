"""The three reductions on ordinary numbers, and every gradient."""

from __future__ import annotations

from ... import draw
from ...model import CE, DTYPES, REDUCTIONS, Topic
from . import ordinary

_RULE = {"none": "NONE-SHAPE", "mean": "MEAN", "sum": "SUM"}


def build() -> list[Topic]:
    topic = Topic(
        CE,
        "reductions",
        "What 'none', 'mean' and 'sum' return on ordinary numbers, for class indices and class probabilities.",
    )
    for tag, dtype in DTYPES.items():
        for kind in ordinary.KINDS:
            inputs = ordinary.inputs(draw.generator(topic.seed(tag, kind)), (4, 3), dtype, kind)
            formula = "FORMULA" if kind == "index" else "PROBABILITIES"
            for reduction in REDUCTIONS:
                options = {"reduction": reduction}
                name = f"{tag}-{reduction}-{kind}"
                topic.add(name, _RULE[reduction], options, inputs, also=(formula,))
                topic.add(f"{name}-gradient", "GRAD-INPUT", options, inputs, want=("grad_input",))
                if kind == "probabilities":
                    want = ("loss", "grad_input", "grad_target")
                    topic.add(f"{name}-grad-target", "GRAD-TARGET", options, inputs, want=want)
            topic.add(
                f"{tag}-default-{kind}", "MEAN", {}, inputs, note="No option given: the default is 'mean'."
            )
            rows = ordinary.inputs(draw.generator(topic.seed(tag, kind, "rows")), (12, 5), dtype, kind, 3.0)
            topic.add(f"{tag}-none-{kind}-rows", formula, {"reduction": "none"}, rows)
    return [topic]
