"""Inputs without classes, and without rows and classes."""

from __future__ import annotations

import numpy as np

from ...model import CE, DTYPES, REDUCTIONS, Topic
from . import ordinary

_SHAPES = {"3x0": (3, 0), "0": (0,), "2x0x4": (2, 0, 4)}
_EMPTY_RULE = {"none": "EMPTY-NONE", "mean": "EMPTY-MEAN", "sum": "EMPTY-SUM"}


def build() -> list[Topic]:
    topic = Topic(
        CE, "no_classes", "Inputs without classes: a row of them has the loss 0, and no index is right."
    )
    for tag, dtype in DTYPES.items():
        for reduction in REDUCTIONS:
            _rows(topic, tag, dtype, reduction)
            _nothing(topic, tag, dtype, reduction)
        _refused(topic, tag, dtype)
    return [topic]


def _call(shape, dtype, kind, y=-100) -> dict:
    call = {"input": np.zeros(shape, dtype), "target": np.zeros(shape, dtype)}
    if kind == "index":
        call["target"] = np.full(ordinary.row_shape(shape), y, np.int64)
    return call


def _rows(topic, tag, dtype, reduction):
    """Rows without classes: with class probabilities, and ignored."""
    options = {"reduction": reduction}
    smoothed, weight = dict(options, label_smoothing=0.1), np.zeros(0, dtype)
    for size, shape in _SHAPES.items():
        soft, name = _call(shape, dtype, "probabilities"), f"{tag}-{reduction}-probabilities-{size}"
        own = "NO-CLASSES-MEAN-QUIRK" if reduction == "mean" else "NO-CLASSES"
        topic.add(name, own, options, soft)
        if size != "3x0":
            continue
        topic.add(f"{name}-smoothed", own, smoothed, soft)
        topic.add(f"{name}-weight", own, options, dict(soft, weight=weight))
    rule = "ALL-IGNORED" if reduction == "mean" else "NO-CLASSES"
    for size, shape in {"3x0": (3, 0), "0": (0,), "2x0x4x2": (2, 0, 4, 2)}.items():
        ignored, name = _call(shape, dtype, "index"), f"{tag}-{reduction}-ignored-{size}"
        topic.add(name, rule, options, ignored)
        if size == "3x0":
            topic.add(f"{name}-weight", rule, options, dict(ignored, weight=weight))
            own = "ALL-IGNORED" if reduction == "mean" else "NO-CLASSES-QUIRK"
            topic.add(f"{name}-smoothed", own, smoothed, ignored)


def _nothing(topic, tag, dtype, reduction):
    """Neither rows nor classes."""
    options = {"reduction": reduction}
    smoothed = dict(options, label_smoothing=0.1)
    for kind in ordinary.KINDS:
        call, rule = _call((0, 0), dtype, kind), _EMPTY_RULE[reduction]
        topic.add(f"{tag}-{reduction}-{kind}-0x0", rule, options, call)
        own = "NO-CLASSES-QUIRK" if kind == "index" and reduction == "sum" else rule
        topic.add(f"{tag}-{reduction}-{kind}-0x0-smoothed", own, smoothed, call)


def _refused(topic, tag, dtype):
    for size, shape in _SHAPES.items():
        call = _call(shape, dtype, "index", 0)
        topic.add(f"{tag}-index-{size}", "INDEX-RANGE", {}, call, rejects="value")
    options, call = {"label_smoothing": 0.1}, _call((3, 0), dtype, "index", 0)
    topic.add(f"{tag}-index-3x0-smoothed", "INDEX-RANGE", options, call, rejects="value")
    ignored = _call((2, 0, 4), dtype, "index")
    note = "Accepted of two dimensions, and of four."
    topic.add(f"{tag}-ignored-2x0x4", "NO-CLASSES-QUIRK", {}, ignored, rejects="shape", note=note)
    for kind in ordinary.KINDS:
        call = dict(_call((3, 0), dtype, kind), weight=np.ones(1, dtype))
        topic.add(f"{tag}-{kind}-3x0-weight-1", "WEIGHT-SHAPE", {}, call, rejects="shape")
