"""The three reductions on ordinary numbers, and every gradient."""

from __future__ import annotations

from ... import draw
from ...model import BCE, DTYPES, REDUCTIONS, Topic
from . import ordinary

_RULE = {"none": "NONE-SHAPE", "mean": "MEAN", "sum": "SUM"}


def build() -> list[Topic]:
    topic = Topic(
        BCE, "reductions", "What 'none', 'mean' and 'sum' return on ordinary numbers, and the default."
    )
    shape = (3, 5)
    for tag, dtype in DTYPES.items():
        rng = draw.generator(topic.seed(tag))
        inputs = ordinary.inputs(rng, shape, dtype)
        soft = ordinary.inputs(rng, shape, dtype, soft=True)
        for reduction in REDUCTIONS:
            rule, options = _RULE[reduction], {"reduction": reduction}
            topic.add(f"{tag}-{reduction}", rule, options, inputs, also=("FORMULA",))
            topic.add(f"{tag}-{reduction}-soft", rule, options, soft, also=("TARGET-SOFT",))
            topic.add(f"{tag}-{reduction}-grad-input", "GRAD-INPUT", options, soft, want=("grad_input",))
            topic.add(
                f"{tag}-{reduction}-grad-target",
                "GRAD-TARGET",
                options,
                soft,
                want=("loss", "grad_input", "grad_target"),
            )
        topic.add(f"{tag}-default", "MEAN", {}, inputs, note="No option given: the default is 'mean'.")
        for name, is_soft in (("hard", False), ("soft", True)):
            one = ordinary.inputs(draw.generator(topic.seed(tag, name)), (12, 1), dtype, soft=is_soft)
            topic.add(f"{tag}-one-class-none-{name}", "FORMULA", {"reduction": "none"}, one)
    return [topic]
