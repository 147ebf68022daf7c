"""The figures to reach, and whether they were."""

from dataclasses import dataclass

from .measure import Times
from .rows import BCE_LOSS, CLASSES, ENTROPY, LARGE, MIDDLE, SMALL, Row


@dataclass(frozen=True)
class Figure:
    """A ratio to reach with each number of threads, or, with unit, elements per second."""

    text: str
    least: float
    aim: float
    module: str
    works: tuple[tuple[str, bool], ...]  # (reduction, gradient); the worst of them counts
    shape: tuple[int, ...]
    dtype: str = "float32"
    to: str = "PyTorch eager"
    threads: tuple[int, ...] = (1, 2)
    elements: bool = False  # million elements per second, not a ratio

    def of(self, row: Row) -> bool:
        """Whether the row is one that counts, with whatever number of threads."""
        return (
            (row.module, row.dtype, row.shape) == (self.module, self.dtype, self.shape)
            and (row.reduction, row.gradient) in self.works
            and not (row.label_smoothing or row.class_probabilities)
        )


BCE, MLSM = "BCEWithLogitsLoss", "MultiLabelSoftMarginLoss"
MEAN, SUM, NONE, BOTH = ("mean", False), ("sum", False), ("none", False), ("mean", True)
COMPILE = "torch.compile"

FIGURES = (
    Figure(f"{BCE} mean and sum, float32, 4096×1024", 4, 5, BCE, (MEAN, SUM), MIDDLE),
    Figure(f"{BCE} none, float32, 4096×1024", 3, 4, BCE, (NONE,), MIDDLE),
    Figure(f"{BCE} mean and gradient, float32, 4096×1024", 3.5, 5, BCE, (BOTH,), MIDDLE),
    Figure(f"{MLSM} mean, float32, 4096×1024", 8, 10, MLSM, (MEAN,), MIDDLE),
    Figure(f"{BCE} mean, float32, 65536×1024", 8, 12, BCE, (MEAN,), LARGE),
    Figure(f"{MLSM} mean, float32, 65536×1024", 20, 30, MLSM, (MEAN,), LARGE),
    Figure(f"{BCE} mean, float64, 4096×1024", 5, 6, BCE, (MEAN,), MIDDLE, "float64"),
    Figure(f"{MLSM} mean, float64, 4096×1024", 15, 17, MLSM, (MEAN,), MIDDLE, "float64"),
    Figure(
        f"{BCE} mean, float32, 4096×1024, to torch.compile",
        *(2.5, 4, BCE, (MEAN,), MIDDLE),
        to=COMPILE,
        threads=(1,),
    ),
    Figure(
        f"{MLSM} mean, float32, 4096×1024, to torch.compile",
        *(5, 8, MLSM, (MEAN,), MIDDLE),
        to=COMPILE,
        threads=(1,),
    ),
    Figure(f"{BCE} mean, float32, 64×10", 20, 25, BCE, (MEAN,), SMALL),
    Figure(f"{BCE} mean and gradient, float32, 64×10", 60, 100, BCE, (BOTH,), SMALL),
    Figure(
        f"{BCE} sum, float32, 4096×1024: million elements a second",
        *(700, 1000, BCE, (SUM,), MIDDLE),
        threads=(1,),
        elements=True,
    ),
    Figure(f"{BCE_LOSS} mean, float32, 4096×1024", 8, 12, BCE_LOSS, (MEAN,), MIDDLE),
    Figure(f"{BCE_LOSS} mean and gradient, float32, 4096×1024", 8, 12, BCE_LOSS, (BOTH,), MIDDLE),
    Figure(f"{ENTROPY} mean, float32, 4096×1000", 1.3, 2, ENTROPY, (MEAN,), CLASSES),
    Figure(f"{ENTROPY} mean and gradient, float32, 4096×1000", 1.3, 2, ENTROPY, (BOTH,), CLASSES),
)


def reached(figure: Figure, results: list[dict], threads: int) -> float | None:
    """What was reached, the worst of the figure's works; None if one of them was not timed."""
    numbers = []
    for result in results:
        row, times = result["row"], result["times"]
        if row.threads != threads or not figure.of(row):
            continue
        ours, theirs = times["lossproof"], times.get(figure.to)
        if figure.elements:
            rows, columns = row.shape
            numbers.append(rows * columns / ours.minimum * 1e3)
        elif isinstance(theirs, Times):
            numbers.append(theirs.minimum / ours.minimum)
    return min(numbers) if len(numbers) == len(figure.works) else None
