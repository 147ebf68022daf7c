"""The claim of an implementation, and how small calls find it."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lossproof._port import Port, brief
from lossproof._wire import Tensor

#: The dtypes of input that the cases have, those that most implementations have first.
DTYPES = ("float32", "float64", "float16", "bfloat16")
REDUCTIONS = ("none", "mean", "sum")

Shape = tuple[int, ...]


@dataclass
class Claim:
    """What is implemented: dtypes of input, outputs, and words for what is not.

    left_out says why something is not claimed, by its word.
    """

    dtypes: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        text = f"{' '.join(self.dtypes)}, {_and(self.outputs)}"
        return text + (f", without {_and(self.without)}" if self.without else "")

    def reasons(self) -> list[str]:
        """Return why something is not claimed, a sentence for each reason."""
        return [
            f"{_and(words)} {'is' if len(words) == 1 else 'are'} left out: {why}"
            for why, words in _by_reason(self.left_out).items()
        ]

    def json(self) -> dict[str, list[str]]:
        """Return the claim as it stands in the answer to hello."""
        return {"dtypes": self.dtypes, "outputs": self.outputs, "without": self.without}


def _and(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""


def _by_reason(left_out: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the words by their reasons."""
    found: dict[str, list[str]] = {}
    for word, why in left_out.items():
        found.setdefault(why, []).append(word)
    return found


def infer(port: Port) -> Claim:
    """Find the claim of a port by small calls that PyTorch accepts.

    What has no parameter, or raises, is not implemented. Raises TypeError where nothing works, or
    where it cannot be told which reduction is computed.
    """
    return _Inference(port).claim()


def override(claim: Claim, given: Mapping[str, Sequence[str]], without: Sequence[str]) -> Claim:
    """Return the claim with the members that are given, and the words of without."""
    unknown = set(given) - {"dtypes", "outputs", "without"}
    if unknown:
        raise ValueError(f"claim: got {min(unknown)!r}, want dtypes, outputs or without")
    members = {name: list(words) for name, words in {**claim.json(), **given}.items()}
    members["without"] += [word for word in without if word not in members["without"]]
    return Claim(**members, left_out=claim.left_out)


