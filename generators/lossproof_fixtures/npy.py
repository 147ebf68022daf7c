"""NPY 1.0, written by hand so that no NumPy version can change a byte."""

from __future__ import annotations

import numpy as np

from .floats import stored

_DESCR = {
    "float32": "<f4",
    "float64": "<f8",
    "int64": "<i8",
    "int32": "<i4",
    "uint16": "<u2",
    "uint8": "|u1",
    "bool": "|b1",
    "float16": "<f2",
}


def encode(a: np.ndarray) -> bytes:
    """The NPY 1.0 file of an array, in NumPy's canonical form."""
    descr = _DESCR[a.dtype.name]
    shape = "(" + ", ".join(map(str, a.shape)) + ("," if a.ndim == 1 else "") + ")"
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    padding = -(10 + len(header) + 1) % 64
    header = header + " " * padding + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + payload(a)


def payload(a: np.ndarray) -> bytes:
    """The little-endian, row-major bytes."""
    a = stored(a)
    return np.ascontiguousarray(a).astype(a.dtype.newbyteorder("<"), copy=False).tobytes()
