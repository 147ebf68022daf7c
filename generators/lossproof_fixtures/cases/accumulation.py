"""How a sum is accumulated shows in its last digits: a few large losses come before many small ones.

The topics of BCELoss and CrossEntropyLoss are in bce/ and cross_entropy/.
"""

from __future__ import annotations

import numpy as np

from .. import draw
from ..model import BCE, BCEWL, CE, DTYPES, MLSM, Topic

#: Losses of the topics with 8192: after the sum of the first, float32 is too coarse for each of the rest.
LARGE, SMALL = 64, 8128
TITLE = "8192 losses, 64 large ones before small ones: adding one by one in float32 loses the small ones; pairwise or wider sums do not."


def build(module: str) -> list[Topic]:
    return [_two_dimensions() if module == BCEWL else _one_class()]


def _two_dimensions() -> Topic:
    topic = Topic(
        BCEWL,
        "accumulation",
        "1024x256: adding 262144 losses one by one in float32 leaves the tolerance at least twofold; pairwise or wider sums do not.",
    )
    x, t = _inputs(topic)
    add(topic, "1024x256", lambda dtype: {"input": x.astype(dtype), "target": t.astype(dtype)})
    return topic


def _inputs(topic: Topic) -> tuple[np.ndarray, np.ndarray]:
    """64 samples that are badly wrong, then 960 that are nearly right: a float32 that has added up
    the large losses is too coarse for the small ones that follow. Whole numbers, to be stored in a byte."""
    rng = draw.generator(topic.seed("inputs"))
    wrong = rng.integers(10, 50, size=(64, 256), dtype=np.int64)
    right = rng.integers(2, 7, size=(960, 256), dtype=np.int64)
    x = np.concatenate([wrong, right]).astype(np.float32)
    t = np.concatenate([np.zeros_like(wrong), np.ones_like(right)]).astype(np.float32)
    return x, t


def _one_class() -> Topic:
    """One class, or the class means would add up most of it."""
    topic = Topic(MLSM, "accumulation", TITLE)
    rng = draw.generator(topic.seed("inputs"))
    x = np.concatenate([rng.integers(200, 256, LARGE), rng.integers(8, 11, SMALL)]).reshape(-1, 1)
    t = np.repeat([0, 1], [LARGE, SMALL]).reshape(-1, 1)
    add(topic, "8192x1", lambda dtype: {"input": x.astype(dtype), "target": t.astype(dtype)}, since="1.1.0")
    return topic


def add(topic: Topic, size: str, inputs, **more) -> None:
    """Adds the mean and the sum of both dtypes; ``inputs`` makes the inputs of a dtype."""
    for tag, dtype in DTYPES.items():
        for reduction in ("mean", "sum"):
            name = f"{tag}-{reduction}-{size}"
            topic.add(name, "ACCUMULATION", {"reduction": reduction}, inputs(dtype), want=("loss",), **more)


def check_naive_sum_fails(case, outputs) -> None:
    """Raises unless a naive float32 sum misses the tolerance and the parity at least twofold."""
    if case.inputs["input"].dtype != np.float32:
        return
    losses = _LOSSES[case.module](case.inputs["input"].astype(np.float64), case.inputs["target"])
    naive = float(np.add.accumulate(losses.astype(np.float32).reshape(-1), dtype=np.float32)[-1])
    if case.options["reduction"] == "mean":
        naive = float(np.float32(naive) / np.float32(losses.size))
    arrays = outputs["loss"].arrays
    for expected, allowed in (("exact", "tolerance"), ("reference", "parity")):
        error = abs(naive - float(arrays[expected]))
        if not error > 2 * float(arrays[allowed]):
            raise AssertionError(
                f"{case.id}: a naive sum is {error} from {expected}, {allowed} {float(arrays[allowed])}"
            )


def _of_logits(x, t):
    return np.log1p(np.exp(-np.abs(x))) + np.where(x >= 0, (1 - t) * x, -t * x)


def _of_probabilities(x, t):
    with np.errstate(divide="ignore"):
        return -(t * np.maximum(np.log(x), -100) + (1 - t) * np.maximum(np.log1p(-x), -100))


def _of_rows(x, target):
    top = x.max(axis=1)
    if target.ndim == 1:
        target = np.eye(x.shape[1])[target]
    return top + np.log(np.exp(x - top[:, None]).sum(axis=1)) - (target * x).sum(axis=1)


_LOSSES = {BCEWL: _of_logits, MLSM: _of_logits, BCE: _of_probabilities, CE: _of_rows}
