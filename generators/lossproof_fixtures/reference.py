"""What PyTorch returns.

torch is pinned to its AVX2 kernels and one thread: other CPU capabilities give other last bits.
"""

from __future__ import annotations

import os
import warnings

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"

import numpy as np
import torch

from .floats import BF16
from .model import Case

torch.set_num_threads(1)


def describe() -> dict:
    """The torch block of the manifest."""
    return {
        "version": torch.__version__.split("+")[0],
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
    }


class Refused(Exception):
    """torch raised; ``error`` is the class of the exception."""

    def __init__(self, error: Exception):
        super().__init__(str(error))
        self.error = type(error).__name__


def evaluate(case: Case) -> dict[str, np.ndarray]:
    """Returns the wanted outputs of a case, or raises Refused."""
    try:
        return _evaluate(case)
    except (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError) as error:
        raise Refused(error) from error


def _tensor(a: np.ndarray) -> torch.Tensor:
    if a.dtype == BF16:
        return torch.from_numpy(a.view(np.int16).copy()).view(torch.bfloat16)
    return torch.from_numpy(a.copy())


def _array(t: torch.Tensor) -> np.ndarray:
    if t.dtype == torch.bfloat16:
        return t.view(torch.int16).numpy().view(BF16)
    return t.numpy()


def _evaluate(case: Case) -> dict[str, np.ndarray]:
    tensors = {name: _tensor(a) for name, a in case.inputs.items()}
    module_arguments = {k: tensors[k] for k in ("weight", "pos_weight") if k in tensors}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = getattr(torch.nn, case.module)(**module_arguments, **case.options)
    leaves = {}
    for output in case.want:
        if output != "loss":
            name = output.removeprefix("grad_")
            leaves[output] = tensors[name].requires_grad_()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loss = module(tensors["input"], tensors["target"])
    if leaves:
        upstream = tensors.get("grad_output", torch.ones_like(loss))
        loss.backward(upstream)
    outputs = {"loss": _array(loss.detach())}
    for output, leaf in leaves.items():
        outputs[output] = _array(leaf.grad)
    return {name: np.ascontiguousarray(outputs[name]).reshape(outputs[name].shape) for name in case.want}
