"""Upstream gradients that are not ones."""

from __future__ import annotations

from ... import draw
from ...model import BCE, DTYPES, REDUCTIONS, Topic
from .. import grad_output
from . import ordinary


def build() -> list[Topic]:
    topic = Topic(BCE, "grad_output", "Upstream gradients that are not ones.")
    shape = (3, 5)
    for tag, dtype in DTYPES.items():
        rng = draw.generator(topic.seed(tag))
        inputs = ordinary.inputs(rng, shape, dtype, soft=True)
        weight = draw.uniform(rng, (5,), 0.25, 4, dtype)
        for reduction in REDUCTIONS:
            options = {"reduction": reduction}
            loss_shape = shape if reduction == "none" else ()
            for kind, u in grad_output.upstreams(topic, tag, loss_shape, dtype).items():
                name, call = f"{tag}-{reduction}-{kind}", dict(inputs, grad_output=u)
                want = ("loss", "grad_input", "grad_target")
                topic.add(name, "GRAD-OUTPUT", options, call, want=want)
                if kind in ("positive", "signed"):
                    topic.add(f"{name}-weight", "GRAD-OUTPUT", options, dict(call, weight=weight), want=want)
            # On a square the upstream gradient would broadcast along the wrong axis as well.
            for size, other in {
                "4x4": (4, 4),
                "2x3x4": (2, 3, 4),
                "5": (5,),
                "0x3": (0, 3),
                "0d": (),
            }.items():
                call = ordinary.inputs(draw.generator(topic.seed(tag, size)), other, dtype, soft=True)
                loss_shape = other if reduction == "none" else ()
                call["grad_output"] = grad_output.upstreams(topic, tag, loss_shape, dtype)["signed"]
                name, want = f"{tag}-{reduction}-signed-{size}", ("grad_input", "grad_target")
                if 0 in other:
                    empty = grad_output.EMPTY_RULE[reduction]
                    topic.add(name, empty, options, call, want=want, also=("GRAD-OUTPUT",))
                    continue
                topic.add(name, "GRAD-OUTPUT", options, call, want=want)
    return [topic]
