"""Keras 3: its arrays and gradients are those of its backend."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import keras

from lossproof._wire import Tensor
from lossproof.frameworks import Framework, Loss, load


class Keras(Framework):
    name = "keras"

    def __init__(self) -> None:
        backend = keras.backend.backend()
        self.backend = load(backend)
        self.layouts = self.backend.layouts
        self.refusals = self.backend.refusals
        self.errors = self.backend.errors
        self.differentiates = self.backend.differentiates
        self.compiles = self.backend.compiles
        self.snippet = self.backend.snippet

    def session(self) -> AbstractContextManager[object]:
        return self.backend.session()

    def version(self) -> str:
        return f"{keras.__version__} on {self.backend.name} {self.backend.version()}"

    def tensor(self, tensor: Tensor, layout: str = "contiguous") -> Any:
        return self.backend.tensor(tensor, layout)

    def settle(self, array: Any) -> Any:
        return self.backend.settle(array)

    def to_wire(self, array: Any) -> Tensor:
        return self.backend.to_wire(array)

    def gradients(
        self, loss: Loss, inputs: Mapping[str, Any], wrt: list[str], upstream: Any, layout: str
    ) -> tuple[Any, dict[str, Any]]:
        return self.backend.gradients(loss, inputs, wrt, upstream, layout)


FRAMEWORK = Keras
