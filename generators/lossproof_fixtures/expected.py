"""Puts reference, oracle and tolerances of a case together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import floats, oracle, rows, tolerances
from .geometry import Geometry
from .model import CE, Case


@dataclass
class Output:
    """The arrays of one output by their names in cases.json."""

    arrays: dict[str, np.ndarray]


def outputs(case: Case, reference: dict[str, np.ndarray]) -> dict[str, Output]:
    """Returns the expectations of every output that torch returned for the case."""
    if case.module == CE:
        geometry = rows.Rows(case.options, case.inputs)
    else:
        geometry = Geometry(case.module, case.options, case.inputs)
    result = {}
    for name, r in reference.items():
        if r.shape != tuple(geometry.shape_of(name)):
            raise AssertionError(f"{case.id}#{name}: torch returned {r.shape}, not {geometry.shape_of(name)}")
        result[name] = _output(case, geometry, name, r)
    return result


def _output(case: Case, g: Geometry | rows.Rows, name: str, r: np.ndarray) -> Output:
    if isinstance(g, rows.Rows):
        exact_of, bounds = rows.evaluate, rows
    else:
        exact_of, bounds = oracle.evaluate, tolerances
    arrays = {"reference": r, "parity": _narrow(bounds.parity(g, name, r.dtype, r))}
    exact = exact_of(g, name)
    if r.size == 0 or exact.known.any():
        arrays["exact"] = exact.high
        if r.dtype == np.float64 and np.any(exact.low):
            arrays["exact_low"] = _narrow_exactly(exact.low)
        tolerance = tolerances.rounded_once(bounds.tolerance(g, name, r.dtype), exact.high, r.dtype)
        arrays["tolerance"] = _narrow(tolerance)
        marks = bounds.may_overflow(g, name, r.dtype)
        if marks.any():
            arrays["may_overflow"] = marks
        if "QUIRK" not in case.rule:
            _check(case, g, name, r, exact, tolerance, arrays["parity"], marks)
    if name in case.published:
        published, how_exact = case.published[name]
        arrays["published"], arrays["published_tolerance"] = published, how_exact
        for against in (r, exact.high):
            if np.any(np.abs(np.asarray(against, dtype=np.float64) - published) > how_exact):
                raise AssertionError(f"{case.id}#{name}: the published figures do not fit")
    return Output(arrays)


def _check(case, g, name, r, exact, tolerance, parity, marks):
    """torch is close to the oracle, or one of them is wrong: a guard against slips in either."""
    r = np.asarray(r, dtype=np.float64)
    with np.errstate(all="ignore"):
        m = floats.eps(case.inputs["input"].dtype) * 64 * (1 + np.abs(r))
        near = np.abs(r - exact.high) <= tolerance + 4 * parity + m
    class_differs = ~np.isfinite(r) | ~np.isfinite(exact.high)
    if not np.all(near | class_differs | ~exact.known | marks):
        worst = np.argmax(~(near | class_differs | ~exact.known | marks))
        raise AssertionError(
            f"{case.id}#{name}: torch {r.reshape(-1)[worst]!r} and the oracle"
            f" {exact.high.reshape(-1)[worst]!r} disagree at {worst}"
        )


def _in_float32_range(a: np.ndarray) -> bool:
    size = np.abs(a[~np.isnan(a) & (a != 0)])
    return bool(np.all((size >= 2.0**-126) & (size <= 2.0**127)))


def _narrow(a: np.ndarray) -> np.ndarray:
    """A tolerance as float32, rounded up, where its values are in that range."""
    a = np.asarray(a, dtype=np.float64)
    if not _in_float32_range(a):
        return a
    single = a.astype(np.float32)
    short = single.astype(np.float64) < a
    return np.where(short, np.nextafter(single, np.float32(np.inf)), single)


def _narrow_exactly(a: np.ndarray) -> np.ndarray:
    """The low part as float32 where 24 bits and its range are enough: it then ends 2^-77 below
    the high part, which no tolerance can see."""
    a = np.asarray(a, dtype=np.float64)
    return a.astype(np.float32) if _in_float32_range(a) else a
