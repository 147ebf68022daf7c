"""ignore_index: targets that do not count."""

from __future__ import annotations

import numpy as np

from ... import draw
from ...model import CE, DTYPES, REDUCTIONS, Topic
from . import ordinary

#: name -> (the option, or None where it is not given, the number that stands in the target)
_NUMBERS = {
    "default": (None, -100),
    "given-default": (-100, -100),
    "minus-1": (-1, -1),
    "first-class": (0, 0),
    "class-1": (1, 1),
    "out-of-range": (7, 7),
    "2pow40": (1 << 40, 1 << 40),
    "2pow62": (1 << 62, 1 << 62),
    "minus-2pow62": (-(1 << 62), -(1 << 62)),
    "smallest": (-(1 << 63), -(1 << 63)),  # of int64
    "largest": ((1 << 63) - 1, (1 << 63) - 1),
}


def build() -> list[Topic]:
    topic = Topic(
        CE, "ignore_index", "Rows whose target is ignore_index: no loss, no gradient, no share in the mean."
    )
    for tag, dtype in DTYPES.items():
        rng = draw.generator(topic.seed(tag))
        x = draw.bell(rng, (5, 3), 2.0, dtype)
        weight = draw.uniform(rng, (3,), 0.25, 4, dtype)
        for reduction in REDUCTIONS:
            for name, (option, number) in _NUMBERS.items():
                y = np.array([2, number, 0 if number != 0 else 1, number, 2], np.int64)
                options = {"reduction": reduction}
                if option is not None:
                    options["ignore_index"] = option
                rule = "IGNORE-MEAN" if reduction == "mean" else "IGNORE-INDEX"
                call, also = {"input": x, "target": y}, ()
                if abs(number) > 1 << 31:
                    rule, also = "IGNORE-WIDE", (rule,)
                topic.add(f"{tag}-{reduction}-{name}", rule, options, call, also=also)
                if name in ("default", "class-1", "out-of-range"):
                    topic.add(f"{tag}-{reduction}-{name}-weight", rule, options, dict(call, weight=weight))
            _others(topic, tag, dtype, reduction, x, weight)
        _nan(topic, tag, dtype)
    return [topic]


def _others(topic, tag, dtype, reduction, x, weight):
    options, ignoring = {"reduction": reduction}, {"reduction": reduction, "ignore_index": 1}
    nothing = "ALL-IGNORED" if reduction == "mean" else "IGNORE-INDEX"
    for name, rule, call_options, y in (
        ("nothing-ignored", "IGNORE-INDEX", ignoring, [2, 0, 0, 2, 2]),
        ("all-ignored", nothing, options, [-100] * 5),
        ("all-ignored-in-range", nothing, ignoring, [1] * 5),
        ("all-but-one", "IGNORE-INDEX", ignoring, [1, 1, 1, 0, 1]),
    ):
        call = {"input": x, "target": np.array(y, np.int64)}
        topic.add(f"{tag}-{reduction}-{name}", rule, call_options, call)
        if name != "nothing-ignored":
            topic.add(f"{tag}-{reduction}-{name}-weight", rule, call_options, dict(call, weight=weight))
    single = {"input": x[0], "target": np.array(-100, np.int64)}
    topic.add(f"{tag}-{reduction}-no-batch", nothing, options, single, also=("NO-BATCH",))
    for size, shape in (("2x3x4", (2, 3, 4)), ("3x3x3", (3, 3, 3))):
        call = ordinary.inputs(draw.generator(topic.seed(tag, size)), shape, dtype)
        call["target"].reshape(-1)[::3] = -100
        call["weight"] = weight
        rule = "IGNORE-MEAN" if reduction == "mean" else "IGNORE-INDEX"
        topic.add(f"{tag}-{reduction}-{size}", rule, options, call, also=("CLASS-AXIS",))
    y = ordinary.probabilities(draw.generator(topic.seed(tag, "unused")), (5, 3), dtype)
    topic.add(
        f"{tag}-{reduction}-negative-with-probabilities",
        "IGNORE-PROBABILITIES",
        {"reduction": reduction, "ignore_index": -1},
        {"input": x, "target": y},
        note="A negative ignore_index is accepted with class probabilities, and has no effect.",
    )
    if reduction == "mean":
        for name, index in (("given-default", -100), ("smallest", -(1 << 63))):
            topic.add(
                f"{tag}-mean-{name}-with-probabilities",
                "IGNORE-PROBABILITIES",
                {"reduction": reduction, "ignore_index": index},
                {"input": x, "target": y},
            )
        call = {"input": x, "target": np.array([0, -100, 0, 0, -100], np.int64)}
        call["weight"] = np.array([0, 1, 2], dtype)
        topic.add(f"{tag}-mean-others-of-weight-0", "ZERO-WEIGHT-MEAN", options, call, also=("IGNORE-MEAN",))


def _nan(topic, tag, dtype):
    """The logits of an ignored row do not matter to the loss; to torch's gradient they do."""
    rng = draw.generator(topic.seed(tag, "nan"))
    y = np.array([3, -100, 0], np.int64)
    for name, at, value in (
        ("nan", 2, np.nan),
        ("plus-inf", 2, np.inf),
        ("all-minus-inf", slice(None), -np.inf),
        ("two-plus-inf", slice(1, 3), np.inf),
    ):
        x = draw.bell(rng, (3, 4), 2.0, dtype)
        x[1, at] = value
        call = {"input": x, "target": y}
        for reduction in REDUCTIONS:
            full, options = f"{tag}-{reduction}-{name}-in-an-ignored-row", {"reduction": reduction}
            topic.add(full, "IGNORE-NAN", options, call, want=("loss",))
            topic.add(f"{full}-gradient", "IGNORE-NAN-QUIRK", options, call, want=("grad_input",))
            if name == "all-minus-inf":
                smoothed = dict(options, label_smoothing=0.1)
                also = ("SMOOTHING-IGNORE",)
                topic.add(f"{full}-smoothed", "IGNORE-NAN", smoothed, call, want=("loss",), also=also)
    x = draw.bell(rng, (3, 4), 2.0, dtype)
    x[1, 2] = -np.inf
    for reduction in REDUCTIONS:
        full, options = f"{tag}-{reduction}-minus-inf-in-an-ignored-row", {"reduction": reduction}
        topic.add(full, "IGNORE-NAN", options, {"input": x, "target": y})
