"""Logits of every magnitude, each against t in {0, 0.3, 1} and pos_weight in {none, 0.5, 3}.

Infinite and NaN logits stand in nonfinite.
"""

from __future__ import annotations

import numpy as np

from ..model import BCEWL, DTYPES, REDUCTIONS, Topic

_TARGETS = {"0": 0.0, "0.3": 0.3, "1": 1.0}
_POS_WEIGHTS = {"none": None, "0.5": 0.5, "3": 3.0}


def _bands(dtype) -> dict[str, tuple[str, list[float]]]:
    """Name -> (rule, magnitudes); every magnitude is taken with both signs."""
    info = np.finfo(dtype)
    tiny, smallest = float(info.tiny), float(info.smallest_subnormal)
    return {
        "zero": ("LOGIT-ZERO", [0.0]),
        "subnormal": ("LOGIT-ZERO", [smallest, 3 * smallest, tiny / 2, tiny]),
        "near-zero": ("LOGIT-ZERO", [1e-30, 1e-15, 1e-8, 1e-6, 1e-4, 0.01]),
        "moderate": ("FORMULA", [0.1, 0.5, 0.6931471805599453, 1, 2, 3.7, 5.33, 8, 12]),
        "cancel-float32": ("TAIL-LOSS", [14.5, 15, 15.9, 16.6, 16.7, 17.3, 18, 19, 20]),
        "cancel-float64": ("TAIL-LOSS", [25, 30, 33.2, 33.3, 35, 36.7, 36.8, 37.43, 40]),
        "wide": ("TAIL-GRAD", [42, 50, 60, 67.9, 75, 80, 86]),
        "exp-float32": (
            "SUBNORMAL" if dtype == np.float32 else "TAIL-LOSS",
            [87, 87.34, 88, 88.72, 89, 95, 100, 103, 103.9, 104, 105, 120],
        ),
        "tail-float64": ("TAIL-LOSS", [150, 250, 400, 600, 690]),
        "exp-float64": (
            "SUBNORMAL" if dtype == np.float64 else "TAIL-LOSS",
            [700, 708, 708.5, 709.7, 709.8, 720, 740, 744, 745, 745.2, 750, 800],
        ),
        "large": ("LOGIT-HUGE", [1e3, 1e4, 1e5, 1e6]),
        "huge": ("LOGIT-HUGE", [1e10, 1e20, 1e30]),
    }


def build(module: str) -> list[Topic]:
    topic = Topic(
        module,
        "extreme_logits",
        "Logits from subnormal to 1e30 and the largest finite number, against hard and soft targets.",
    )
    for tag, dtype in DTYPES.items():
        for band, (rule, magnitudes) in _bands(dtype).items():
            x = _both_signs(magnitudes, dtype)
            for t_name, t in _TARGETS.items():
                _add(topic, f"{tag}-{{reduction}}-{band}-t-{t_name}", rule, x, t, dtype)
        largest = np.array([np.finfo(dtype).max, -np.finfo(dtype).max], dtype=dtype)
        for sign, x in (("plus", largest[:1]), ("minus", largest[1:])):
            for t_name, t in _TARGETS.items():
                _add(topic, f"{tag}-{{reduction}}-{sign}-max-t-{t_name}", "LOGIT-MAX", x, t, dtype)
    return [topic]


def _both_signs(magnitudes, dtype) -> np.ndarray:
    m = np.array(magnitudes, dtype=np.float64).astype(dtype)
    return np.stack([m, -m], axis=1).reshape(-1)


def _add(topic, name, rule, x, t, dtype):
    x = x.reshape(-1, 1)
    target = np.full(x.shape, t, dtype)
    pos_weights = _POS_WEIGHTS if topic.module == BCEWL else {"none": None}
    for reduction in REDUCTIONS:
        for p_name, p in pos_weights.items():
            if reduction != "none" and (p is not None or t == 0.3):
                continue
            inputs = {"input": x, "target": target}
            if p is not None:
                inputs["pos_weight"] = np.array([p], dtype)
            full = name.format(reduction=reduction) + ("" if p is None else f"-pos-weight-{p_name}")
            own = "LOGIT-MAX-QUIRK" if _overflows(rule, x, t, p) else rule
            if rule == "TAIL-GRAD" and reduction == "mean" and dtype == np.float32:
                own = "SUBNORMAL"  # the smallest gradients are, divided by the number of elements
            also = ("TAIL-GRAD",) if own in ("TAIL-LOSS", "SUBNORMAL") else ()
            since = "2.0.0" if reduction == "sum" else ""
            topic.add(full, own, {"reduction": reduction}, inputs, also=also, since=since)
            if topic.module == BCEWL and reduction == "none" and t == 0.3 and p is None:
                topic.add(
                    f"{full}-grad-target",
                    "GRAD-TARGET",
                    {"reduction": reduction},
                    inputs,
                    want=("grad_target",),
                )


def _overflows(rule, x, t, p) -> bool:
    """Where torch overflows at the largest logit although the loss is finite."""
    return rule == "LOGIT-MAX" and bool(x[0] < 0) and t == 0.3 and p == 3
