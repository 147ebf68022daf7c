"""What is timed."""

from dataclasses import dataclass

MODULES = ("BCEWithLogitsLoss", "MultiLabelSoftMarginLoss")
SMALL, MIDDLE, LARGE = (64, 10), (4096, 1024), (65536, 1024)
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

    @property
    def work(self) -> str:
        return f"{self.reduction} and gradient" if self.gradient else self.reduction

    @property
    def shape_text(self) -> str:
        return "x".join(map(str, self.shape))

    @property
    def compiled(self) -> bool:
        """Whether torch.compile is timed too: each time it takes seconds to compile."""
        return self.dtype == "float32" and (self.threads == 1 or self.shape == MIDDLE)


def all_rows() -> list[Row]:
    """Every row; those that share tensors are neighbours."""
    return [
        Row(module, reduction, gradient, dtype, shape, threads)
        for shape in (SMALL, MIDDLE, LARGE)
        for dtype in ("float32", "float64")
        for threads in (1, 2)
        for module in MODULES
        for reduction, gradient in WORKS
        # Here PyTorch needs seconds for a call, and a sum is timed as the mean is.
        if not (shape == LARGE and dtype == "float64" and reduction == "sum")
    ]


def quick_rows() -> list[Row]:
    """A few rows, for trying."""
    return [
        Row(module, reduction, gradient, "float32", shape, 1)
        for shape in (SMALL, MIDDLE)
        for module in MODULES
        for reduction, gradient in (("mean", False), ("mean", True))
    ]
