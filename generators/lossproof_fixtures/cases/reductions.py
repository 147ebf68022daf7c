"""The three reductions on ordinary numbers, and every gradient."""

from __future__ import annotations

from .. import draw
from ..model import BCEWL, DTYPES, REDUCTIONS, Topic

_RULE = {"none": "NONE-SHAPE", "mean": "MEAN", "sum": "SUM"}


def build(module: str) -> list[Topic]:
    topic = Topic(
        module, "reductions", "What 'none', 'mean' and 'sum' return on ordinary numbers, and the default."
    )
    for tag, dtype in DTYPES.items():
        for shape in ((3, 5),):
            rng = draw.generator(topic.seed(tag, shape))
            inputs = {
                "input": draw.bell(rng, shape, 2.0, dtype),
                "target": draw.hard(rng, shape, dtype),
            }
            soft = dict(inputs, target=draw.soft(rng, shape, dtype))
            size = "x".join(map(str, shape))
            for reduction in REDUCTIONS:
                options = {"reduction": reduction}
                topic.add(f"{tag}-{size}-{reduction}", _RULE[reduction], options, inputs, also=("FORMULA",))
                topic.add(
                    f"{tag}-{size}-{reduction}-soft", _RULE[reduction], options, soft, also=("TARGET-SOFT",)
                )
                topic.add(
                    f"{tag}-{size}-{reduction}-grad-target",
                    "GRAD-TARGET",
                    options,
                    soft,
                    want=("loss", "grad_input", "grad_target"),
                )
                topic.add(
                    f"{tag}-{size}-{reduction}-grad-input",
                    "GRAD-INPUT",
                    options,
                    _moderate(topic, tag, shape, dtype),
                )
            topic.add(
                f"{tag}-{size}-default", "MEAN", {}, inputs, note="No option given: the default is 'mean'."
            )
        _one_element_each(topic, tag, dtype)
        if module == BCEWL:
            _grad_target_pos_weight(topic, tag, dtype)
    return [topic]


def _moderate(topic, tag, shape, dtype):
    rng = draw.generator(topic.seed(tag, shape, "moderate"))
    return {"input": draw.uniform(rng, shape, -8, 8, dtype), "target": draw.soft(rng, shape, dtype)}


def _one_element_each(topic, tag, dtype):
    """The formula for one element at a time, where nothing can hide in a sum."""
    rng = draw.generator(topic.seed(tag, "elements"))
    x = draw.uniform(rng, (12, 1), -6, 6, dtype)
    for name, t in (("hard", draw.hard(rng, (12, 1), dtype)), ("soft", draw.soft(rng, (12, 1), dtype))):
        topic.add(f"{tag}-one-class-none-{name}", "FORMULA", {"reduction": "none"}, {"input": x, "target": t})


def _grad_target_pos_weight(topic, tag, dtype):
    rng = draw.generator(topic.seed(tag, "grad-target-pos-weight"))
    inputs = {
        "input": draw.bell(rng, (3, 5), 3.0, dtype),
        "target": draw.soft(rng, (3, 5), dtype),
        "pos_weight": draw.uniform(rng, (5,), 0.25, 4, dtype),
    }
    for reduction in REDUCTIONS:
        topic.add(
            f"{tag}-3x5-{reduction}-grad-target-pos-weight",
            "GRAD-TARGET",
            {"reduction": reduction},
            inputs,
            want=("loss", "grad_input", "grad_target"),
        )
