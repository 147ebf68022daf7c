import functools
import types

import ml_dtypes
import numpy as np
import pytest
from implementations import Options, right

from lossproof import frameworks
from lossproof._wire import SIZES, Tensor
from lossproof.frameworks.numpy import from_numpy, lay, place, to_numpy


def test_find():
    def uses_numpy(x, t):
        return np.abs(x - t)

    def imports_numpy(x, t):
        import numpy

        return numpy.abs(x - t)

    def calls(x, t):
        return uses_numpy(x, t)

    def within(x, t):
        distance = lambda a, b: np.abs(a - b)  # noqa: E731
        return distance(x, t)

    for function in (np.abs, uses_numpy, imports_numpy, calls, within, right, Options, Options()):
        assert frameworks.find(function) == "numpy"
    assert frameworks.find(functools.partial(uses_numpy, 1)) == "numpy"
    assert frameworks.find(Options().method) == "numpy"


def test_find_what_lies_in_a_framework():
    def inside(x, t):
        return x

    for module, name in (
        ("optax.losses", "jax"),
        ("keras.src.ops", "keras"),
        ("torch.nn", "torch"),
    ):
        inside.__module__ = module
        assert frameworks.find(inside) == name


def test_find_nothing():
    with pytest.raises(TypeError, match="none is in sight.: pass framework= one of autograd, jax"):
        frameworks.find(lambda x, t: x - t)


def test_find_two():
    torch, jax = types.ModuleType("torch"), types.ModuleType("jax.numpy")

    def both(x, t):
        return torch.mean(jax.abs(x - t), np.pi)

    with pytest.raises(TypeError, match="uses jax and torch"):
        frameworks.find(both)


@pytest.mark.parametrize(
    "dtype", ["float16", "bfloat16", "float32", "float64", "int64", "int32", "uint8", "bool"]
)
def test_numpy_arrays(dtype):
    array = np.array([[0, 1, 2], [3, 0, 1]]).astype(getattr(ml_dtypes, dtype, dtype))
    tensor = from_numpy(array)
    assert (tensor.dtype, tensor.shape) == (dtype, (2, 3))
    assert np.array_equal(to_numpy(tensor), array) and to_numpy(tensor).flags.writeable
    assert from_numpy(array.T.astype(array.dtype.newbyteorder(">")).T) == tensor
    assert from_numpy(np.zeros((0, 3), dtype)) == Tensor(dtype, (0, 3), b"")


@pytest.mark.parametrize("other", [None, "1", {}, [None], np.array(["a"]), np.zeros(2, complex)])
def test_no_array(other):
    with pytest.raises(TypeError, match="want"):
        from_numpy(other)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (4, 1, 2), (0, 3)])
@pytest.mark.parametrize("layout", frameworks.LAYOUTS)
def test_layouts(shape, layout):
    array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    got = lay(array, layout)
    assert got.shape == shape and got.dtype == array.dtype and np.array_equal(got, array)


@pytest.mark.parametrize("layout", frameworks.LAYOUTS)
def test_layouts_of_another_framework(layout):
    """What as_strided is told gives the same view."""

    def as_strided(memory, shape, strides, offset):
        strides = [stride * memory.itemsize for stride in strides]
        return np.lib.stride_tricks.as_strided(memory.ravel()[offset:], shape, strides)

    for shape in ((), (3,), (2, 3), (4, 1, 2), (0, 3)):
        array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape) // 3
        got, want = place(array, layout, np.copy, as_strided), lay(array, layout)
        assert np.array_equal(got, want)
        assert got.strides == want.strides or not array.size


@pytest.mark.parametrize("name", frameworks.NAMES)
def test_arrays_of_a_framework(name):
    """Those that are installed: the elements come back, in each layout."""
    pytest.importorskip(name)
    framework = frameworks.load(name)
    for dtype, size in SIZES.items():
        for shape in ((), (3,), (2, 3), (0, 3)):
            sent = Tensor(dtype, shape, np.ones(int(np.prod(shape)) * size, np.uint8).tobytes())
            for layout in framework.layouts:
                if (name, dtype) == ("tinygrad", "bfloat16"):
                    continue  # which needs a newer clang
                got = framework.to_wire(framework.tensor(sent, layout))
                narrow = (
                    {"float64": "float32", "int64": "int32"} if name in ("jax", "keras") else {}
                )
                assert got.shape == shape and got.dtype in (dtype, narrow.get(dtype))
                assert got == sent or got.dtype != dtype, layout


def test_layouts_are_what_they_say():
    array = np.repeat(np.arange(4.0).reshape(4, 1), 3, 1)
    assert lay(array, "transposed").strides == (8, 32)
    assert lay(array, "strided").strides == (48, 16)
    assert lay(array, "expanded").strides == (8, 0)
    assert lay(np.full((2, 2), np.nan), "expanded").strides == (0, 0)
    assert lay(np.array([0.0, -0.0]), "expanded").strides == (8,)  # not the same number
    assert lay(array, "offset").base is not None
