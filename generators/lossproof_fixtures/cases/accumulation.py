"""1024x256: how a sum is accumulated shows in its last digits."""

from __future__ import annotations

import numpy as np

from .. import draw
from ..model import BCEWL, DTYPES, Topic


def build(module: str) -> list[Topic]:
    if module != BCEWL:
        return []
    topic = Topic(
        module,
        "accumulation",
        "1024x256: adding 262144 losses one by one in float32 leaves the tolerance at least twofold; pairwise or wider sums do not.",
    )
    x, t = inputs(topic)
    for tag, dtype in DTYPES.items():
        for reduction in ("mean", "sum"):
            topic.add(
                f"{tag}-{reduction}-1024x256",
                "ACCUMULATION",
                {"reduction": reduction},
                {"input": x.astype(dtype), "target": t.astype(dtype)},
                want=("loss",),
            )
    return [topic]


def inputs(topic: Topic) -> tuple[np.ndarray, np.ndarray]:
    """64 samples that are badly wrong, then 960 that are nearly right: a float32 that has added up
    the large losses is too coarse for the small ones that follow. Whole numbers, to be stored in a byte."""
    rng = draw.generator(topic.seed("inputs"))
    wrong = rng.integers(10, 50, size=(64, 256), dtype=np.int64)
    right = rng.integers(2, 7, size=(960, 256), dtype=np.int64)
    x = np.concatenate([wrong, right]).astype(np.float32)
    t = np.concatenate([np.zeros_like(wrong), np.ones_like(right)]).astype(np.float32)
    return x, t


def check_naive_sum_fails(case, outputs) -> None:
    """Raises unless a naive float32 sum misses the tolerance at least twofold."""
    if case.inputs["input"].dtype != np.float32:
        return
    x = case.inputs["input"].astype(np.float64)
    t = case.inputs["target"].astype(np.float64)
    elements = (np.log1p(np.exp(-np.abs(x))) + np.where(x >= 0, (1 - t) * x, -t * x)).astype(np.float32)
    naive = float(np.add.accumulate(elements.reshape(-1), dtype=np.float32)[-1])
    arrays = outputs["loss"].arrays
    if case.options["reduction"] == "mean":
        naive = float(np.float32(naive) / np.float32(elements.size))
    error = abs(naive - float(arrays["exact"]))
    if not error > 2 * float(arrays["tolerance"]):
        raise AssertionError(
            f"{case.id}: a naive sum errs by {error}, tolerance {float(arrays['tolerance'])}"
        )
