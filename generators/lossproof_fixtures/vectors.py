"""verdict-vectors.json: results, expectations and the verdicts that every judge must give.

The verdicts are written by hand from the contract, not computed.
"""

from __future__ import annotations

import math

from . import floats

_F32_MAX = 3.4028234663852886e38
_F64_MAX = 1.7976931348623157e308
_NAN, _INF = math.nan, math.inf

BOTH = (True, True, True, "both")
TORCH = (True, False, True, "torch")
EXACT = (True, True, False, "exact")
MIXED = (True, False, False, "mixed")
NEITHER = (False, False, False, "neither")


def _text(value: float) -> str:
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return repr(float(value)).removesuffix(".0")


def _numbers(values, dtype: str) -> list[str]:
    """The values that ``dtype`` has nearest to the given ones."""
    return [_text(float(floats.named(dtype).type(v))) for v in values]


def _vector(name, reason, got, verdict, *, reference, parity, dtype="float32", shape=None, got_dtype=None,
            got_shape=None, may_overflow=None, **oracle) -> dict:  # fmt: skip
    expected = {"reference": _numbers(reference, dtype), "parity": [_text(v) for v in parity]}
    for key in ("exact", "exact_low", "tolerance"):
        if key in oracle:
            expected[key] = [_text(v) for v in oracle[key]]
    if may_overflow is not None:
        expected["may_overflow"] = may_overflow
    vector = {
        "name": name,
        "reason": reason,
        "dtype": dtype,
        "shape": [len(reference)] if shape is None else shape,
        "got": _numbers(got, got_dtype or dtype),
        "expected": expected,
        "verdict": dict(zip(("parity", "exact", "reference", "agrees"), verdict, strict=True)),
    }
    if got_dtype:
        vector["got_dtype"] = got_dtype
    if got_shape is not None:
        vector["got_shape"] = got_shape
    return vector


def document() -> dict:
    return {"vectors": [*_plain(), *_classes(), *_top_of_range(), *_no_oracle(), *_shapes(), *_half()]}


def _plain() -> list[dict]:
    one = {"reference": [1.0], "parity": [0.125], "exact": [1.0], "tolerance": [0.125]}
    apart = {"reference": [1.0], "parity": [0.125], "exact": [2.0], "tolerance": [0.125]}
    return [
        _vector("equal", "Equal to both.", [1.0], BOTH, **one),
        _vector("at-the-bound", "The tolerance itself is still right.", [1.125], BOTH, **one),
        _vector("beyond-the-bound", "The next float32 after the bound is wrong.", [1.1250001192092896], NEITHER, **one),
        _vector("below-the-bound", "The bound holds on both sides.", [0.875], BOTH, **one),
        _vector("beyond-below", "Wrong on the lower side.", [0.87], NEITHER, **one),
        _vector("negated", "The sign counts.", [-1.0], NEITHER, **one),
        _vector("like-torch-only", "Right by the reference where torch is not exact.", [1.0], TORCH, **apart),
        _vector("exact-only", "Right by the oracle where torch is not.", [2.0], EXACT, **apart),
        _vector("between", "Between the two answers is right by neither.", [1.5], NEITHER, **apart),
        _vector(
            "mixed", "One element like torch, one like the oracle: every element is right, but neither answer covers all.",
            [1.0, 2.0], MIXED, reference=[1.0, 1.0], parity=[0.0, 0.0], exact=[2.0, 2.0], tolerance=[0.0, 0.0],
        ),
        _vector(
            "one-of-three", "One wrong element spoils all.", [1.0, 9.0, 1.0], NEITHER,
            reference=[1.0] * 3, parity=[0.1] * 3, exact=[1.0] * 3, tolerance=[0.1] * 3,
        ),
        _vector(
            "one-of-three-torch", "One element misses the oracle, all are like torch.", [1.0, 5.0, 1.0], TORCH,
            reference=[1.0, 5.0, 1.0], parity=[0.1] * 3, exact=[1.0] * 3, tolerance=[0.1] * 3,
        ),
        _vector("zero-tolerance", "A tolerance of zero demands equality.", [0.0], BOTH, reference=[0.0], parity=[0.0], exact=[0.0], tolerance=[0.0]),
        _vector(
            "negative-zero", "The sign of a zero does not count.", [-0.0], BOTH,
            reference=[0.0], parity=[0.0], exact=[0.0], tolerance=[0.0],
        ),
        _vector(
            "flushed-to-zero", "A subnormal result that was flushed is wrong where the tolerance is smaller.", [0.0], NEITHER,
            reference=[1e-40], parity=[1e-44], exact=[1e-40], tolerance=[1e-44],
        ),
        _vector(
            "cancelled-to-zero", "torch cancels to 0; so may a port, by the reference alone.", [0.0], TORCH,
            reference=[0.0], parity=[4.8e-07], exact=[2.06e-09], tolerance=[1e-15],
        ),
        _vector(
            "low-part", "For float64 the oracle is exact + exact_low: the next number is 1.5 away from it, not 1.", [1.0000000000000002], NEITHER,
            dtype="float64", reference=[1.0], parity=[0.0], exact=[1.0], exact_low=[-1.1102230246251565e-16], tolerance=[2.7755575615628914e-16],
        ),
        _vector(
            "low-part-right", "The same with the low part on the other side.", [1.0000000000000002], EXACT,
            dtype="float64", reference=[1.0], parity=[0.0], exact=[1.0], exact_low=[1.1102230246251565e-16], tolerance=[2.7755575615628914e-16],
        ),
    ]  # fmt: skip