class _Inference:
    """Small calls of a port, with its first dtype and reduction that work."""

    def __init__(self, port: Port) -> None:
        self.port = port
        self.module = port.module
        self.dtype = DTYPES[0]
        reductions = port.implementation.reductions
        self.options = {"reduction": reductions} if isinstance(reductions, str) else {}
        # Class indices are tried first, and targets between 0 and 1.
        self.probabilities = self._holds("target") != "classes"
        self.hard = False
        self.found = Claim()
        self.error: Exception | None = None
        self.soft_error: Exception | None = None

    def claim(self) -> Claim:
        self._dtypes()
        reductions = self._reductions()
        self._outputs()
        self._inputs()
        self._shapes()
        for reduction in REDUCTIONS:
            if reduction not in reductions:
                self._leave_out(f"reduction:{reduction}")
        self._options()
        return self.found

    # What is asked.

    def _dtypes(self) -> None:
        if self._try() is None:
            if not self.probabilities:
                self.probabilities = self._try(probabilities=True) is not None
            else:
                self.hard, self.soft_error = True, self.error
        rounds: dict[str, str] = {}
        for dtype in DTYPES:
            self.dtype = dtype
            if dtype not in self.port.framework.dtypes:
                rounds[dtype] = (
                    f"{self.port.framework.name} rounds each step to 16 bits; "
                    'claim={"dtypes": […]} asks them all the same'
                )
                continue
            why = self.port.lacks(dtype)
            if not why:
                loss = self._try()
                if loss is not None and loss.dtype == dtype:
                    self.found.dtypes.append(dtype)
                    continue
                why = f"the loss is {loss.dtype}" if loss else brief(self.error)
            self.found.left_out[dtype] = why
        if not self.found.dtypes:
            reasons = _by_reason(self.found.left_out).items()
            why = "; ".join(f"{_and(dtypes)}: {why}" for why, dtypes in reasons)
            raise TypeError(
                f"no small call of {self.port.implementation} works ({why}): pass names=, "
                "reduction= or arguments=, or claim= for what it does"
            ) from self.error
        self.found.left_out.update(rounds)
        self.dtype = self.found.dtypes[0]

    def _reductions(self) -> list[str]:
        implementation = self.port.implementation
        if implementation.reductions is None and not implementation.has("reduction"):
            self.port.set_reductions(self._only_reduction())
        if isinstance(implementation.reductions, str):
            works = [implementation.reductions]
        elif implementation.has("reduction"):
            works = [r for r in REDUCTIONS if self._try({"reduction": r})]
        else:
            raise TypeError(
                f"reduction: {implementation} has no parameter for it: pass the one it computes, "
                'such as reduction="mean"'
            )
        if not works:
            raise TypeError(
                f"no reduction of {implementation} works ({brief(self.error)}): "
                'pass reduction=, such as {"mean": "sum_over_batch_size"}'
            ) from self.error
        self.options = {"reduction": works[0]}
        return works

    def _only_reduction(self) -> str:
        """Find out which reduction an implementation without such a parameter computes."""
        loss = self._try()
        assert loss is not None
        if loss.shape == self._loss_shape((2, 3)):
            return "none"
        twice = self._try(shape=(4, 3))
        if loss.shape == () and twice is not None and twice.shape == ():
            once, both = _values(loss)[0], _values(twice)[0]
            if math.isclose(both, once, rel_tol=1e-3):
                return "mean"
            if math.isclose(both, 2 * once, rel_tol=1e-3):
                return "sum"
        raise TypeError(
            f"cannot tell which reduction {self.port.implementation} computes (for input of shape "
            f"(2, 3) its loss has shape {loss.shape}): pass reduction="
        )

    def _outputs(self) -> None:
        self.found.outputs = ["loss"]
        for output in self.module.outputs:
            if output == "loss":
                continue
            name = output.removeprefix("grad_")
            if not (self.port.gradient or self.port.framework.differentiates):
                self.found.left_out[output] = "NumPy has no gradients: pass gradient="
                continue
            if not self.port.implementation.has(name):
                continue
            extra = {"weight": (3,)} if name == "weight" else {}
            # Class indices have no gradient, nor has the weight beside them.
            soft = True if name != "input" else None
            wrt = self._try(want=output, extra=extra, probabilities=soft)
            if wrt is not None and wrt.shape == ((3,) if extra else (2, 3)):
                self.found.outputs.append(output)
            else:
                self.found.left_out[output] = brief(self.error) if wrt is None else "another shape"

    def _inputs(self) -> None:
        has = self.port.implementation.has
        if not has("weight"):
            self._leave_out("weight")
        elif self.module.inputs["weight"].shape == "class":
            self._probe("weight", extra={"weight": (3,)})
        else:
            by_class = self._try(extra={"weight": (3,)})
            by_element = self._try(extra={"weight": (2, 3)})
            if not by_class or not by_element:
                both = not by_class and not by_element
                self._leave_out(
                    "weight" if both else "weight:class" if by_element else "weight:element",
                    brief(self.error),
                )
        if "pos_weight" in self.module.inputs:
            if has("pos_weight"):
                self._probe("pos_weight", extra={"pos_weight": (3,)})
            else:
                self._leave_out("pos_weight")
        if self.module.inputs["target"].holds == "classes":
            self._probe("integer_targets", probabilities=False)
            self._probe("class_probabilities", probabilities=True)
        elif self.hard:
            self._leave_out("soft_targets", brief(self.soft_error))
        if not {"float32", "float64"} <= set(self.found.dtypes):
            self._leave_out("mixed_dtype")
        gradients = self.found.outputs[1:]
        if gradients:
            loss = self._try()
            shape = loss.shape if loss else ()
            self._probe("grad_output", want=gradients[0], upstream=shape)

    def _shapes(self) -> None:
        min_rank = self.module.inputs["input"].min_rank
        for word, rank, shape in (
            ("rank:0", 0, ()),
            ("rank:1", 1, (3,)),
            ("rank:3+", 3, (2, 3, 2)),
        ):
            if rank >= min_rank:
                self._probe(word, shape=shape)
        self._probe("empty", shape=(0, 3))

    def _options(self) -> None:
        has = self.port.implementation.has
        for word in ("ignore_index", "label_smoothing"):
            if word in self.module.options and not has(word):
                self._leave_out(word)
        legacy = {"size_average", "reduce"}
        if legacy <= set(self.module.options) and not all(has(word) for word in legacy):
            self._leave_out("legacy_reduction")

    def _leave_out(self, word: str, why: str = "") -> None:
        self.found.without.append(word)
        if why:
            self.found.left_out[word] = why

    def _probe(self, word: str, **call: Any) -> None:
        """Leave a word out if a call that has it raises."""
        if self._try(**call) is None:
            self._leave_out(word, brief(self.error))

    # A call.

    def _try(
        self,
        options: Mapping[str, Any] | None = None,
        *,
        shape: Shape = (2, 3),
        want: str = "loss",
        extra: Mapping[str, Shape] | None = None,
        probabilities: bool | None = None,
        upstream: Shape | None = None,
    ) -> Tensor | None:
        """Return the wanted output of a small call; None, and self.error, if it raises."""
        soft = self.probabilities if probabilities is None else probabilities
        inputs = {"input": self._input(shape), "target": self._target(shape, soft)}
        for name, of in (extra or {}).items():
            inputs[name] = _floats(_cycle((1.0, 2.0, 0.5), of), self.dtype, of)
        if upstream is not None:
            inputs["grad_output"] = _floats(_cycle((1.0,), upstream), self.dtype, upstream)
        given = self.options if options is None else options
        try:
            return self.port.evaluate(self.module.name, dict(given), inputs, [want])[want]
        except Exception as err:
            self.error = err
            return None

    def _input(self, shape: Shape) -> Tensor:
        values = (0.2, 0.9, 0.4) if self._holds("input") == "probabilities" else (0.5, -1.5, 2.0)
        return _floats(_cycle(values, shape), self.dtype, shape)

    def _target(self, shape: Shape, probabilities: bool) -> Tensor:
        if not probabilities:
            rows = self._loss_shape(shape)
            return Tensor("int64", rows, struct.pack(f"<{math.prod(rows)}q", *_cycle((2, 0), rows)))
        values = (0.0, 1.0, 0.0) if self.hard else (0.25, 0.5, 0.25)
        return _floats(_cycle(values, shape), self.dtype, shape)

    def _holds(self, name: str) -> str:
        return self.module.inputs[name].holds

    def _loss_shape(self, shape: Shape) -> Shape:
        """Return the shape of the loss of 'none'."""
        if self.module.loss_of == "element":
            return shape
        if self.module.loss_of == "last_dimension":
            return shape[:-1]
        return shape[:1] + shape[2:] if len(shape) > 1 else ()


def _cycle(values: Sequence[Any], shape: Shape) -> list[Any]:
    return [values[i % len(values)] for i in range(math.prod(shape))]


#: A bfloat16 is the upper half of a float32.
_FORMATS: dict[str, str] = {"float16": "e", "bfloat16": "f", "float32": "f", "float64": "d"}


def _floats(values: Sequence[float], dtype: str, shape: Shape | None = None) -> Tensor:
    data = struct.pack(f"<{len(values)}{_FORMATS[dtype]}", *values)
    if dtype == "bfloat16":
        data = b"".join(data[i + 2 : i + 4] for i in range(0, len(data), 4))
    return Tensor(dtype, (len(values),) if shape is None else shape, data)


def _values(tensor: Tensor) -> tuple[float, ...]:
    data = tensor.data
    if tensor.dtype == "bfloat16":
        data = b"".join(b"\0\0" + data[i : i + 2] for i in range(0, len(data), 2))
    return struct.unpack(f"<{math.prod(tensor.shape)}{_FORMATS[tensor.dtype]}", data)
