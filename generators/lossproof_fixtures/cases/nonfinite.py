"""Infinite and NaN logits, weights and pos_weights."""

from __future__ import annotations

import numpy as np

from .. import draw
from ..model import BCEWL, DTYPES, REDUCTIONS, Topic

_INF = float("inf")
_TARGETS = {"0": 0.0, "0.3": 0.3, "1": 1.0}
_POS_WEIGHTS = {"none": None, "0.5": 0.5, "3": 3.0}


def _is_nan(module: str, x: float, t: float) -> bool:
    """Where torch returns NaN instead of the limit."""
    if x > 0:
        return t == 1
    return True if module == BCEWL else t == 0


def build(module: str) -> list[Topic]:
    topic = Topic(
        module, "nonfinite", "Infinite and NaN logits and weights: the limit, or what torch returns instead."
    )
    for tag, dtype in DTYPES.items():
        for reduction in REDUCTIONS:
            _infinite_logits(topic, tag, dtype, reduction)
            _nan_logits(topic, tag, dtype, reduction)
            _weights(topic, tag, dtype, reduction)
    return [topic]


def _infinite_logits(topic, tag, dtype, reduction):
    """The gradient is the limit everywhere; where the loss is not, both are asked apart."""
    options = {"reduction": reduction}
    for x in (_INF, -_INF):
        for t_name, t in _TARGETS.items():
            name = f"{tag}-{reduction}-{'plus' if x > 0 else 'minus'}-inf-t-{t_name}"
            for suffix, inputs in _products(topic, x, t, dtype):
                if _is_nan(topic.module, x, t):
                    topic.add(name + suffix, "INF-NAN", options, inputs, want=("loss",))
                    topic.add(name + suffix + "-gradient", "INF-LIMIT", options, inputs, want=("grad_input",))
                else:
                    topic.add(name + suffix, "INF-LIMIT", options, inputs)
        zero = {
            "input": np.full((1, 2), x, dtype),
            "target": np.full((1, 2), 0 if x > 0 else 1, dtype),
            "weight": np.array([0, 1], dtype),
        }
        name = f"{tag}-{reduction}-{'plus' if x > 0 else 'minus'}-inf-weight-0"
        topic.add(name, "INF-NAN", options, zero, want=("loss",))
    rng = draw.generator(topic.seed(tag, "inf-among-others"))
    x, t = draw.bell(rng, (3, 4), 2.0, dtype), draw.hard(rng, (3, 4), dtype)
    x[1, 2], t[1, 2] = _INF, 0
    topic.add(
        f"{tag}-{reduction}-plus-inf-among-others",
        "INF-LIMIT",
        {"reduction": reduction},
        {"input": x, "target": t},
        note="One infinite logit with target 0: its neighbours are not touched.",
    )


def _products(topic, x, t, dtype):
    """One element with this logit and target, for every pos_weight."""
    pos_weights = _POS_WEIGHTS if topic.module == BCEWL else {"none": None}
    for name, p in pos_weights.items():
        inputs = {"input": np.full((1, 1), x, dtype), "target": np.full((1, 1), t, dtype)}
        if p is not None:
            inputs["pos_weight"] = np.array([p], dtype)
        yield "" if p is None else f"-pos-weight-{name}", inputs


def _nan_logits(topic, tag, dtype, reduction):
    if reduction != "sum":
        for t_name, t in _TARGETS.items():
            for suffix, inputs in _products(topic, np.nan, t, dtype):
                topic.add(
                    f"{tag}-{reduction}-nan-t-{t_name}{suffix}", "NAN-LOGIT", {"reduction": reduction}, inputs
                )
    rng = draw.generator(topic.seed(tag, "nan"))
    x, t = draw.bell(rng, (3, 4), 2.0, dtype), draw.hard(rng, (3, 4), dtype)
    x[2, 1] = np.nan
    topic.add(
        f"{tag}-{reduction}-nan-among-others",
        "NAN-LOGIT",
        {"reduction": reduction},
        {"input": x, "target": t},
    )
    all_nan = np.full((3, 4), np.nan, dtype)
    topic.add(
        f"{tag}-{reduction}-all-nan", "NAN-LOGIT", {"reduction": reduction}, {"input": all_nan, "target": t}
    )


def _weights(topic, tag, dtype, reduction):
    """The loss follows the formula; what the gradient is depends on the order of its products."""
    rng = draw.generator(topic.seed(tag, "weights"))
    plain = {"input": draw.bell(rng, (3, 4), 2.0, dtype), "target": draw.hard(rng, (3, 4), dtype)}
    options = {"reduction": reduction}
    names = ("weight", "pos_weight") if topic.module == BCEWL else ("weight",)
    for kind, value in (("plus-inf", _INF), ("minus-inf", -_INF), ("nan", np.nan)):
        for name in names:
            inputs = {**plain, name: np.array([1, value, 2, 0.5], dtype)}
            word = name.replace("_", "-")
            topic.add(
                f"{tag}-{reduction}-{word}-{kind}",
                f"{word.upper()}-NONFINITE",
                options,
                inputs,
                want=("loss",),
            )
            topic.add(
                f"{tag}-{reduction}-{word}-{kind}-gradient",
                "NONFINITE-GRAD-QUIRK",
                options,
                inputs,
                want=("grad_input",),
            )
