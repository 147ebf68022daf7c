"""Every kind of call that torch refuses."""

from __future__ import annotations

import numpy as np

from ... import draw
from ...model import BCE, BCEWL, DTYPES, REDUCTIONS, Topic
from .. import rejections
from . import ordinary

_BAD_WEIGHTS = {  # input shape, weight shape: such as would enlarge the input, and of empty inputs
    "1x5-and-3x5": ((1, 5), (3, 5)),
    "1-and-3": ((1,), (3,)),
    "3-and-2x1": ((3,), (2, 1)),
    "5-and-1x5": ((5,), (1, 5)),
    "0d-and-3": ((), (3,)),
    "0-and-3": ((0,), (3,)),
    "0x3-and-2": ((0, 3), (2,)),
    "0x3-and-2x3": ((0, 3), (2, 3)),
    "0x3-and-0": ((0, 3), (0,)),
    "3x0-and-5": ((3, 0), (5,)),
}


def build() -> list[Topic]:
    topic = Topic(
        BCE,
        "rejections",
        "Calls that torch refuses: inputs outside [0,1], sizes, weights, reductions, dtypes.",
    )
    for tag, dtype in DTYPES.items():
        _outside(topic, tag, dtype)
        for name, (shape, target_shape) in rejections.BAD_TARGETS[BCEWL].items():
            inputs = _inputs(topic, tag, shape, dtype)
            rng = draw.generator(topic.seed(tag, name, "target"))
            inputs["target"] = draw.hard(rng, target_shape, dtype)
            topic.add(f"{tag}-target-{name}", "TARGET-SHAPE", {}, inputs, rejects="shape")
        for name, (shape, weight_shape) in (
            rejections.BAD_WEIGHTS | rejections.BAD_RANKS | _BAD_WEIGHTS
        ).items():
            inputs = _inputs(topic, tag, shape, dtype)
            rng = draw.generator(topic.seed(tag, name, "weight"))
            inputs["weight"] = draw.uniform(rng, weight_shape, 0.25, 4, dtype)
            topic.add(f"{tag}-weight-{name}", "WEIGHT-SHAPE", {}, inputs, rejects="shape")
        inputs = _inputs(topic, tag, (3, 5), dtype)
        for reduction in rejections.BAD_REDUCTIONS:
            name = f"{tag}-reduction-{reduction or 'empty'}"
            topic.add(name, "REDUCTION-INVALID", {"reduction": reduction}, inputs, rejects="option")
        topic.add(
            f"{tag}-reduction-elementwise_mean",
            "REDUCTION-QUIRK",
            {"reduction": "elementwise_mean"},
            inputs,
            note="Not refused, but accepted with a warning.",
        )
        other = np.float64 if dtype == np.float32 else np.float32
        for wrong in (other, np.int64, np.int32, np.uint8, np.bool_):
            for reduction in ("none", "mean"):
                topic.add(
                    f"{tag}-{reduction}-{np.dtype(wrong).name}-target",
                    "TARGET-DTYPE",
                    {"reduction": reduction},
                    dict(inputs, target=inputs["target"].astype(wrong)),
                    rejects="dtype",
                )
        for wrong in (other, np.int64):
            empty = {"input": np.zeros((0, 3), dtype), "target": np.zeros((0, 3), wrong)}
            topic.add(
                f"{tag}-empty-{np.dtype(wrong).name}-target", "TARGET-DTYPE", {}, empty, rejects="dtype"
            )
    for integer in (np.int64, np.int32, np.uint8, np.bool_):
        x = np.array([[1, 0, 1], [0, 1, 1]], dtype=integer)
        call = {"input": x, "target": np.ones((2, 3), np.float32)}
        topic.add(f"{x.dtype.name}-input", "INPUT-DTYPE", {}, call, want=("loss",), rejects="dtype")
        call["target"] = np.ones((2, 3), integer)
        name = f"{x.dtype.name}-input-{x.dtype.name}-target"
        topic.add(name, "INPUT-DTYPE", {}, call, want=("loss",), rejects="dtype")
    return [topic]


def _inputs(topic, tag, shape, dtype) -> dict:
    return ordinary.inputs(draw.generator(topic.seed(tag, shape)), shape, dtype)


def _outside(topic, tag, dtype):
    """One number outside [0,1] among others that are not."""
    one, zero = dtype.type(1), dtype.type(0)
    values = {
        "just-above-1": np.nextafter(one, dtype.type(2)),
        "just-below-0": np.nextafter(zero, dtype.type(-1)),
        "minus-1": -1.0,
        "2": 2.0,
        "1e30": 1e30,
        "plus-inf": np.inf,
        "minus-inf": -np.inf,
        "nan": np.nan,
    }
    for name, value in values.items():
        for reduction in REDUCTIONS if name in ("just-above-1", "nan") else ("mean",):
            for tensor, rule in (("input", "INPUT-RANGE"), ("target", "TARGET-RANGE")):
                if tensor == "target" and name == "just-below-0":
                    continue  # stored and read as -0 by processors that flush
                inputs = _inputs(topic, tag, (3, 4), dtype)
                inputs[tensor][1, 2] = value
                full = f"{tag}-{reduction}-{tensor}-{name}"
                topic.add(full, rule, {"reduction": reduction}, inputs, rejects="value")
    for tensor, rule in (("input", "INPUT-RANGE"), ("target", "TARGET-RANGE")):
        inputs = {"input": np.array(0.5, dtype), "target": np.array(1, dtype)}
        inputs[tensor] = np.array(-0.5, dtype)
        topic.add(f"{tag}-{tensor}-0d", rule, {}, inputs, rejects="value")
        inputs = {"input": np.array(0.5, dtype), "target": np.array(1, dtype)}
        inputs[tensor] = np.array(np.nan, dtype)
        topic.add(f"{tag}-{tensor}-0d-nan", rule, {}, inputs, rejects="value")
        inputs = _inputs(topic, tag, (3, 4), dtype)
        inputs[tensor][0, 0] = 1.5
        inputs["weight"] = np.array([0, 1, 1, 1], dtype)
        note = "Refused although the element has weight 0."
        topic.add(f"{tag}-{tensor}-under-weight-0", rule, {}, inputs, rejects="value", note=note)
