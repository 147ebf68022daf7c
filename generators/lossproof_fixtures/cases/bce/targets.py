"""Targets: hard, soft, all 0, all 1, equal to the input and close to it."""

from __future__ import annotations

import numpy as np

from ... import draw
from ...model import BCE, DTYPES, REDUCTIONS, Topic
from . import ordinary


def build() -> list[Topic]:
    topic = Topic(BCE, "targets", "Targets of every kind: hard, soft, constant, equal to the input.")
    for tag, dtype in DTYPES.items():
        rng = draw.generator(topic.seed(tag))
        x = ordinary.probabilities(rng, (3, 4), dtype)
        weight = draw.uniform(rng, (4,), 0.25, 4, dtype)
        for kind, (rule, target) in _kinds(topic, tag, x, dtype).items():
            for reduction in REDUCTIONS:
                options, plain = {"reduction": reduction}, {"input": x, "target": target}
                topic.add(f"{tag}-{reduction}-{kind}", rule, options, plain)
                since = "2.0.0" if reduction == "sum" else ""
                if not since or kind in ("hard", "soft", "tiny", "input"):
                    weighed = dict(plain, weight=weight)
                    topic.add(f"{tag}-{reduction}-{kind}-weight", rule, options, weighed, since=since)
            wanted = ("grad_target",)
            topic.add(
                f"{tag}-none-{kind}-grad-target", "GRAD-TARGET", {"reduction": "none"}, plain, want=wanted
            )
        for reduction in REDUCTIONS:
            call = {"input": x, "target": np.full(x.shape, -0.0, dtype)}
            note = "-0 is not below 0."
            topic.add(f"{tag}-{reduction}-minus-0", "FORMULA", {"reduction": reduction}, call, note=note)
    return [topic]


def _kinds(topic, tag, x, dtype) -> dict:
    rng, shape = draw.generator(topic.seed(tag, "kinds")), x.shape
    soft = draw.soft(rng, shape, dtype)
    smoothed = np.where(draw.hard(rng, shape, dtype) > 0, dtype.type(0.9), dtype.type(0.1)).astype(dtype)
    return {
        "hard": ("FORMULA", draw.hard(rng, shape, dtype)),
        "soft": ("TARGET-SOFT", soft),
        "smoothed": ("TARGET-SOFT", smoothed),
        "half": ("TARGET-SOFT", np.full(shape, 0.5, dtype)),
        "tiny": ("TARGET-SOFT", soft * dtype.type(1e-20)),
        "just-below-1": ("TARGET-SOFT", np.full(shape, np.nextafter(dtype.type(1), dtype.type(0)), dtype)),
        "all-0": ("FORMULA", np.zeros(shape, dtype)),
        "all-1": ("FORMULA", np.ones(shape, dtype)),
        "input": ("TARGET-EQUALS-INPUT", x.copy()),
        "next-to-input": ("TARGET-EQUALS-INPUT", np.nextafter(x, dtype.type(1))),
    }
