"""The forum snippet and the 3x5 table that lossproof grew from."""

from __future__ import annotations

import numpy as np

from .. import draw
from ..model import BCEWL, DTYPES, REDUCTIONS, Topic

TARGET = [[1, 1, 0, 0, 1], [1, 1, 0, 1, 0], [1, 0, 1, 0, 1]]
LOGITS = [
    [-0.7480, 0.6282, -1.8508, -0.5212, -0.6264],
    [0.0744, -0.2861, 2.3179, -1.2633, 1.0343],
    [0.6806, -0.0375, -1.4666, -0.2414, 0.3977],
]
_PUBLISHED_BCE = [
    [1.1355, 0.4276, 0.1459, 0.4661, 1.0546],
    [0.6567, 0.8464, 2.4118, 1.5123, 1.3385],
    [0.4097, 0.6746, 1.6742, 0.5797, 0.5139],
]
_PUBLISHED_MLSM = [0.6460, 1.3531, 0.7704]
_PUBLISHED_MEAN = 0.9232
#: What printing four digits loses: half a unit of the fourth digit, of each logit and of the loss.
_DIGIT = 5e-5


def build(module: str) -> list[Topic]:
    return [_blog(module), _forum(module)]


def _blog(module: str) -> Topic:
    topic = Topic(
        module,
        "blog_example",
        "A published 3x5 table: 'none' has 15 losses in one module and 3 in the other, both means are 0.9232.",
    )
    for tag, dtype in DTYPES.items():
        x, t = np.array(LOGITS, dtype), np.array(TARGET, dtype)
        for reduction in REDUCTIONS:
            published = {"loss": _published(module, reduction, x, t)} if reduction != "sum" else {}
            rule = {"none": "NONE-SHAPE", "mean": "MEAN", "sum": "SUM"}[reduction]
            also = ()
            if module != BCEWL and reduction != "sum":
                rule, also = "CLASS-MEAN", (rule,)
            topic.add(
                f"{tag}-{reduction}",
                rule,
                {"reduction": reduction},
                {"input": x, "target": t},
                published=published,
                also=also,
            )
    return topic


def _published(module, reduction, x, t):
    """The printed figures and how exact they are."""
    if module == BCEWL or reduction == "mean":
        return published_elements(reduction, x, t)
    return np.array(_PUBLISHED_MLSM), np.round(_slope(x, t).mean(axis=1), 7) * _DIGIT + _DIGIT


def published_elements(reduction, x, t):
    """The printed losses of the elements, or their mean, and how exact they are: |sigmoid(x)-t| of the
    logit's rounding, and their own."""
    slope = _slope(x, t)
    if reduction == "mean":
        return np.array(_PUBLISHED_MEAN), np.array(np.round(slope.mean(), 7) * _DIGIT + _DIGIT)
    return np.array(_PUBLISHED_BCE), slope * _DIGIT + _DIGIT


def _slope(x, t):
    x, t = x.astype(np.float64), t.astype(np.float64)
    # seven digits of the slope are plenty; rounding makes them the same on every CPU
    return np.abs(np.round(1 / (1 + np.exp(-x)), 7) - t)


def _forum(module: str) -> Topic:
    topic = Topic(
        module,
        "forum_example",
        "A forum snippet that subtracts the 'none' losses of both modules: (10, 3) against (10,) no longer subtracts, and with N = C it does, silently wrong.",
    )
    for tag, dtype in DTYPES.items():
        for size, n in (("10x3", 10), ("3x3", 3)):
            rng = draw.generator(_shared_seed(tag, size))
            x, t = draw.bell(rng, (n, 3), 1.0, dtype), draw.hard(rng, (n, 3), dtype)
            last = np.ones((n, 3), dtype)
            last[-1] = 2
            weights = {"plain": None, "class-weight": np.array([1, 2, 1], dtype), "element-weight": last}
            for kind, weight in weights.items():
                inputs = {"input": x, "target": t, "weight": weight}
                rule, also = "NONE-SHAPE", ("LEGACY-REDUCTION",)
                if module != BCEWL and kind == "element-weight":
                    rule, also = "WEIGHT-ELEMENT", (rule, *also)
                topic.add(
                    f"{tag}-{size}-{kind}",
                    rule,
                    {"reduce": False},
                    inputs,
                    also=also,
                    note=_note(n),
                )
    return topic


def _note(n: int) -> str:
    if n == 3:
        return "BCEWithLogitsLoss gives (3, 3), MultiLabelSoftMarginLoss (3,): subtracting broadcasts the losses of samples over classes, silently wrong."
    return f"BCEWithLogitsLoss gives ({n}, 3), MultiLabelSoftMarginLoss ({n},): subtracting them raises, since {n} is not 3."


def _shared_seed(tag: str, size: str) -> int:
    """Both modules get the same numbers, so that their results can be set side by side."""
    return Topic("", "forum_example", "").seed(tag, size)
