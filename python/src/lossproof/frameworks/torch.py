"""PyTorch. NumPy is not needed."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from lossproof._wire import Tensor
from lossproof.frameworks import LAYOUTS, Framework, Loss

_SNIPPET = """\
import torch

def array(values, dtype, shape):
    return torch.tensor(values, dtype=getattr(torch, dtype)).reshape(shape)

def values(tensor):
    return tensor.double().tolist()

def gradient(loss, input, upstream):
    value = loss(input.requires_grad_())
    value.backward(torch.ones_like(value) if upstream is None else upstream)
    return input.grad
"""


class Torch(Framework):
    name = "torch"
    layouts = LAYOUTS
    errors = (*Framework.errors, torch.cuda.OutOfMemoryError)
    snippet = _SNIPPET

    @contextmanager
    def session(self) -> Iterator[None]:
        """One thread, as when the cases were recorded: theirs are small, and threads wait."""
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)

    def version(self) -> str:
        return str(torch.__version__).split("+")[0]

    def tensor(self, tensor: Tensor, layout: str = "contiguous") -> Any:
        dtype = getattr(torch, tensor.dtype)
        if not tensor.data:
            return torch.empty(tensor.shape, dtype=dtype)  # frombuffer refuses an empty buffer
        flat = torch.frombuffer(bytearray(tensor.data), dtype=dtype)
        return lay(flat.reshape(tensor.shape), layout)

    def to_wire(self, array: Any) -> Tensor:
        if not isinstance(array, torch.Tensor):
            raise TypeError(f"got {type(array).__name__}, want a torch.Tensor")
        dtype = str(array.dtype).removeprefix("torch.")
        flat = array.detach().cpu().contiguous()
        # As bytes: NumPy need not be there, and has no bfloat16.
        size = flat.numel() * flat.element_size()
        data = ctypes.string_at(flat.data_ptr(), size) if size else b""
        return Tensor(dtype, tuple(array.shape), data)

    def gradients(
        self, loss: Loss, inputs: Mapping[str, Any], wrt: list[str], upstream: Any, layout: str
    ) -> tuple[Any, dict[str, Any]]:
        leaves = {name: inputs[name].requires_grad_() for name in wrt}
        value = loss(inputs)
        if upstream is None and (value.ndim or layout != "contiguous"):
            upstream = lay(torch.ones_like(value), layout)
        value.backward(upstream)  # a scalar's own is 1
        return value, {name: leaf.grad for name, leaf in leaves.items()}


def lay(tensor: Any, layout: str) -> Any:
    """Return the elements of a contiguous tensor in another layout."""
    if layout == "transposed":
        backwards = tuple(reversed(range(tensor.ndim)))
        return tensor.permute(backwards).contiguous().permute(backwards)
    if layout == "strided":
        larger = tensor.new_zeros((*tensor.shape, 2))
        larger[..., 0] = tensor
        return larger[..., 0]
    if layout == "offset":
        larger = tensor.new_zeros(tensor.numel() + 1)
        larger[1:] = tensor.reshape(-1)
        return larger[1:].reshape(tensor.shape)
    if layout == "expanded":
        once = tensor
        for axis in range(tensor.ndim):
            first = once.narrow(axis, 0, 1) if once.shape[axis] > 1 else once
            if torch.equal(first.expand(once.shape), once) and torch.equal(
                torch.signbit(first).expand(once.shape), torch.signbit(once)
            ):  # never where there is a NaN
                once = first
        return once.contiguous().expand(tensor.shape)
    return tensor


FRAMEWORK = Torch