def _classes() -> list[dict]:
    return [
        _vector("nan-for-nan", "NaN is right where both are NaN.", [_NAN], BOTH, reference=[_NAN], parity=[0.0], exact=[_NAN], tolerance=[0.0]),
        _vector("number-for-nan", "A number is wrong where both are NaN.", [0.0], NEITHER, reference=[_NAN], parity=[0.0], exact=[_NAN], tolerance=[0.0]),
        _vector("inf-for-nan", "Infinity is no NaN.", [_INF], NEITHER, reference=[_NAN], parity=[0.0], exact=[_NAN], tolerance=[0.0]),
        _vector("nan-for-number", "NaN is wrong for a number, whatever the tolerance.", [_NAN], NEITHER, reference=[1.0], parity=[1e30], exact=[1.0], tolerance=[1e30]),
        _vector("inf-for-inf", "The same infinity.", [_INF], BOTH, reference=[_INF], parity=[0.0], exact=[_INF], tolerance=[0.0]),
        _vector("minus-inf-for-inf", "The other infinity.", [-_INF], NEITHER, reference=[_INF], parity=[0.0], exact=[_INF], tolerance=[0.0]),
        _vector("number-for-inf", "The largest number is not infinite.", [_F32_MAX], NEITHER, reference=[_INF], parity=[0.0], exact=[_INF], tolerance=[0.0]),
        _vector("inf-for-number", "Infinity is wrong for a small number.", [_INF], NEITHER, reference=[1.0], parity=[1e30], exact=[1.0], tolerance=[1e30]),
        _vector("torch-nan", "torch gives NaN at an infinite logit: NaN is right by the reference.", [_NAN], TORCH, reference=[_NAN], parity=[0.0], exact=[0.0], tolerance=[1e-44]),
        _vector("limit-for-torch-nan", "The limit is right by the oracle.", [0.0], EXACT, reference=[_NAN], parity=[0.0], exact=[0.0], tolerance=[1e-44]),
        _vector("inf-for-torch-nan", "The oracle is infinite, torch NaN.", [_INF], EXACT, reference=[_NAN], parity=[0.0], exact=[_INF], tolerance=[0.0]),
    ]  # fmt: skip


