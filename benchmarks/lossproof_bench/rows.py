"""What is timed."""

from dataclasses import dataclass

MODULES = ("BCEWithLogitsLoss", "MultiLabelSoftMarginLoss")
BCE_LOSS, ENTROPY = "BCELoss", "CrossEntropyLoss"
HALVES = ("bfloat16", "float16")
SMALL, MIDDLE, LARGE = (64, 10), (4096, 1024), (65536, 1024)
CLASSES, FEW, MANY = (4096, 1000), (65536, 10), (64, 50000)  # of CrossEntropyLoss
WORKS = (("mean", False), ("sum", False), ("none", False), ("mean", True))


@dataclass(frozen=True)
class Row:
    """One line of the tables: a call, and the number of threads."""

    module: str
    reduction: str
    gradient: bool
    dtype: str
    shape: tuple[int, ...]
    threads: int
    label_smoothing: float = 0.0
    class_probabilities: bool = False
    nearest: bool = False

    @property
    def work(self) -> str:
        work = f"{self.reduction} and gradient" if self.gradient else self.reduction
        if self.label_smoothing:
            work += f", label_smoothing {self.label_smoothing:g}"
        work += ", probabilities" if self.class_probabilities else ""
        return work + (", Nearest" if self.nearest else "")

    @property
    def shape_text(self) -> str:
        return "x".join(map(str, self.shape))

    @property
    def compiled(self) -> bool:
        """Whether torch.compile is timed too: each time it takes seconds to compile."""
        return self.dtype == "float32" and (self.threads == 1 or self.shape == MIDDLE)


def row_wise() -> list[Row]:
    """The rows of BCELoss and CrossEntropyLoss."""
    rows = []
    for threads in (1, 2):
        for reduction, gradient in (("mean", False), ("mean", True), ("none", False)):
            call = (reduction, gradient, "float32")
            rows.append(Row(BCE_LOSS, *call, MIDDLE, threads))
            rows.append(Row(ENTROPY, *call, CLASSES, threads))
            if reduction == "mean":
                rows += [Row(ENTROPY, *call, shape, threads) for shape in (FEW, MANY)]
                rows.append(Row(ENTROPY, *call, CLASSES, threads, label_smoothing=0.1))
                rows.append(Row(ENTROPY, *call, CLASSES, threads, class_probabilities=True))
                rows.append(Row(BCE_LOSS, reduction, gradient, "float64", MIDDLE, threads))
                rows.append(Row(ENTROPY, reduction, gradient, "float64", CLASSES, threads))
    return sorted(rows, key=lambda row: (row.shape, row.dtype))


def halves() -> list[Row]:
    """The rows of 16 bits."""
    return [
        Row(module, "mean", gradient, dtype, shape, threads)
        for dtype in HALVES
        for module, shape in ((MODULES[0], MIDDLE), (ENTROPY, CLASSES))
        for threads in (1, 2)
        for gradient in (False, True)
    ]


def all_rows() -> list[Row]:
    """Every row; those that share tensors are neighbours."""
    return (
        row_wise()
        + halves()
        + [
            Row(module, reduction, gradient, dtype, shape, threads)
            for shape in (SMALL, MIDDLE, LARGE)
            for dtype in ("float32", "float64")
            for threads in (1, 2)
            for module in MODULES
            for reduction, gradient in WORKS
            # Here PyTorch needs seconds for a call, and a sum is timed as the mean is.
            if not (shape == LARGE and dtype == "float64" and reduction == "sum")
        ]
        + [
            Row(MODULES[0], "none", gradient, "float32", MIDDLE, 1, nearest=nearest)
            for gradient in (False, True)
            for nearest in (False, True)
            if gradient or nearest  # none alone is above
        ]
    )


def quick_rows() -> list[Row]:
    """A few rows, for trying."""
    return [
        Row(module, reduction, gradient, "float32", shape, 1)
        for shape in (SMALL, MIDDLE)
        for module in MODULES
        for reduction, gradient in (("mean", False), ("mean", True))
    ] + [row for row in row_wise() if row.threads == 1 and row.dtype == "float32"]
