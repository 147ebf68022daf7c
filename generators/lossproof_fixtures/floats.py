"""The floating-point dtypes. NumPy has all but bfloat16, which is that of ml_dtypes."""

from __future__ import annotations

import numpy as np
from ml_dtypes import bfloat16

BF16 = np.dtype(bfloat16)
F16, F32, F64 = np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64)

#: The dtypes of 16 bits by the tag that the names of cases have.
HALVES = {"f16": F16, "bf16": BF16}

#: Of each dtype: significant bits, exponents of the smallest number and of what is too large, and the
#: defaults of torch.testing.assert_close.
LIMITS = {
    F16: {"bits": 11, "low": -24, "top": 16, "atol": 1e-5, "rtol": 1e-3},
    BF16: {"bits": 8, "low": -133, "top": 128, "atol": 1e-5, "rtol": 1.6e-2},
    F32: {"bits": 24, "low": -149, "top": 128, "atol": 1e-5, "rtol": 1.3e-6},
    F64: {"bits": 53, "low": -1074, "top": 1024, "atol": 1e-7, "rtol": 1e-7},
}


def named(name: str) -> np.dtype:
    """The dtype of that name."""
    return BF16 if name == BF16.name else np.dtype(name)


def eps(dtype) -> float:
    """The distance from 1 to the next number."""
    return 2.0 ** (1 - LIMITS[np.dtype(dtype)]["bits"])


def smallest_subnormal(dtype) -> float:
    return 2.0 ** LIMITS[np.dtype(dtype)]["low"]


def largest(dtype) -> float:
    """The largest finite number."""
    return (2 - eps(dtype)) * 2.0 ** (LIMITS[np.dtype(dtype)]["top"] - 1)


def is_float(dtype) -> bool:
    return np.dtype(dtype) in LIMITS


def is_half(dtype) -> bool:
    return np.dtype(dtype) in (F16, BF16)


def working(dtype) -> np.dtype:
    """The dtype that results of a dtype are computed in: float32 for those of 16 bits, which are rounded once."""
    return F32 if is_half(dtype) else np.dtype(dtype)


def stored(a: np.ndarray) -> np.ndarray:
    """An array as it stands in a file: bfloat16 as its bits in uint16."""
    return a.view(np.uint16) if a.dtype == BF16 else a


def converted(a: np.ndarray, dtype: str) -> np.ndarray:
    """An array of a file converted as a reference of three members says."""
    if dtype == BF16.name and a.dtype == np.uint16:
        return a.view(BF16)
    return a.astype(named(dtype))
