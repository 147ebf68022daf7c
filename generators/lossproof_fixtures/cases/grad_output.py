"""Upstream gradients that are not ones."""

from __future__ import annotations

import numpy as np

from .. import draw
from ..model import BCEWL, DTYPES, MLSM, REDUCTIONS, Topic

EMPTY_RULE = {"none": "EMPTY-NONE", "mean": "EMPTY-MEAN", "sum": "EMPTY-SUM"}


def build(module: str) -> list[Topic]:
    topic = Topic(module, "grad_output", "Upstream gradients that are not ones.")
    shape = (3, 5)
    for tag, dtype in DTYPES.items():
        rng = draw.generator(topic.seed(tag))
        inputs = {"input": draw.bell(rng, shape, 2.0, dtype), "target": draw.soft(rng, shape, dtype)}
        weight = draw.uniform(rng, (5,), 0.25, 4, dtype)
        for reduction in REDUCTIONS:
            loss_shape = () if reduction != "none" else shape if module == BCEWL else shape[:1]
            for kind, u in upstreams(topic, tag, loss_shape, dtype).items():
                name, options = f"{tag}-{reduction}-{kind}", {"reduction": reduction}
                call = dict(inputs, grad_output=u)
                want = ("loss", "grad_input", "grad_target")
                topic.add(name, "GRAD-OUTPUT", options, call, want=want)
                if kind not in ("positive", "signed"):
                    continue
                if module == MLSM:
                    want += ("grad_weight",)
                topic.add(f"{name}-weight", "GRAD-OUTPUT", options, dict(call, weight=weight), want=want)
                if module == BCEWL:
                    topic.add(
                        f"{name}-pos-weight", "GRAD-OUTPUT", options, dict(call, pos_weight=weight), want=want
                    )
                    if kind == "signed":
                        both = dict(call, weight=weight, pos_weight=weight[::-1].copy())
                        topic.add(f"{name}-weight-and-pos-weight", "GRAD-OUTPUT", options, both, want=want)
            _other_shapes(topic, tag, reduction, dtype)
    return [topic]


def _other_shapes(topic, tag, reduction, dtype):
    """On a square the upstream gradient would broadcast along the wrong axis as well."""
    shapes = {"4x4": (4, 4), "2x3x4": (2, 3, 4), "5": (5,), "0x3": (0, 3)}
    if topic.module == BCEWL:
        shapes["0d"] = ()
    for name, shape in shapes.items():
        rng = draw.generator(topic.seed(tag, name))
        inputs = {"input": draw.bell(rng, shape, 2.0, dtype), "target": draw.soft(rng, shape, dtype)}
        loss_shape = () if reduction != "none" else shape if topic.module == BCEWL else shape[:-1]
        call = dict(inputs, grad_output=upstreams(topic, tag, loss_shape, dtype)["signed"])
        want = ("grad_input", "grad_target")
        rule, also = _rule(topic.module, shape, reduction)
        topic.add(
            f"{tag}-{reduction}-signed-{name}", rule, {"reduction": reduction}, call, want=want, also=also
        )


def _rule(module, shape, reduction) -> tuple[str, tuple[str, ...]]:
    """Shapes that a library may refuse stand for the rule that says so."""
    if 0 in shape:
        return EMPTY_RULE[reduction], ("GRAD-OUTPUT",)
    if module == MLSM and len(shape) != 2:
        return "NO-BATCH" if len(shape) == 1 else "RANK", ("GRAD-OUTPUT",)
    return "GRAD-OUTPUT", ()


def upstreams(topic, tag, shape, dtype) -> dict:
    rng = draw.generator(topic.seed(tag, shape, "upstream"))
    u = draw.uniform(rng, shape, 0.5, 3, dtype)
    sign = np.asarray(np.where(np.arange(u.size).reshape(shape) % 2 == 0, -1, 1), dtype)
    return {
        "positive": u,
        "signed": np.asarray(sign * u, dtype),
        "zero": np.zeros(shape, dtype),
        "large": np.asarray(u * dtype.type(1e6), dtype),
        "tiny": np.asarray(u * dtype.type(1e-20), dtype),
    }
