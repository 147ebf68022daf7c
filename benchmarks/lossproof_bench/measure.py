"""Lets the contenders take turns."""

import gc
import statistics
import sys
import time
from dataclasses import dataclass

from .rows import HALVES, Row

PAUSE = 0.02  # seconds between two contenders: PyTorch's threads spin for a while after a call


@dataclass(frozen=True)
class Times:
    """The rounds of one contender, in nanoseconds a call."""

    rounds: int
    minimum: float
    median: float

    @classmethod
    def of(cls, rounds: list[float]) -> "Times":
        return cls(len(rounds), min(rounds), statistics.median(rounds))


class Disagreement(Exception):
    """Two contenders computed other things."""


def measure(row: Row, contenders: list, seconds: float, rounds: int) -> dict[str, Times | str]:
    """Times of each contender by its name, or why it has none.

    The contenders take turns for so many rounds, or until so many seconds are over, but two
    rounds at least. A round that is not timed comes before each, to wake the threads.
    """
    results: dict[str, Times | str] = {}
    ready = []
    values = {}
    for contender in contenders:
        try:
            values[contender.name] = contender.prepare(row)
            ready.append(contender)
        except Exception as error:
            if contender.name != "torch.compile":
                raise
            lines = str(error).strip().splitlines() or [""]
            results[contender.name] = f"{type(error).__name__}: {lines[0]}"[:300]
    agree(row, values)
    times = {contender.name: [] for contender in ready}
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        for k in range(rounds):
            if k >= 2 and time.perf_counter() - start > seconds:
                break
            for contender in ready:
                time.sleep(PAUSE)
                contender.round(row)
                times[contender.name].append(contender.round(row))
    finally:
        gc.enable()
    return results | {name: Times.of(rounds) for name, rounds in times.items()}


def agree(row: Row, values: dict[str, float]) -> None:
    """Raises Disagreement unless all computed the same number, up to the roundings of the others.

    PyTorch's own mean in 16 bits is some hundredths away from the exact one, and ONNX Runtime's of
    4096 x 1024 float32 numbers 1.05e-4.
    """
    allowed = 0.05 if row.dtype in HALVES else 2e-4
    first = next(iter(values.values()))
    for name, value in values.items():
        if not abs(value - first) <= allowed * abs(first):
            raise Disagreement(f"{row}: the first elements of the loss are {values}, see {name}")


def run(rows: list[Row], contenders: list, seconds: float, rounds: int) -> list[dict]:
    """All rows: a list of {"row", "times", "read"}, read being the time of a plain read.

    lossproof is the first of the contenders.
    """
    lossproof = contenders[0]
    start = time.perf_counter()
    results = []
    for k, row in enumerate(rows):
        chosen = [contender for contender in contenders if contender.runs(row)]
        times = measure(row, chosen, seconds, rounds)
        results.append({"row": row, "times": times, "read": lossproof.read(row, 3)})
        report(k + 1, len(rows), time.perf_counter() - start, row, times)
    return results


def report(done: int, total: int, elapsed: float, row: Row, times: dict) -> None:
    ours = times["lossproof"].minimum
    ratios = ", ".join(
        f"{t.minimum / ours:.1f}x {name}" if isinstance(t, Times) else f"{name} failed"
        for name, t in times.items()
        if name != "lossproof"
    )
    print(
        f"[{done}/{total}, {elapsed:.0f} s] {row.module} {row.work} {row.dtype} {row.shape_text} "
        f"threads {row.threads}: {ours / 1e6:.4g} ms; {ratios}",
        file=sys.stderr,
        flush=True,
    )
