"""Every kind of call that torch refuses."""

from __future__ import annotations

import numpy as np

from ... import draw
from ...model import CE, DTYPES, REDUCTIONS, Topic
from .. import rejections
from . import ordinary

_BAD_TARGETS = {  # input shape, shape of class indices
    "4x3-and-3": ((4, 3), (3,)),
    "4x3-and-5": ((4, 3), (5,)),
    "4x3-and-0d": ((4, 3), ()),
    "4x3-and-4x1": ((4, 3), (4, 1)),
    "1x3-and-3": ((1, 3), (3,)),
    "1x3-and-0d": ((1, 3), ()),
    "4x3x2-and-4": ((4, 3, 2), (4,)),
    "4x3x2-and-2x4": ((4, 3, 2), (2, 4)),
    "4x3x2-and-4x3": ((4, 3, 2), (4, 3)),
    "4x3x2x2-and-4x2": ((4, 3, 2, 2), (4, 2)),
    "4x3x2x2-and-4x2x1": ((4, 3, 2, 2), (4, 2, 1)),
    "3-and-2": ((3,), (2,)),
}
_BAD_PROBABILITIES = {  # input shape, shape of class probabilities
    "4x3-and-4": ((4, 3), (4,)),
    "4x3-and-3x4": ((4, 3), (3, 4)),
    "4x3-and-1x3": ((4, 3), (1, 3)),
    "4x3-and-4x1": ((4, 3), (4, 1)),
    "2x3x4-and-2x4": ((2, 3, 4), (2, 4)),
    "3-and-0d": ((3,), ()),
}
_BAD_WEIGHTS = {
    "2": (2,),
    "4": (4,),
    "0d": (),
    "1": (1,),
    "1x3": (1, 3),
    "3x1": (3, 1),
    "4x3": (4, 3),
    "0": (0,),
}


def build() -> list[Topic]:
    topic = Topic(
        CE, "rejections", "Calls that torch refuses: targets out of range, sizes, weights, options, dtypes."
    )
    for tag, dtype in DTYPES.items():
        _out_of_range(topic, tag, dtype)
        _shapes(topic, tag, dtype)
        _options(topic, tag, dtype)
        _dtypes(topic, tag, dtype)
        _no_scalar(topic, tag, dtype)
    for integer in (np.int64, np.int32, np.uint8, np.bool_):
        x = np.array([[1, 0, 1], [0, 1, 1]], dtype=integer)
        call = {"input": x, "target": np.array([0, 2], np.int64)}
        topic.add(f"{x.dtype.name}-input", "INPUT-DTYPE", {}, call, want=("loss",), rejects="dtype")
    return [topic]


def _inputs(topic, tag, shape, dtype, kind="index") -> dict:
    return ordinary.inputs(draw.generator(topic.seed(tag, shape, kind)), shape, dtype, kind)


def _out_of_range(topic, tag, dtype):
    numbers = {"3": 3, "minus-1": -1, "minus-2": -2, "100": 100, "2pow40": 1 << 40}
    numbers |= {"smallest": -(1 << 63), "largest": (1 << 63) - 1}  # of int64
    for name, number in numbers.items():
        call = _inputs(topic, tag, (4, 3), dtype)
        call["target"][1] = number
        for reduction in REDUCTIONS if name == "3" else ("mean",):
            options = {"reduction": reduction}
            topic.add(f"{tag}-{reduction}-index-{name}", "INDEX-RANGE", options, call, rejects="value")
        options = {"label_smoothing": 0.1}
        topic.add(f"{tag}-index-{name}-smoothed", "INDEX-RANGE", options, call, rejects="value")
    call = _inputs(topic, tag, (4, 3), dtype)
    call["target"][1] = -100
    options = {"ignore_index": 1}
    note = "-100 is ignored by default alone: here ignore_index is 1."
    topic.add(f"{tag}-index-minus-100", "INDEX-RANGE", options, call, rejects="value", note=note)
    call = _inputs(topic, tag, (4, 3), dtype)
    call["target"] = np.array([0, 255, 1, 2], np.uint8)
    topic.add(f"{tag}-uint8-index-255", "INDEX-RANGE", {}, call, rejects="value")
    call = dict(call, target=np.array([0, 156, 1, 2], np.uint8))
    note = "156 is -100 in the eight bits of uint8, and not ignored."
    topic.add(f"{tag}-uint8-index-156", "INDEX-RANGE", {}, call, rejects="value", note=note)
    call = _inputs(topic, tag, (2, 3, 4), dtype)
    call["target"][1, 2] = 3
    topic.add(f"{tag}-3d-index-3", "INDEX-RANGE", {}, call, rejects="value")
    call = _inputs(topic, tag, (3,), dtype)
    call["target"] = np.array(3, np.int64)
    topic.add(f"{tag}-no-batch-index-3", "INDEX-RANGE", {}, call, rejects="value")
    call = _inputs(topic, tag, (4, 3), dtype)
    call["target"][1], call["weight"] = 3, np.array([1, 2, 3], dtype)
    topic.add(f"{tag}-index-3-weight", "INDEX-RANGE", {}, call, rejects="value")


