"""A case that stands for a `must` asks nothing that a port may decide otherwise.

What a weaker rule is about (an empty input, a weight below 0) makes the case stand for that rule: else a
port that has a reason for its deviation would break a `must` all the same.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from . import floats
from .model import BCEWL, CE, MLSM, Case


def check(cases: list[Case], requirement: dict[str, str]) -> None:
    """Raises where a case of a rule that must hold has a property of a weaker one."""
    for case in cases:
        if requirement[case.rule] != "must":
            continue
        for suffix in _weaker(case):
            raise ValueError(f"{case.id}: it stands for {case.rule}, a must, and asks what {suffix} is about")


def _weaker(case: Case) -> Iterable[str]:
    """The suffixes of the weaker rules that the inputs and options of a case are about."""
    x, target, weight = (case.inputs.get(name) for name in ("input", "target", "weight"))
    if x.size == 0:
        yield "EMPTY"
    if any(not np.all(np.isfinite(a)) for a in case.inputs.values()):
        yield "NAN or INF"
    if any(a.dtype != x.dtype for name, a in case.inputs.items() if name != "target"):
        yield "DTYPE-QUIRK"
    for name in ("weight", "pos_weight"):
        if np.any(case.inputs.get(name, 1) < 0):
            yield "WEIGHT-NEGATIVE"
    if case.module == CE:
        yield from _weaker_of_classes(case, x, target, weight)
    elif np.any((target < 0) | (target > 1)):
        yield "TARGET-RANGE"
    if case.module == MLSM:
        if x.ndim == 1:
            yield "NO-BATCH"
        if x.ndim > 2:
            yield "RANK"
        if weight is not None and weight.shape != x.shape[-1:]:
            yield "WEIGHT-ELEMENT"
    if case.module in (MLSM, BCEWL) and np.issubdtype(target.dtype, np.integer):
        yield "TARGET-INTEGER-QUIRK"


def _weaker_of_classes(case: Case, x, target, weight) -> Iterable[str]:
    axis = 0 if x.ndim == 1 else 1
    smoothing = case.options.get("label_smoothing", 0)
    if x.size and x.shape[axis] == 1:
        yield "ONE-CLASS"
    if floats.is_float(target.dtype):
        if np.any(np.abs(target.astype(np.float64).sum(axis) - 1) > 1e-6):
            yield "NOT-NORMALISED"
        if np.any(target < 0):
            yield "TARGET-RANGE"
    elif target.dtype != np.int64:
        yield "TARGET-UINT8-QUIRK"
    if smoothing and weight is not None:
        yield "SMOOTHING-WEIGHT"
    if smoothing == 1:
        yield "SMOOTHING-ONE"
    if abs(case.options.get("ignore_index", 0)) > 1 << 31:
        yield "IGNORE-WIDE"
