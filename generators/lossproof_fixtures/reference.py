"""What PyTorch returns.

torch is pinned to its AVX2 kernels and one thread: other CPU capabilities give other last bits.
"""

from __future__ import annotations

import os
import warnings

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"

import numpy as np
import torch

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


def _evaluate(case: Case) -> dict[str, np.ndarray]:
    tensors = {name: torch.from_numpy(a.copy()) for name, a in case.inputs.items()}
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
    outputs = {"loss": loss.detach().numpy()}
    for output, leaf in leaves.items():
        outputs[output] = leaf.grad.numpy()
    return {name: np.ascontiguousarray(outputs[name]).reshape(outputs[name].shape) for name in case.want}
