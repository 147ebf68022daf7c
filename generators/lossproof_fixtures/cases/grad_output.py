"""Upstream gradients that are not ones."""

from __future__ import annotations

import numpy as np

from .. import draw
from ..model import BCEWL, DTYPES, MLSM, REDUCTIONS, Topic


def build(module: str) -> list[Topic]:
    topic = Topic(module, "grad_output", "Upstream gradients that are not ones.")
    shape = (3, 5)
    for tag, dtype in DTYPES.items():
        rng = draw.generator(topic.seed(tag))
        inputs = {"input": draw.bell(rng, shape, 2.0, dtype), "target": draw.soft(rng, shape, dtype)}
        weight = draw.uniform(rng, (5,), 0.25, 4, dtype)
        for reduction in REDUCTIONS:
            loss_shape = () if reduction != "none" else shape if module == BCEWL else shape[:1]
            for kind, u in _upstreams(topic, tag, loss_shape, dtype).items():
                name, options = f"{tag}-{reduction}-{kind}", {"reduction": reduction}
                call = dict(inputs, grad_output=u)
                want = ("loss", "grad_input", "grad_target")
                topic.add(name, "GRAD-OUTPUT", options, call, want=want)
                if module == MLSM:
                    want += ("grad_weight",)
                topic.add(f"{name}-weight", "GRAD-OUTPUT", options, dict(call, weight=weight), want=want)
                if module == BCEWL:
                    topic.add(
                        f"{name}-pos-weight", "GRAD-OUTPUT", options, dict(call, pos_weight=weight), want=want
                    )
    return [topic]


def _upstreams(topic, tag, shape, dtype) -> dict:
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
