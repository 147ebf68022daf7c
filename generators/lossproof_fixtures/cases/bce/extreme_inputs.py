"""Inputs at 0 and 1, and of every distance from them, each against t in {0, 0.3, 1}.

Where x*(1-x) < 1e-12 torch divides by about 1e-12 instead, so the gradient stands in a case of its
own, and where the logarithm is clamped the gradient of the target does.
"""

from __future__ import annotations

import numpy as np

from ... import probabilities
from ...model import BCE, DTYPES, REDUCTIONS, Topic

_TARGETS = {"0": 0.0, "0.3": 0.3, "1": 1.0}


def _bands(dtype) -> dict[str, tuple[str, np.ndarray]]:
    """Name -> (rule, inputs); a band has a gradient for all of its inputs, or for none."""
    info = np.finfo(dtype)
    tiny, smallest = float(info.tiny), float(info.smallest_subnormal)
    one = dtype.type(1)

    def below_one(steps) -> np.ndarray:
        return np.array([one - dtype.type(k) * info.epsneg for k in steps], dtype)

    bands = {
        "zero": ("CLAMP", [0.0, -0.0]),
        "one": ("CLAMP", [1.0]),
        "moderate": ("FORMULA", [0.01, 0.1, 0.25, 0.3, 0.5, 0.6, 0.75, 0.9, 0.99]),
        "near-half": ("FORMULA", [0.5 - 2.0**-12, 0.5 - 2.0**-20, 0.5, 0.5 + 2.0**-20, 0.5 + 2.0**-12]),
        "small": ("TAIL-LOSS", [1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 6e-8, 1e-8]),
        "tiny": ("TAIL-LOSS", [1e-9, 1e-10, 1e-11, 2e-12]),
        "above-epsilon": ("TAIL-LOSS", [1.0000002e-12, 1.5e-12]),
        "at-epsilon": ("TAIL-LOSS", [1e-12, 9.999999e-13]),
        "below-epsilon": ("TAIL-LOSS", [9e-13, 5e-13, 1e-14, 1e-16, 1e-20, 1e-30, 1e-37]),
        "near-one": ("TAIL-LOSS", [1 - 2.0**-7, 1 - 2.0**-10, 1 - 2.0**-14, 1 - 2.0**-18, 1 - 2.0**-22]),
    }
    if dtype == np.float32:
        bands |= {
            "next-to-one": ("TAIL-LOSS", below_one((1, 2, 3, 5))),
            "subnormal": ("SUBNORMAL", [tiny, tiny / 2, 1e-40, 1e-43, 4.4e-44, 4e-44]),
            "clamped": ("CLAMP", [smallest, 7 * smallest, 14 * smallest, 26 * smallest]),
        }
    else:
        bands |= {
            "near-one-float64": ("TAIL-LOSS", [1 - 2.0**-26, 1 - 2.0**-31, 1 - 2.0**-36, 1 - 2.0**-39]),
            "next-to-one": ("TAIL-LOSS", below_one((1, 2, 3, 5))),
            "above-clamp": ("TAIL-LOSS", [1e-40, 1e-43, 4e-44]),
            "clamped": ("CLAMP", [3e-44, 1e-44, 1e-50, 1e-100, 1e-300, tiny]),
            "subnormal": ("CLAMP", [smallest, 3 * smallest, tiny / 2]),
        }
    return {name: (rule, np.array(x, dtype)) for name, (rule, x) in bands.items()}


def build() -> list[Topic]:
    topic = Topic(
        BCE, "extreme_inputs", "Inputs at 0 and 1, subnormal ones, and those next to 0 and 1: the clamp."
    )
    for tag, dtype in DTYPES.items():
        for band, (rule, x) in _bands(dtype).items():
            for t_name, t in _TARGETS.items():
                for reduction in REDUCTIONS:
                    if reduction == "none" or (t != 0.3 and band in ("zero", "one", "moderate", "tiny")):
                        _add(topic, f"{tag}-{reduction}-{band}-t-{t_name}", rule, x, t, reduction)
            _add_grad_target(topic, f"{tag}-none-{band}-grad-target", rule, x)
        _weighed(topic, tag, dtype)
        _scalar(topic, tag, dtype)
    return [topic]


def _add(topic, name, rule, x, t, reduction):
    since = "2.0.0" if reduction == "sum" else ""
    inputs = {"input": x.reshape(-1, 1), "target": np.full((x.size, 1), t, x.dtype)}
    options = {"reduction": reduction}
    exact = probabilities.has_gradient(x.astype(np.float64))
    if exact.all() and rule == "TAIL-LOSS":
        topic.add(name, rule, options, inputs, want=("loss",), since=since)
        topic.add(f"{name}-gradient", "TAIL-GRAD", options, inputs, want=("grad_input",), since=since)
        return
    if exact.all():
        topic.add(name, rule, options, inputs, since=since)
        return
    if exact.any():
        raise ValueError(f"{name}: a band must have a gradient for all of its inputs, or for none")
    topic.add(name, rule, options, inputs, want=("loss",), since=since)
    if not since:  # what torch does there is no sum's
        topic.add(f"{name}-gradient", "EPSILON-QUIRK", options, inputs, want=("grad_input",))


def _weighed(topic, tag, dtype):
    """The clamp comes before the weight: a clamped loss is 100 times the weight, and 0 for weight 0."""
    ends = {
        "input": np.array([[0], [1], [0], [-0.0], [1], [0.5]], dtype),
        "target": np.array([[1], [0], [0.3], [0.3], [0.3], [1]], dtype),
    }
    for reduction in REDUCTIONS:
        options = {"reduction": reduction}
        for name, rule, weight in (
            ("weight", "CLAMP", [[3], [0.5], [2], [0.25], [-1.5], [2]]),
            ("weight-0", "WEIGHT-ZERO", [[0], [0], [0], [0], [0], [1]]),
        ):
            call, also = dict(ends, weight=np.array(weight, dtype)), ()
            own = rule
            if np.any(call["weight"] < 0):
                own, also = "WEIGHT-NEGATIVE", (rule,)
            topic.add(f"{tag}-{reduction}-ends-{name}", own, options, call, want=("loss",), also=also)
            if name == "weight-0":
                topic.add(
                    f"{tag}-{reduction}-ends-{name}-gradient", rule, options, call, want=("grad_input",)
                )
    call = dict(ends, weight=np.zeros((6, 1), dtype))
    full, want = f"{tag}-none-ends-weight-0-grad-target", ("grad_target",)
    topic.add(full, "GRAD-TARGET-QUIRK", {"reduction": "none"}, call, want=want)


def _scalar(topic, tag, dtype):
    for x, t in ((0, 1), (1, 0), (0, 0), (1, 1)):
        call = {"input": np.array(x, dtype), "target": np.array(t, dtype)}
        for reduction in ("none", "mean"):
            name, options = f"{tag}-{reduction}-0d-input-{x}-target-{t}", {"reduction": reduction}
            topic.add(name, "CLAMP", options, call, want=("loss",), also=("SCALAR",))


def _add_grad_target(topic, name, rule, x):
    inputs = {"input": x.reshape(-1, 1), "target": np.full((x.size, 1), 0.3, x.dtype)}
    own = "GRAD-TARGET-QUIRK" if rule == "CLAMP" else "GRAD-TARGET"
    topic.add(name, own, {"reduction": "none"}, inputs, want=("grad_target",))
