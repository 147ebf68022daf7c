"""The figures to reach, and whether they were."""

from dataclasses import dataclass

from .measure import Times
from .rows import BCE_LOSS, CLASSES, ENTROPY, FEW, MIDDLE, SMALL, Row

EAGER, COMPILED = "PyTorch eager", "torch.compile"


@dataclass(frozen=True)
class Figure:
    """The ratios to PyTorch's times that a call is to reach, float32.

    PyTorch and lossproof have AVX-512 for the first, AVX2 for the second; the third is to
    torch.compile, with one thread, whatever both have.
    """

    module: str
    work: str  # a Row's
    shape: tuple[int, ...]
    avx512: float
    avx2: float
    compiled: float

    @property
    def text(self) -> str:
        return f"{self.module} {self.work}, {'×'.join(map(str, self.shape))}"

    def of(self, row: Row) -> bool:
        """Whether the row is the one that counts, with whatever number of threads."""
        return (row.module, row.work, row.shape, row.dtype) == (
            *(self.module, self.work, self.shape),
            "float32",
        )


BCE, MLSM = "BCEWithLogitsLoss", "MultiLabelSoftMarginLoss"

FIGURES = (
    Figure(BCE, "mean", MIDDLE, 5, 4, 3.3),
    Figure(BCE, "none", MIDDLE, 3.8, 2.6, 2.5),
    Figure(BCE, "mean and gradient", MIDDLE, 4.2, 3.5, 2.5),
    Figure(MLSM, "mean", MIDDLE, 20, 9, 6),
    Figure(BCE_LOSS, "mean", MIDDLE, 25, 18, 3),
    Figure(ENTROPY, "mean", CLASSES, 2.2, 2.2, 2),
    Figure(ENTROPY, "mean and gradient", CLASSES, 2.5, 2.4, 2.4),
    Figure(ENTROPY, "mean", FEW, 3, 3, 2.5),
    Figure(BCE, "mean", SMALL, 25, 25, 35),
)


def reached(figure: Figure, results: list[dict], threads: int, to: str) -> float | None:
    """What was reached; None if it was not timed, or failed."""
    for result in results:
        row, times = result["row"], result["times"]
        theirs = times.get(to)
        if row.threads == threads and figure.of(row) and isinstance(theirs, Times):
            return theirs.minimum / times["lossproof"].minimum
    return None
