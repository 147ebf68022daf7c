"""pos_weight of BCEWithLogitsLoss: every shape, every kind of value, and together with weight."""

from __future__ import annotations

import numpy as np

from .. import draw
from ..model import BCEWL, DTYPES, REDUCTIONS, Topic
from .grad_output import EMPTY_RULE
from .weight_shapes import COINCIDING, EMPTY, OTHER_RANKS, SCALAR
from .weights import since_2

_SHAPES = {"0d": (), "one": (1,), "class": (5,), "1xC": (1, 5), "Nx1": (3, 1), "NxC": (3, 5)}
_MORE = {
    "3d-class": ((2, 3, 4), (4,)),
    "3d-Cx1": ((2, 3, 4), (3, 1)),
    "3d-Cx1x1": ((3, 2, 4), (3, 1, 1)),
    "4d-class": ((2, 3, 2, 4), (4,)),
    "4d-Cx1x1": ((2, 3, 2, 4), (3, 1, 1)),
    "4d-1xCx1x1": ((2, 3, 2, 4), (1, 3, 1, 1)),
}


def build(module: str) -> list[Topic]:
    if module != BCEWL:
        return []
    return [_alone(), _together()]


def _inputs(topic, tag, dtype, shape=(3, 5), soft=False) -> dict:
    rng = draw.generator(topic.seed(tag, shape, soft))
    target = draw.soft if soft else draw.hard
    return {"input": draw.bell(rng, shape, 2.0, dtype), "target": target(rng, shape, dtype)}


def _alone() -> Topic:
    topic = Topic(
        BCEWL, "pos_weight", "pos_weight in every shape that broadcasts, with values of every kind."
    )
    for tag, dtype in DTYPES.items():
        for reduction in REDUCTIONS:
            options = {"reduction": reduction}
            for name, shape in _SHAPES.items():
                rng = draw.generator(topic.seed(tag, name))
                p = draw.uniform(rng, shape, 0.25, 4, dtype)
                for kind, soft in (("hard", False), ("soft", True)):
                    inputs = dict(_inputs(topic, tag, dtype, soft=soft), pos_weight=p)
                    rule = "POS-WEIGHT" if soft else "POS-WEIGHT-BROADCAST"
                    topic.add(
                        f"{tag}-{reduction}-{name}-{kind}",
                        rule,
                        options,
                        inputs,
                        also=("POS-WEIGHT",) if not soft else (),
                    )
            for name, (shape, p_shape) in _MORE.items():
                rng = draw.generator(topic.seed(tag, name))
                inputs = dict(
                    _inputs(topic, tag, dtype, shape), pos_weight=draw.uniform(rng, p_shape, 0.25, 4, dtype)
                )
                full, since = (
                    f"{tag}-{reduction}-{name}",
                    since_2(module=BCEWL, reduction=reduction, name=name),
                )
                topic.add(full, "POS-WEIGHT-BROADCAST", options, inputs, also=("RANK",), since=since)
            _coinciding(topic, tag, reduction, dtype)
            for name in ("class", "NxC") if reduction == "none" else ("class",):
                for kind, (rule, p) in _values(topic, tag, _SHAPES[name], dtype).items():
                    inputs = dict(_inputs(topic, tag, dtype, soft=kind.endswith("soft")), pos_weight=p)
                    topic.add(f"{tag}-{reduction}-{name}-{kind}", rule, options, inputs)
            ones = dict(_inputs(topic, tag, dtype), pos_weight=np.ones(5, dtype))
            topic.add(
                f"{tag}-{reduction}-class-ones",
                "POS-WEIGHT",
                options,
                ones,
                note="pos_weight of ones changes nothing.",
            )
            _all_positive(topic, tag, dtype, reduction)
    return topic


def _coinciding(topic, tag, reduction, dtype):
    """Shapes where a pos_weight along the wrong axis would broadcast as well; alone, and with weight."""
    for name, (shape, p_shape) in (COINCIDING | EMPTY | SCALAR).items():
        rng = draw.generator(topic.seed(tag, name))
        inputs = {
            "input": draw.bell(rng, shape, 2.0, dtype),
            "target": draw.soft(rng, shape, dtype),
            "pos_weight": draw.uniform(rng, p_shape, 0.25, 4, dtype),
        }
        rule = EMPTY_RULE[reduction] if name in EMPTY else "POS-WEIGHT-BROADCAST"
        full, options = f"{tag}-{reduction}-{name}", {"reduction": reduction}
        if reduction != "none":
            if name in OTHER_RANKS:
                topic.add(full, rule, options, inputs, since="2.0.0")
            continue
        want = ("loss", "grad_input", "grad_target")
        topic.add(full, rule, options, inputs, want=want)
        if name not in EMPTY:
            both = dict(inputs, weight=draw.uniform(rng, p_shape, 0.25, 4, dtype))
            topic.add(
                f"{tag}-none-{name}-and-weight",
                "WEIGHT-AND-POS-WEIGHT",
                {"reduction": "none"},
                both,
                want=want,
            )


