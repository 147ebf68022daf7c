"""Class probabilities of every kind: soft, one-hot, not normalised, negative, NaN."""

from __future__ import annotations

import numpy as np

from ... import draw
from ...model import CE, DTYPES, REDUCTIONS, Topic
from . import ordinary


def build() -> list[Topic]:
    topic = Topic(
        CE, "class_probabilities", "Class probabilities of every kind, also such as are no distribution."
    )
    shape = (4, 3)
    for tag, dtype in DTYPES.items():
        rng = draw.generator(topic.seed(tag))
        inputs = ordinary.inputs(rng, shape, dtype)
        weight = draw.uniform(rng, (3,), 0.25, 4, dtype)
        for name, (rule, target) in _kinds(topic, tag, inputs["target"], shape, dtype).items():
            call = dict(inputs, target=target)
            for reduction in REDUCTIONS:
                full, options = f"{tag}-{reduction}-{name}", {"reduction": reduction}
                since = "2.0.0" if reduction == "sum" or name == "thirds" else ""
                plain_since = "" if name in ("soft", "one-hot") else since
                topic.add(full, rule, options, call, since=plain_since)
                topic.add(f"{full}-weight", rule, options, dict(call, weight=weight), since=since)
            topic.add(
                f"{tag}-none-{name}-grad-target",
                "TARGET-NAN" if name == "nan" else "GRAD-TARGET",
                {"reduction": "none"},
                call,
                want=("grad_target",),
                since="2.0.0" if name == "thirds" else "",
            )
    return [topic]


def _kinds(topic, tag, y, shape, dtype) -> dict:
    rng = draw.generator(topic.seed(tag, "kinds"))
    soft = ordinary.probabilities(rng, shape, dtype)
    nan = soft.copy()
    nan[1, 2] = np.nan
    zero_row = soft.copy()
    zero_row[2] = 0
    return {
        "soft": ("PROBABILITIES", soft),
        "thirds": ("PROBABILITIES", np.full(shape, 1 / 3, dtype)),
        "one-hot": ("ONE-HOT", ordinary.one_hot(y, shape, dtype)),
        "twice": ("NOT-NORMALISED", soft * dtype.type(2)),
        "multi-hot": ("NOT-NORMALISED", np.array([[1, 1, 0], [0, 1, 1], [1, 1, 1], [1, 0, 1]], dtype)),
        "all-0": ("NOT-NORMALISED", np.zeros(shape, dtype)),
        "row-of-0": ("NOT-NORMALISED", zero_row),
        "negative": ("TARGET-RANGE", draw.uniform(rng, shape, -2, 1, dtype)),
        "above-1": ("TARGET-RANGE", draw.uniform(rng, shape, 1, 5, dtype)),
        "nan": ("TARGET-NAN", nan),
    }