def _shapes(topic, tag, dtype):
    for name, (shape, target_shape) in _BAD_TARGETS.items():
        call = _inputs(topic, tag, shape, dtype)
        rng = draw.generator(topic.seed(tag, name))
        call["target"] = np.asarray(rng.integers(0, 2, size=target_shape, dtype=np.int64))
        topic.add(f"{tag}-target-{name}", "TARGET-SHAPE", {}, call, rejects="shape")
    for name, (shape, target_shape) in _BAD_PROBABILITIES.items():
        call = _inputs(topic, tag, shape, dtype)
        call["target"] = draw.soft(draw.generator(topic.seed(tag, name)), target_shape, dtype)
        topic.add(f"{tag}-probabilities-{name}", "TARGET-SHAPE", {}, call, rejects="shape")
    for kind in ordinary.KINDS:
        for name, shape in _BAD_WEIGHTS.items():
            call = _inputs(topic, tag, (4, 3), dtype, kind)
            call["weight"] = draw.uniform(draw.generator(topic.seed(tag, name)), shape, 0.25, 4, dtype)
            topic.add(f"{tag}-{kind}-weight-{name}", "WEIGHT-SHAPE", {}, call, rejects="shape")
        call = _inputs(topic, tag, (2, 3, 4), dtype, kind)
        call["weight"] = np.array([1, 2, 3, 4], dtype)
        topic.add(f"{tag}-{kind}-3d-weight-4", "WEIGHT-SHAPE", {}, call, rejects="shape")

    for name, shape, weight_shape in (
        ("3-weight-1x3", (3,), (1, 3)),
        ("3d-weight-1x3", (2, 3, 4), (1, 3)),
        ("3d-weight-3x1", (2, 3, 4), (3, 1)),
        ("3d-weight-2x2", (2, 3, 4), (2, 2)),
        ("0x3-weight-2", (0, 3), (2,)),
        ("2x3x0-weight-2", (2, 3, 0), (2,)),
    ):
        for kind in ordinary.KINDS:
            if kind == "index" and name in ("3d-weight-1x3", "3d-weight-3x1"):
                continue  # accepted: see weights
            call = _inputs(topic, tag, shape, dtype, kind)
            call["weight"] = draw.uniform(draw.generator(topic.seed(tag, name)), weight_shape, 0.25, 4, dtype)
            topic.add(f"{tag}-{kind}-{name}", "WEIGHT-SHAPE", {}, call, rejects="shape")
    smoothed = {"label_smoothing": 0.1}
    for name, weight_shape in (("1x3", (1, 3)), ("3x1", (3, 1))):
        call = _inputs(topic, tag, (2, 3, 4), dtype)
        call["weight"] = draw.uniform(draw.generator(topic.seed(tag, name)), weight_shape, 0.25, 4, dtype)
        note = "Accepted without label_smoothing."
        full = f"{tag}-index-3d-weight-{name}-smoothed"
        topic.add(full, "WEIGHT-SHAPE", smoothed, call, rejects="shape", note=note)
    call = _inputs(topic, tag, (3,), dtype)
    call["target"] = np.array([1], np.int64)
    note = "Accepted without label_smoothing."
    topic.add(f"{tag}-target-3-and-1-smoothed", "TARGET-SHAPE", smoothed, call, rejects="shape", note=note)


