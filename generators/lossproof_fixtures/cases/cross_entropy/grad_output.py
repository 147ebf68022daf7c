"""Upstream gradients that are not ones."""

from __future__ import annotations

from ... import draw
from ...model import CE, DTYPES, REDUCTIONS, Topic
from .. import grad_output
from . import ordinary


def build() -> list[Topic]:
    topic = Topic(CE, "grad_output", "Upstream gradients that are not ones.")
    shape = (4, 3)
    for tag, dtype in DTYPES.items():
        for kind in ordinary.KINDS:
            rng = draw.generator(topic.seed(tag, kind))
            inputs = ordinary.inputs(rng, shape, dtype, kind)
            weight = draw.uniform(rng, (3,), 0.25, 4, dtype)
            want = ("loss", "grad_input") + (("grad_target",) if kind == "probabilities" else ())
            for reduction in REDUCTIONS:
                options = {"reduction": reduction}
                loss_shape = ordinary.row_shape(shape) if reduction == "none" else ()
                for upstream, u in grad_output.upstreams(topic, tag, loss_shape, dtype).items():
                    name, call = f"{tag}-{reduction}-{kind}-{upstream}", dict(inputs, grad_output=u)
                    topic.add(name, "GRAD-OUTPUT", options, call, want=want)
                    if upstream == "signed":
                        weighed = dict(call, weight=weight)
                        topic.add(f"{name}-weight", "GRAD-OUTPUT", options, weighed, want=want)
                        smooth = dict(options, label_smoothing=0.1)
                        also = ("GRAD-OUTPUT",)
                        topic.add(
                            f"{name}-smoothed", "SMOOTHING-WEIGHT", smooth, weighed, want=want, also=also
                        )
                _other_shapes(topic, tag, kind, reduction, dtype)
    return [topic]


def _other_shapes(topic, tag, kind, reduction, dtype):
    """On a square the upstream gradient would broadcast along the classes as well."""
    for size, shape in {
        "3x3": (3, 3),
        "2x3x4": (2, 3, 4),
        "3x3x3": (3, 3, 3),
        "5": (5,),
        "0x3": (0, 3),
    }.items():
        call = ordinary.inputs(draw.generator(topic.seed(tag, kind, size)), shape, dtype, kind)
        loss_shape = ordinary.row_shape(shape) if reduction == "none" else ()
        call["grad_output"] = grad_output.upstreams(topic, tag, loss_shape, dtype)["signed"]
        name = f"{tag}-{reduction}-{kind}-signed-{size}"
        rule = grad_output.EMPTY_RULE[reduction] if 0 in shape else "GRAD-OUTPUT"
        also = ("GRAD-OUTPUT",) if 0 in shape else ()
        topic.add(name, rule, {"reduction": reduction}, call, want=("grad_input",), also=also)
