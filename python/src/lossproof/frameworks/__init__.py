"""A file for each framework: its arrays, its gradients, its exceptions.

find() says which one a function belongs to. Nothing is imported before it is needed.
"""

from __future__ import annotations

import dis
import functools
import importlib
import sys
import types
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

from lossproof._wire import Tensor

#: The layouts of an array in memory; see Framework.tensor.
LAYOUTS = ("contiguous", "transposed", "strided", "expanded", "offset")

#: The arrays of a call by their names to its loss.
Loss = Callable[[Mapping[str, Any]], Any]


class Framework(ABC):
    """The arrays and gradients of a framework."""

    name: ClassVar[str]
    #: The layouts that its arrays can have.
    layouts: tuple[str, ...] = ("contiguous",)
    #: The dtypes in which its losses are meant to be computed. A function of NumPy computes in 16
    #: bits what nobody would train with.
    dtypes: tuple[str, ...] = ("float32", "float64", "float16", "bfloat16")
    #: Exceptions that refuse a call, as PyTorch refuses one. Any other is an error of the
    #: implementation: a crash must not pass for a refusal.
    refusals: tuple[type[BaseException], ...] = (
        ValueError,
        TypeError,
        IndexError,
        AssertionError,
        RuntimeError,
    )
    #: Those among them that are no refusals.
    errors: tuple[type[BaseException], ...] = (RecursionError, UnicodeError)
    #: Whether it has gradients.
    differentiates = True
    #: Whether it compiles anew for each shape that it meets: laws and generated checks then draw
    #: from few shapes.
    compiles = False
    #: The functions array, values and gradient of a program that calls a loss by itself.
    snippet = ""

    def session(self) -> AbstractContextManager[object]:
        """Return what surrounds the calls of a check."""
        return nullcontext()

    @abstractmethod
    def version(self) -> str:
        """Return the version of the framework."""

    @abstractmethod
    def tensor(self, tensor: Tensor, layout: str = "contiguous") -> Any:
        """Return an array of the framework with the elements of tensor.

        layout says how it lies in memory: contiguous; transposed, column-major; strided, every
        second element of a larger array; expanded, with stride 0 along the dimensions in which all
        elements are equal; offset, behind the beginning of a larger array.
        """

    def settle(self, array: Any) -> Any:
        """Return an array that has its elements: what is lazy raises here."""
        return array

    @abstractmethod
    def to_wire(self, array: Any) -> Tensor:
        """Return the elements of an array. Raises TypeError for what is no array."""

    @abstractmethod
    def gradients(
        self, loss: Loss, inputs: Mapping[str, Any], wrt: list[str], upstream: Any, layout: str
    ) -> tuple[Any, dict[str, Any]]:
        """Return the loss and its gradients with respect to the inputs that wrt names.

        upstream is the upstream gradient, None for ones of the shape of the loss; layout is that
        of the ones.
        """


#: The file of each framework, by the first part of the name of a module that uses it.
_ROOTS = {
    "torch": "torch",
    "torchvision": "torch",
    "jax": "jax",
    "jaxlib": "jax",
    "optax": "jax",
    "flax": "jax",
    "equinox": "jax",
    "haiku": "jax",
    "tensorflow": "tensorflow",
    "tf_keras": "tensorflow",
    "keras": "keras",
    "paddle": "paddle",
    "mlx": "mlx",
    "tinygrad": "tinygrad",
    "mindspore": "mindspore",
    "autograd": "autograd",
    "numpy": "numpy",
}
NAMES = tuple(dict.fromkeys(_ROOTS.values()))


def load(name: str) -> Framework:
    """Return a framework by its name."""
    if name not in NAMES:
        raise ValueError(f"framework: got {name!r}, want one of {', '.join(sorted(NAMES))}")
    found: Framework = importlib.import_module(f"lossproof.frameworks.{name}").FRAMEWORK()
    return found


def find(implementation: Any) -> str:
    """Return the name of the framework that a function, a class or an object belongs to.

    It is that of the module it is defined in, or else of the modules that its code names. Raises
    TypeError where there is none, or more than one.
    """
    function = unwrap(implementation)
    root = of_module(getattr(function, "__module__", None)) or of_module(type(function).__module__)
    if root:
        return root
    names = _used(function, set())
    if len(names) > 1:
        names.discard("numpy")
    if len(names) == 1:
        return names.pop()
    found = f"it uses {' and '.join(sorted(names))}" if names else "none is in sight"
    raise TypeError(
        f"cannot tell which framework {describe(implementation)} belongs to ({found}): "
        f"pass framework= one of {', '.join(sorted(NAMES))}"
    )


def describe(implementation: Any) -> str:
    """Return the name of an implementation as people know it."""
    function = unwrap(implementation)
    if not hasattr(function, "__qualname__"):
        function = type(function)
    name: str = function.__qualname__
    module = getattr(function, "__module__", None)
    return f"{module}.{name}" if module not in (None, "__main__", "builtins") else name


def unwrap(implementation: Any) -> Any:
    """Return the function inside partials, methods and wrappers."""
    while True:
        if isinstance(implementation, functools.partial):
            implementation = implementation.func
        elif isinstance(implementation, types.MethodType):
            implementation = implementation.__func__
        elif hasattr(implementation, "__wrapped__"):
            implementation = implementation.__wrapped__
        else:
            return implementation


def of_module(module: str | None) -> str | None:
    """Return the framework that a module is written in, None for none."""
    return _ROOTS.get((module or "").partition(".")[0])


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield the code of a function, and that of the functions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _used(function: Any, seen: set[int]) -> set[str]:
    """Return the frameworks that the code of a function names, and that of what it calls."""
    if isinstance(function, type):
        if not function.__module__ or function.__module__ in sys.builtin_module_names:
            return set()
        methods = [v for v in vars(function).values() if isinstance(v, types.FunctionType)]
        found = {root for base in function.__mro__ if (root := of_module(base.__module__))}
        return found.union(*(_used(m, seen) for m in methods))
    if not isinstance(function, types.FunctionType):
        return _used(type(function), seen)
    if id(function) in seen:
        return set()
    seen.add(id(function))
    closed = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=False))
    values = []
    codes = list(_codes(function.__code__))
    for name in (*(name for code in codes for name in code.co_names), *closed):
        if name in closed:
            values.append(closed[name].cell_contents)
        elif name in function.__globals__:
            values.append(function.__globals__[name])
    lines = (i for code in codes for i in dis.get_instructions(code))
    imported = (i.argval for i in lines if i.opname == "IMPORT_NAME")
    found = {root for name in imported if (root := of_module(name))}
    for value in values:
        if isinstance(value, types.ModuleType):
            root = of_module(value.__name__)
        else:
            value = unwrap(value)
            root = of_module(getattr(value, "__module__", None))
            if root is None and isinstance(value, (types.FunctionType, type)):
                found |= _used(value, seen)
        if root:
            found.add(root)
    return found