def _top_of_range() -> list[dict]:
    near = {"reference": [_INF], "parity": [0.0], "exact": [3.4028235e38], "tolerance": [1.5e32]}
    return [
        _vector("overflow-inf", "Within the tolerance of the largest number, infinity is right.", [_INF], BOTH, **near),
        _vector("overflow-max", "So is the largest number.", [_F32_MAX], EXACT, **near),
        _vector("overflow-minus-inf", "The other infinity is not.", [-_INF], NEITHER, **near),
        _vector(
            "not-yet-overflow", "Infinity is wrong below the range of overflow.", [_INF], NEITHER,
            reference=[3e38], parity=[1e32], exact=[3e38], tolerance=[1e32],
        ),
        _vector(
            "negative-overflow", "The same at the other end.", [-_INF], BOTH,
            reference=[-_INF], parity=[0.0], exact=[-3.4028235e38], tolerance=[1.5e32],
        ),
        _vector(
            "float64-beyond-max", "An oracle above the largest float64 is that number and a low part: infinity is right.", [_INF], BOTH,
            dtype="float64", reference=[_INF], parity=[0.0], exact=[_F64_MAX], exact_low=[1e307], tolerance=[1e293],
        ),
        _vector(
            "float64-beyond-max-finite", "The largest number is then too far away.", [_F64_MAX], NEITHER,
            dtype="float64", reference=[_INF], parity=[0.0], exact=[_F64_MAX], exact_low=[1e307], tolerance=[1e293],
        ),
        _vector(
            "float64-just-beyond-max", "Half a unit above the largest number both are right.", [_F64_MAX], EXACT,
            dtype="float64", reference=[_INF], parity=[0.0], exact=[_F64_MAX], exact_low=[9.9792015476736e291], tolerance=[1e293],
        ),
        _vector(
            "may-overflow-inf", "Premature overflow is accepted where it is marked.", [_INF], EXACT,
            reference=[1e38], parity=[1e32], exact=[1e38], tolerance=[1e32], may_overflow=[True],
        ),
        _vector(
            "may-overflow-nan", "So is NaN.", [_NAN], EXACT,
            reference=[1e38], parity=[1e32], exact=[1e38], tolerance=[1e32], may_overflow=[True],
        ),
        _vector(
            "may-overflow-wrong-number", "A wrong number is not.", [2e38], NEITHER,
            reference=[1e38], parity=[1e32], exact=[1e38], tolerance=[1e32], may_overflow=[True],
        ),
        _vector(
            "may-overflow-elsewhere", "The mark counts for its own element.", [1.0, _INF], NEITHER,
            reference=[1.0, 1.0], parity=[0.1] * 2, exact=[1.0, 1.0], tolerance=[0.1] * 2, may_overflow=[True, False],
        ),
    ]  # fmt: skip


def _no_oracle() -> list[dict]:
    return [
        _vector("no-oracle", "Without an oracle the reference decides, at level exact too.", [_NAN], (True, True, True, "torch"), reference=[_NAN], parity=[0.0]),
        _vector("no-oracle-wrong", "And says no.", [0.0], NEITHER, reference=[_NAN], parity=[0.0]),
        _vector(
            "no-oracle-element", "A NaN tolerance says that this element has no oracle: the reference decides it.", [1.0, _INF], BOTH,
            reference=[1.0, _INF], parity=[0.1, 0.0], exact=[1.0, _NAN], tolerance=[0.1, _NAN],
        ),
        _vector(
            "no-oracle-element-wrong", "A NaN is not right because the oracle's place holds one.", [1.0, _NAN], NEITHER,
            reference=[1.0, _INF], parity=[0.1, 0.0], exact=[1.0, _NAN], tolerance=[0.1, _NAN],
        ),
    ]  # fmt: skip


