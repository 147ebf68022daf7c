"""How the elements of a call meet: broadcasting, the class axis, and what is summed into what.

A call is flattened into elements: one for every place of the broadcast shape. Each element has
its own x, t, w, p and u, and each output says into which of its places an element is summed.
MultiLabelSoftMarginLoss broadcasts input, target and weight freely and then sums over
dimension input.dim() - 1 of the result, which is the wrong one where the result has a higher rank.
"""

from __future__ import annotations

import numpy as np

from . import probabilities
from .model import BCE, MLSM


def resolve_reduction(options: dict) -> str:
    """Returns none, mean or sum; size_average and reduce override reduction if either is given."""
    size_average, reduce = options.get("size_average"), options.get("reduce")
    if size_average is None and reduce is None:
        reduction = options.get("reduction", "mean")
        return "mean" if reduction == "elementwise_mean" else reduction
    if reduce is False:
        return "none"
    return "sum" if size_average is False else "mean"


class Geometry:
    """The elements of an accepted call."""

    def __init__(self, module: str, options: dict, inputs: dict[str, np.ndarray]):
        self.module = module
        self.inputs = inputs
        self.reduction = resolve_reduction(options)
        x = inputs["input"]
        arrays = [inputs[k] for k in ("input", "target", "weight", "pos_weight") if k in inputs]
        self.shape = np.broadcast_shapes(*(a.shape for a in arrays))
        self.elements = int(np.prod(self.shape, dtype=np.int64))
        self.has_pos_weight = "pos_weight" in inputs

        if module == MLSM:
            axis = x.ndim - 1
            self.classes = x.shape[axis]
            rows_shape = self.shape[:axis] + self.shape[axis + 1 :]
            summed = self.shape[axis]
        else:
            axis, self.classes, rows_shape, summed = None, 1, self.shape, 1
        rows = int(np.prod(rows_shape, dtype=np.int64))
        index = np.arange(rows, dtype=np.int64).reshape(rows_shape)
        if axis is not None:
            index = np.expand_dims(index, axis)
        row_of = np.broadcast_to(index, self.shape).reshape(-1)

        if self.reduction == "none":
            self.loss_shape, self.loss_index = rows_shape, row_of
            self.divisor, self.summed = self.classes, summed
        else:
            self.loss_shape, self.loss_index = (), np.zeros(self.elements, dtype=np.int64)
            self.divisor = self.classes * (rows if self.reduction == "mean" else 1)
            self.summed = self.elements

        self._flat = {}
        for name in ("input", "target", "weight", "pos_weight"):
            if name in inputs:
                a = inputs[name]
                index = np.arange(a.size, dtype=np.int64).reshape(a.shape)
                self._flat[name] = np.broadcast_to(index, self.shape).reshape(-1)
        self.x = self._values("input")
        self.t = self._values("target")
        self.w = self._values("weight")
        self.p = self._values("pos_weight")
        if "grad_output" in inputs:
            flat = np.asarray(inputs["grad_output"], dtype=np.float64).reshape(-1)
            self.u = flat[self.loss_index]
        else:
            self.u = np.ones(self.elements)

    def _values(self, name: str) -> np.ndarray:
        if name not in self.inputs:
            return np.ones(self.elements)
        flat = np.asarray(self.inputs[name], dtype=np.float64).reshape(-1)
        return flat[self._flat[name]]

    def at(self, e: int) -> tuple[float, float, float, float, float]:
        """x, t, w, p, u of element e."""
        return (
            float(self.x[e]),
            float(self.t[e]),
            float(self.w[e]),
            float(self.p[e]),
            float(self.u[e]),
        )

    def target_index(self, output: str) -> np.ndarray:
        """For each element the flat place of the output that it is summed into."""
        if output == "loss":
            return self.loss_index
        return self._flat[output.removeprefix("grad_")]

    def shape_of(self, output: str) -> tuple[int, ...]:
        if output == "loss":
            return self.loss_shape
        return self.inputs[output.removeprefix("grad_")].shape

    def size_of(self, output: str) -> int:
        return int(np.prod(self.shape_of(output), dtype=np.int64))

    def known(self, output: str) -> np.ndarray:
        """Where there is an oracle: all of weight, pos_weight, target and upstream gradient finite,
        no mean over nothing, and for the gradient of BCELoss an input that is not too close to 0 or 1."""
        known = np.ones(self.size_of(output), dtype=bool)
        if self.divisor == 0:
            known[:] = False
        finite = np.isfinite(self.t) & np.isfinite(self.w) & np.isfinite(self.p) & np.isfinite(self.u)
        if self.module == BCE and output == "grad_input":
            finite &= probabilities.has_gradient(self.x)
        known[self.target_index(output)[~finite]] = False
        return known.reshape(self.shape_of(output))
