"""Every kind of call that torch refuses."""

from __future__ import annotations

import numpy as np

from .. import draw
from ..model import BCEWL, DTYPES, MLSM, Topic

BAD_REDUCTIONS = ("", "Mean", "MEAN", "batchmean", "average", "None", "true")

BAD_TARGETS = {  # input shape, target shape
    BCEWL: {
        "3x5-and-5": ((3, 5), (5,)),
        "3x5-and-3": ((3, 5), (3,)),
        "3x5-and-5x3": ((3, 5), (5, 3)),
        "3x5-and-3x4": ((3, 5), (3, 4)),
        "3x5-and-1x5": ((3, 5), (1, 5)),
        "3x5-and-3x1": ((3, 5), (3, 1)),
        "3x5-and-15": ((3, 5), (15,)),
        "3x5-and-1x3x5": ((3, 5), (1, 3, 5)),
        "3x5-and-0d": ((3, 5), ()),
        "3-and-3x1": ((3,), (3, 1)),
        "3x1-and-3": ((3, 1), (3,)),
        "5-and-5x1": ((5,), (5, 1)),
        "0d-and-1": ((), (1,)),
        "1-and-0d": ((1,), ()),
        "0x5-and-1x5": ((0, 5), (1, 5)),
        "0-and-1": ((0,), (1,)),
    },
    MLSM: {
        "3x5-and-3": ((3, 5), (3,)),
        "3x5-and-5x3": ((3, 5), (5, 3)),
        "3x5-and-3x4": ((3, 5), (3, 4)),
        "3x5-and-4": ((3, 5), (4,)),
        "3x5-and-2x5": ((3, 5), (2, 5)),
        "3x5-and-0": ((3, 5), (0,)),
        "3x5-and-15": ((3, 5), (15,)),
        "2x3x4-and-2x4": ((2, 3, 4), (2, 4)),
    },
}

BAD_WEIGHTS = {  # input shape, weight shape
    "3": ((3, 5), (3,)),
    "4": ((3, 5), (4,)),
    "0": ((3, 5), (0,)),
    "5x1": ((3, 5), (5, 1)),
    "15": ((3, 5), (15,)),
    "5x3": ((3, 5), (5, 3)),
    "3x4": ((3, 5), (3, 4)),
    "4d-3": ((2, 3, 4, 5), (3,)),
}
BAD_RANKS = {
    "1x3x5": ((3, 5), (1, 3, 5)),
    "2x3x5": ((3, 5), (2, 3, 5)),
    "3x1x1": ((3, 5), (3, 1, 1)),
    "0d-1": ((), (1,)),
}


def build(module: str) -> list[Topic]:
    topic = Topic(module, "rejections", "Calls that torch refuses: sizes, weights, reductions, dtypes.")
    for tag, dtype in DTYPES.items():
        for name, (shape, target_shape) in BAD_TARGETS[module].items():
            for reduction in ("none", "mean"):
                _reject(
                    topic,
                    f"{tag}-{reduction}-target-{name}",
                    "TARGET-SHAPE",
                    "shape",
                    dtype,
                    shape,
                    target_shape,
                    options={"reduction": reduction},
                )
        bad = dict(BAD_WEIGHTS)
        if module == BCEWL:
            bad |= BAD_RANKS
        for name, (shape, weight_shape) in bad.items():
            rng = draw.generator(topic.seed(tag, name, "weight"))
            weight = draw.uniform(rng, weight_shape, 0.25, 4, dtype)
            _reject(topic, f"{tag}-weight-{name}", "WEIGHT-SHAPE", "shape", dtype, shape, weight=weight)
            if module == BCEWL:
                _reject(
                    topic,
                    f"{tag}-pos-weight-{name}",
                    "POS-WEIGHT-SHAPE",
                    "shape",
                    dtype,
                    shape,
                    pos_weight=weight,
                )
        for reduction in BAD_REDUCTIONS + (("elementwise_mean",) if module == MLSM else ()):
            _reject(
                topic,
                f"{tag}-reduction-{reduction or 'empty'}",
                "REDUCTION-INVALID",
                "option",
                dtype,
                (3, 5),
                options={"reduction": reduction},
            )
        if module == MLSM:
            for reduction in ("none", "mean", "sum"):
                _reject(
                    topic,
                    f"{tag}-{reduction}-0d",
                    "NO-SCALAR",
                    "shape",
                    dtype,
                    (),
                    options={"reduction": reduction},
                )
        else:
            _elementwise_mean(topic, tag, dtype)
            _reject(
                topic,
                f"{tag}-pos-weight-bool",
                "POS-WEIGHT-DTYPE",
                "dtype",
                dtype,
                (3, 5),
                pos_weight=np.ones(5, np.bool_),
            )
        _target_dtypes(topic, tag, dtype)
    for integer in (np.int64, np.int32, np.uint8, np.bool_):
        name = "bool" if integer is np.bool_ else np.dtype(integer).name
        x = np.array([[1, 0, 1], [0, 1, 1]], dtype=integer)
        topic.add(
            f"{name}-input",
            "INPUT-DTYPE",
            {},
            {"input": x, "target": np.ones((2, 3), np.float32)},
            want=("loss",),
            rejects="dtype",
        )
    return [topic]


def _target_dtypes(topic, tag, dtype):
    integers = (np.int64, np.int32, np.uint8) if topic.module == BCEWL else ()
    for other in (*integers, np.bool_):
        name = "bool" if other is np.bool_ else np.dtype(other).name
        rng = draw.generator(topic.seed(tag, name))
        inputs = {"input": draw.bell(rng, (3, 5), 2.0, dtype), "target": draw.hard(rng, (3, 5), other)}
        for reduction in ("none", "mean", "sum"):
            topic.add(
                f"{tag}-{reduction}-{name}-target",
                "TARGET-DTYPE",
                {"reduction": reduction},
                inputs,
                rejects="dtype",
            )


def _elementwise_mean(topic, tag, dtype):
    rng = draw.generator(topic.seed(tag, "elementwise_mean"))
    inputs = {"input": draw.bell(rng, (3, 5), 2.0, dtype), "target": draw.hard(rng, (3, 5), dtype)}
    topic.add(
        f"{tag}-reduction-elementwise_mean",
        "REDUCTION-QUIRK",
        {"reduction": "elementwise_mean"},
        inputs,
        note="Not refused, but accepted with a warning; MultiLabelSoftMarginLoss refuses it.",
    )


def _reject(topic, name, rule, kind, dtype, shape, target_shape=None, options=None, **more):
    rng = draw.generator(topic.seed(shape, dtype.name))
    inputs = {
        "input": draw.bell(rng, shape, 2.0, dtype),
        "target": draw.hard(rng, shape if target_shape is None else target_shape, dtype),
        **more,
    }
    topic.add(name, rule, options or {}, inputs, rejects=kind)