def _no_scalar(topic, tag, dtype):
    """A 0-d input has no classes, whatever the target."""
    x = np.array(1.5, dtype)
    for name, target in (
        ("index", np.array(0, np.int64)),
        ("index-of-one-row", np.array([0], np.int64)),
        ("ignored", np.array(-100, np.int64)),
        ("probabilities", np.array(1, dtype)),
    ):
        for reduction in REDUCTIONS if name in ("index", "probabilities") else ("mean",):
            full, call = f"{tag}-{reduction}-0d-{name}", {"input": x, "target": target}
            topic.add(full, "NO-SCALAR", {"reduction": reduction}, call, rejects="shape")


def _options(topic, tag, dtype):
    call = _inputs(topic, tag, (4, 3), dtype)
    for reduction in (*rejections.BAD_REDUCTIONS, "elementwise_mean"):
        if reduction == "elementwise_mean":
            topic.add(f"{tag}-reduction-{reduction}", "REDUCTION-QUIRK", {"reduction": reduction}, call)
            continue
        name = f"{tag}-reduction-{reduction or 'empty'}"
        topic.add(name, "REDUCTION-INVALID", {"reduction": reduction}, call, rejects="option")
    probabilities = _inputs(topic, tag, (4, 3), dtype, "probabilities")
    for kind, inputs in (("index", call), ("probabilities", probabilities)):
        for name, amount in (("1.5", 1.5), ("just-above-1", 1 + 2.0**-20), ("2", 2), ("inf", float("inf"))):
            topic.add(
                f"{tag}-{kind}-label_smoothing-{name}",
                "SMOOTHING-RANGE",
                {"label_smoothing": amount},
                inputs,
                rejects="option",
            )
    empty = _inputs(topic, tag, (0, 3), dtype, "probabilities")
    for name, index, call in (
        ("0", 0, probabilities),
        ("1", 1, probabilities),
        ("7", 7, probabilities),
        ("largest", (1 << 63) - 1, probabilities),
        ("1-empty", 1, empty),
    ):
        topic.add(
            f"{tag}-ignore_index-{name}-with-probabilities",
            "IGNORE-PROBABILITIES",
            {"ignore_index": index},
            call,
            rejects="option",
        )


def _dtypes(topic, tag, dtype):
    for wrong in (np.int32, np.bool_):
        call = _inputs(topic, tag, (4, 3), dtype)
        call["target"] = np.array([0, 1, 1, 0]).astype(wrong)
        topic.add(f"{tag}-{np.dtype(wrong).name}-target", "TARGET-DTYPE", {}, call, rejects="dtype")
    for size, shape in (("4x3", (4, 3)), ("3", (3,)), ("2x3x4", (2, 3, 4)), ("1", (1,))):
        call = _inputs(topic, tag, shape, dtype)
        call["target"] = np.zeros(shape, np.int64)
        note = "A target of the shape of the input is class probabilities, and these are floats."
        topic.add(f"{tag}-int64-probabilities-{size}", "TARGET-DTYPE", {}, call, rejects="dtype", note=note)
    other = np.float64 if dtype == np.float32 else np.float32
    call = _inputs(topic, tag, (4, 3), dtype)
    call["weight"] = np.array([1, 2, 3], other)
    topic.add(f"{tag}-{np.dtype(other).name}-weight", "WEIGHT-DTYPE", {}, call, rejects="dtype")
    call = _inputs(topic, tag, (2, 3, 4), dtype)
    call["target"] = call["target"].astype(np.uint8)
    note = "uint8 is accepted up to two dimensions."
    topic.add(f"{tag}-3d-uint8-target", "TARGET-DTYPE", {}, call, rejects="dtype", note=note)