def _all_positive(topic, tag, dtype, reduction):
    """Every target 1: pos_weight multiplies everything, a form that loses it returns 0."""
    rng = draw.generator(topic.seed(tag, "all-positive"))
    x = draw.bell(rng, (3, 5), 2.0, dtype)
    for kind, value in (("1e-30", 1e-30), ("1e-3", 1e-3), ("1e30", 1e30)):
        inputs = {"input": x, "target": np.ones((3, 5), dtype), "pos_weight": np.full((5,), value, dtype)}
        rule = "POS-WEIGHT-TINY" if value < 1 else "POS-WEIGHT"
        topic.add(f"{tag}-{reduction}-all-positive-{kind}", rule, {"reduction": reduction}, inputs)


def _values(topic, tag, shape, dtype) -> dict:
    rng = draw.generator(topic.seed(tag, shape, "values"))
    p = draw.uniform(rng, shape, 0.5, 2, dtype)
    some_zero = np.where(np.arange(p.size).reshape(shape) % 3 == 0, 0, p).astype(dtype)
    return {
        "zero": ("POS-WEIGHT-SIGN", np.zeros(shape, dtype)),
        "some-zero": ("POS-WEIGHT-SIGN", some_zero),
        "negative": ("POS-WEIGHT-SIGN", -p),
        "negative-soft": ("POS-WEIGHT-SIGN", -p),
        "tiny": ("POS-WEIGHT-TINY", p * dtype.type(1e-30)),
        "tiny-soft": ("POS-WEIGHT-TINY", p * dtype.type(1e-30)),
        "huge": ("POS-WEIGHT", p * dtype.type(1e30)),
        "large-soft": ("POS-WEIGHT", p * dtype.type(1e6)),
    }


def _together() -> Topic:
    topic = Topic(BCEWL, "weight_and_pos_weight", "weight and pos_weight together.")
    for tag, dtype in DTYPES.items():
        for reduction in REDUCTIONS:
            options = {"reduction": reduction}
            for w_name in ("0d", "class", "Nx1", "NxC") if reduction != "sum" else ("class",):
                for p_name in ("one", "class", "Nx1", "NxC"):
                    rng = draw.generator(topic.seed(tag, w_name, p_name))
                    inputs = dict(
                        _inputs(topic, tag, dtype, soft=True),
                        weight=draw.uniform(rng, _SHAPES[w_name], 0.25, 4, dtype),
                        pos_weight=draw.uniform(rng, _SHAPES[p_name], 0.25, 4, dtype),
                    )
                    name = f"{tag}-{reduction}-weight-{w_name}-pos-weight-{p_name}"
                    topic.add(name, "WEIGHT-AND-POS-WEIGHT", options, inputs)
            inputs = _inputs(topic, tag, dtype)
            signs = np.array([-2, 0, 1, 3, -0.5], dtype)
            negative = dict(inputs, weight=signs, pos_weight=signs[::-1].copy())
            topic.add(
                f"{tag}-{reduction}-signs",
                "WEIGHT-NEGATIVE",
                options,
                negative,
                also=("WEIGHT-AND-POS-WEIGHT", "POS-WEIGHT-SIGN"),
            )
            for w, p in ((1e30, 1e30), (1e30, 1e-30), (1e-30, 1e30), (1e-30, 1e-30)):
                extreme = dict(inputs, weight=np.full(5, w, dtype), pos_weight=np.full(5, p, dtype))
                huge = w * p > np.finfo(dtype).max
                rule = "HUGE-PRODUCT-QUIRK" if huge else "WEIGHT-AND-POS-WEIGHT"
                topic.add(f"{tag}-{reduction}-weight-{w:.0e}-pos-weight-{p:.0e}", rule, options, extreme)
    return topic
