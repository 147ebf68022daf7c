"""The implementations that take turns: lossproof, PyTorch eager, torch.compile; see peers.py."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator

import torch

from . import tensors
from .rows import BCE_LOSS, ENTROPY, HALVES, LARGE, Row

MINIMUM_ROUND = 0.004  # seconds; a round repeats short calls for so long


class Lossproof:
    """The Go losses in a process of their own, which times a round for each line."""

    name = "lossproof"

    def __init__(self, command: list[str]):
        self.process = subprocess.Popen(
            [*command, "bench", "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        hello = self.line()
        self.machine, self.path = hello["machine"], hello["path"]

    def line(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"lossproof bench ended with exit code {self.process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"lossproof bench: {answer['error']}")
        return answer

    def ask(self, **config) -> dict:
        self.process.stdin.write(json.dumps(config) + "\n")
        self.process.stdin.flush()
        return self.line()

    def runs(self, row: Row) -> bool:
        return True

    def prepare(self, row: Row) -> float:
        return self.ask(**self.config(row))["value"]

    def round(self, row: Row) -> float:
        """The nanoseconds of one call."""
        return self.ask(**self.config(row))["ns"]

    def read(self, row: Row, rounds: int) -> float:
        """The nanoseconds of a plain read of the row's tensors: the fastest of some rounds."""
        config = self.config(row) | {"read": True}
        return min(self.ask(**config)["ns"] for _ in range(rounds))

    @staticmethod
    def config(row: Row) -> dict:
        return {
            "module": row.module,
            "reduction": row.reduction,
            "dtype": row.dtype,
            "shape": row.shape_text,
            "threads": row.threads,
            "gradient": row.gradient,
            "label_smoothing": row.label_smoothing,
            "class_probabilities": row.class_probabilities,
            "nearest": row.nearest,
        }

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


class Tensors:
    """The tensors of the latest shape, dtype and kind; the contenders share them."""

    def __init__(self):
        self.key, self.value = None, None

    def get(self, row: Row) -> tuple[torch.Tensor, torch.Tensor]:
        """Input and target."""
        kind = row.module if row.module in (BCE_LOSS, ENTROPY) else "logits"
        key = (row.shape, row.dtype, kind, row.class_probabilities)
        if key != self.key:
            self.key, self.value = None, None  # free the memory first
            self.key, self.value = key, tuple(make(row))
        return self.value


def make(row: Row) -> Iterator[torch.Tensor]:
    """Input and target."""

    def floats(recipe):  # NumPy lacks bfloat16, and float32 has all numbers of the recipes
        array = recipe(row.shape, "float32" if row.dtype in HALVES else row.dtype)
        return torch.from_numpy(array).to(getattr(torch, row.dtype))

    yield floats(tensors.probabilities if row.module == BCE_LOSS else tensors.logits)
    if row.module == ENTROPY and not row.class_probabilities:
        yield torch.from_numpy(tensors.classes(*row.shape))
    else:
        yield floats(tensors.shares if row.class_probabilities else tensors.targets)


class InProcess:
    """An implementation that Python calls.

    build makes a call of a row, which returns the loss, or it and its gradient as a tuple.
    """

    name: str

    def __init__(self, tensors: Tensors):
        self.tensors = tensors
        self.call: Callable | None = None
        self.calls = 1

    def prepare(self, row: Row) -> float:
        """Makes the call, warms it up, and returns the first element of the loss."""
        self.call, self.calls = self.build(row), 1
        results = self.call()  # what compiles does so here
        value = (results[0] if row.gradient else results).flatten()[0].item()
        if row.shape != LARGE:  # there one call is long enough, and long
            while self.time() * self.calls < MINIMUM_ROUND:
                self.calls *= 2
        return value

    def time(self) -> float:
        """The seconds of one call."""
        call = self.call
        start = time.perf_counter()
        for _ in range(self.calls):
            call()
        return (time.perf_counter() - start) / self.calls

    def round(self, row: Row) -> float:
        """The nanoseconds of one call."""
        torch.set_num_threads(row.threads)
        return 1e9 * self.time()


class PyTorch(InProcess):
    """PyTorch's module, eager or compiled."""

    def __init__(self, tensors: Tensors, compiled: bool):
        super().__init__(tensors)
        self.name = "torch.compile" if compiled else "PyTorch eager"
        self.compiled = compiled

    def runs(self, row: Row) -> bool:
        return row.compiled or not self.compiled

    def build(self, row: Row) -> Callable:
        torch.set_num_threads(row.threads)
        if self.compiled:
            torch._dynamo.reset()
        options = {"label_smoothing": row.label_smoothing} if row.label_smoothing else {}
        module = getattr(torch.nn, row.module)(reduction=row.reduction, **options)
        function = torch.compile(module, dynamic=False) if self.compiled else module
        logits, targets = self.tensors.get(row)
        if not row.gradient:
            return forward(function, logits, targets)
        # 'none' has no upstream gradient by default.
        upstream = torch.ones_like(module(logits, targets)) if row.reduction == "none" else None
        return gradient(function, logits, targets, upstream)


def forward(function, logits, targets):
    def call():
        with torch.no_grad():
            return function(logits, targets)

    return call


def gradient(function, logits, targets, upstream):
    logits = logits.detach().requires_grad_()

    def call():
        loss = function(logits, targets)
        return loss.detach(), *torch.autograd.grad(loss, logits, upstream)

    return call
