"""Targets: hard, soft, all 0, all 1, outside [0,1], NaN."""

from __future__ import annotations

import numpy as np

from .. import draw
from ..model import BCEWL, DTYPES, REDUCTIONS, Topic


def build(module: str) -> list[Topic]:
    topic = Topic(module, "targets", "Targets of every kind: hard, soft, constant, outside [0,1], NaN.")
    for tag, dtype in DTYPES.items():
        rng = draw.generator(topic.seed(tag))
        shape = (3, 4)
        x = draw.uniform(rng, shape, -12, 12, dtype)
        weight = draw.uniform(rng, (4,), 0.25, 4, dtype)
        pos_weight = draw.uniform(rng, (4,), 0.25, 4, dtype)
        for kind, (rule, target) in _kinds(topic, tag, shape, dtype).items():
            for reduction in REDUCTIONS:
                options = {"reduction": reduction}
                plain = {"input": x, "target": target}
                topic.add(f"{tag}-{reduction}-{kind}", rule, options, plain)
                since = "2.0.0" if reduction == "sum" else ""
                if since and kind not in ("hard", "soft", "tiny", "minus-one", "nan"):
                    continue
                weighed = dict(plain, weight=weight)
                topic.add(f"{tag}-{reduction}-{kind}-weight", rule, options, weighed, since=since)
                if module == BCEWL:
                    topic.add(
                        f"{tag}-{reduction}-{kind}-pos-weight",
                        rule,
                        options,
                        dict(plain, pos_weight=pos_weight),
                        since=since,
                    )
    return [topic]


def _kinds(topic, tag, shape, dtype) -> dict:
    rng = draw.generator(topic.seed(tag, "kinds"))
    soft = draw.soft(rng, shape, dtype)
    outside = draw.uniform(rng, shape, -3, 4, dtype)
    flat = outside.reshape(-1)
    flat[:6] = np.array([-1, 2, 7, -0.5, 1.5, -1], dtype)
    padding = draw.hard(rng, shape, dtype)
    padding[:, -2:] = -1
    nan = draw.soft(rng, shape, dtype)
    nan[1, 2] = np.nan
    smoothed = np.where(draw.hard(rng, shape, dtype) > 0, dtype.type(0.9), dtype.type(0.1)).astype(dtype)
    close = draw.hard(rng, shape, dtype) + np.where(
        rng.integers(0, 2, shape) > 0, dtype.type(2.0**-12), dtype.type(-(2.0**-12))
    )
    return {
        "hard": ("FORMULA", draw.hard(rng, shape, dtype)),
        "soft": ("TARGET-SOFT", soft),
        "smoothed": ("TARGET-SOFT", smoothed),
        "half": ("TARGET-SOFT", np.full(shape, 0.5, dtype)),
        "tiny": ("TARGET-SOFT", soft * dtype.type(1e-20)),
        "all-0": ("FORMULA", np.zeros(shape, dtype)),
        "all-1": ("FORMULA", np.ones(shape, dtype)),
        "outside": ("TARGET-RANGE", outside),
        "just-outside": ("TARGET-RANGE", close.astype(dtype)),
        "minus-one": ("TARGET-RANGE", padding),
        "nan": ("TARGET-NAN", nan),
    }