def _shapes() -> list[dict]:
    scalar = {"reference": [1.0], "parity": [0.1], "exact": [1.0], "tolerance": [0.1]}
    return [
        _vector("0-d", "A 0-d result.", [1.0], BOTH, shape=[], **scalar),
        _vector("one-element-for-0-d", "One element is not 0-d.", [1.0], NEITHER, shape=[], got_shape=[1], **scalar),
        _vector("0-d-for-one-element", "Nor the other way round.", [1.0], NEITHER, shape=[1], got_shape=[], **scalar),
        _vector("other-dtype", "The dtype is part of the result.", [1.0], NEITHER, got_dtype="float64", **scalar),
        _vector(
            "transposed", "The shape counts, not the number of elements.", [1.0] * 6, NEITHER, shape=[2, 3], got_shape=[3, 2],
            reference=[1.0] * 6, parity=[0.1] * 6, exact=[1.0] * 6, tolerance=[0.1] * 6,
        ),
        _vector("flattened", "Flattened is another shape.", [1.0] * 6, NEITHER, shape=[2, 3], got_shape=[6],
            reference=[1.0] * 6, parity=[0.1] * 6, exact=[1.0] * 6, tolerance=[0.1] * 6),
        _vector("empty", "Nothing is wrong with nothing.", [], BOTH, shape=[0, 3], reference=[], parity=[], exact=[], tolerance=[]),
        _vector("empty-without-oracle", "Nor without an oracle: there is no element to lack one.", [], BOTH, shape=[0], reference=[], parity=[]),
        _vector("empty-other-shape", "Empty in another shape.", [], NEITHER, shape=[0, 3], got_shape=[0], reference=[], parity=[]),
    ]  # fmt: skip


def _half() -> list[dict]:
    """Results of 16 bits: the tolerance has half the spacing for the one rounding."""
    third = {"reference": [0.333], "parity": [0.01], "exact": [1 / 3], "tolerance": [0.0009765625 + 3e-7]}
    small = {"reference": [0.0], "parity": [1e-3], "exact": [4.88e-4], "tolerance": [1e-6]}
    top = {"reference": [_INF], "parity": [0.0], "exact": [65519.0], "tolerance": [16.0]}
    return [
        _vector("float16-nearest", "The nearest float16 is right.", [0.33325195], BOTH, dtype="float16", reference=[0.333], parity=[0.01], exact=[1 / 3], tolerance=[1.2237e-4]),
        _vector("float16-truncated", "The next one towards zero is not: nothing but one rounding is allowed.", [0.333], TORCH, dtype="float16", reference=[0.333], parity=[0.01], exact=[1 / 3], tolerance=[1.2237e-4]),
        _vector("bfloat16-nearest", "The nearest bfloat16 is right.", [0.33398438], BOTH, dtype="bfloat16", **third),
        _vector("bfloat16-truncated", "The next one towards zero is not.", [0.33203125], TORCH, dtype="bfloat16", **third),
        _vector("bfloat16-zero-like-torch", "torch has lost a small loss of 16 bits; so may a port, by the reference alone.", [0.0], TORCH, dtype="bfloat16", **small),
        _vector("bfloat16-small", "The small loss is right by the oracle, and close enough to torch.", [4.8828125e-4], BOTH, dtype="bfloat16", **small),
        _vector("bfloat16-nan", "NaN is NaN.", [_NAN], BOTH, dtype="bfloat16", reference=[_NAN], parity=[0.0], exact=[_NAN], tolerance=[0.0]),
        _vector("float16-overflow", "Where the rounding reaches the largest float16, 65504, infinity is right.", [_INF], BOTH, dtype="float16", **top),
        _vector("float16-largest", "So is that number.", [65504.0], EXACT, dtype="float16", **top),
        _vector("bfloat16-largest", "The largest bfloat16 is that of its dtype: infinity is wrong below it.", [_INF], NEITHER, dtype="bfloat16", reference=[3e38], parity=[1e35], exact=[3e38], tolerance=[7e35]),
        _vector("bfloat16-for-float16", "Another dtype of 16 bits is another dtype.", [1.0], NEITHER, dtype="float16", got_dtype="bfloat16", reference=[1.0], parity=[0.1], exact=[1.0], tolerance=[0.1]),
    ]  # fmt: skip
