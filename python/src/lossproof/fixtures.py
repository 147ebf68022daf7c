"""The cases as NumPy arrays, and the verdict: one file that needs NumPy alone, to copy if you like.

It follows README.md of the fixtures, which explains the words. Read a folder that
"lossproof fixtures extract" wrote:

    for case in fixtures.load("folder", "BCEWithLogitsLoss", "reductions"):
        got = my_loss(*case.inputs.values(), **case.options)
        assert fixtures.verdict(got, case).passed
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

LEVELS = ("parity", "exact", "reference")

Array = np.ndarray[Any, Any]


class FixtureError(Exception):
    """The fixtures are damaged; the message names the file, what was found and what was wanted."""


# The verdict.


@dataclass(frozen=True)
class Expected:
    """What is known of one output: arrays of one shape; see the table in README.md.

    reference carries the dtype; the others are float64, but may_overflow (bool). bfloat16, which
    NumPy lacks, is that of ml_dtypes where it is installed, else its bits in a field of that name:
    see values().
    """

    reference: Array
    parity: Array
    exact: Array | None = None
    exact_low: Array | None = None
    tolerance: Array | None = None
    may_overflow: Array | None = None
    published: Array | None = None
    published_tolerance: Array | None = None


@dataclass(frozen=True)
class Case:
    """One call of a module and its recorded outcome. The arrays are read-only.

    inputs has input and target, and where they are given weight, pos_weight and grad_output (the
    upstream gradient); options those of the constructor; outputs loss, grad_input, grad_target,
    grad_weight. rejection stands in place of outputs where PyTorch refuses the call: its kind,
    error and message. rule is what the case stands for, and requirement must, should or quirk.
    """

    id: str
    module: str
    topic: str
    rule: str
    requirement: str
    also: list[str]
    options: dict[str, Any]
    inputs: dict[str, Array]
    outputs: dict[str, Expected]
    rejection: dict[str, str] | None


@dataclass(frozen=True)
class Verdict:
    """passed is by the level; agrees (torch, exact, both, mixed, neither) is not.

    message says which elements are wrong: the first few, whatever the size.
    """

    passed: bool
    agrees: str
    message: str = ""

    def __bool__(self) -> bool:  # noqa: D105
        return self.passed


def verdict(got: Any, case: Case, output: str = "loss", level: str = "parity") -> Verdict:
    """Judge what an implementation computed for one output of a case.

    got is an array of the dtype and shape of case.outputs[output].reference; for a case that
    PyTorch refuses it is the exception by which the implementation refuses. level is parity,
    exact or reference. Raises ValueError for another level, KeyError for an output that the case
    does not have.
    """
    refused = isinstance(got, BaseException)
    if case.rejection is not None:
        if refused:
            return Verdict(True, "both")
        torch = (case.rejection.get("message", "").splitlines() or [""])[0]
        kind = case.rejection["kind"]
        return Verdict(False, "neither", f"accepted, but PyTorch refuses ({kind}): {torch}")
    if refused:
        return Verdict(False, "neither", f"refused, but PyTorch accepts: {got}")
    return judge(np.asarray(got), case.outputs[output], level)


def judge(got: Array, expected: Expected, level: str = "parity") -> Verdict:
    """Judge an array: is each element right by the reference, is it right by the oracle?"""
    if level not in LEVELS:
        raise ValueError(f"level: got {level!r}, want one of {', '.join(LEVELS)}")
    r = expected.reference
    if got.shape != r.shape:
        return Verdict(False, "neither", f"shape: got {got.shape}, want {r.shape}")
    name, want = dtype_name(got), dtype_name(r)
    if name != want:
        return Verdict(False, "neither", f"dtype: got {name}, want {want}")

    g, ref = _flat(got), _flat(r)
    with np.errstate(all="ignore"):  # comparing with NaN and infinity is the point
        torch = _by_reference(g, ref, _flat(expected.parity))
        exact = torch.copy()
        any_oracle = False
        if expected.exact is not None and expected.tolerance is not None:
            e, tolerance = _flat(expected.exact), _flat(expected.tolerance)
            low = np.zeros_like(e) if expected.exact_low is None else _flat(expected.exact_low)
            right = _by_oracle(g, e, low, tolerance, _LARGEST.get(want, np.inf))
            if expected.may_overflow is not None:
                right |= expected.may_overflow.ravel() & ~np.isfinite(g)
            oracle = ~np.isnan(tolerance)
            exact = np.where(oracle, right, torch)
            any_oracle = bool(oracle.any())

    right_at = {"parity": torch | exact, "exact": exact, "reference": torch}
    all_torch = bool(torch.all())
    all_exact = bool(exact.all()) and (any_oracle or g.size == 0)
    if all_torch and all_exact:
        agrees = "both"
    elif all_torch:
        agrees = "torch"
    elif all_exact:
        agrees = "exact"
    elif right_at["parity"].all():
        agrees = "mixed"
    else:
        agrees = "neither"
    wrong = np.flatnonzero(~right_at[level])
    return Verdict(wrong.size == 0, agrees, _describe(got, expected, wrong))


def _by_reference(g: Array, r: Array, parity: Array) -> Array:
    """Return which elements are right by the reference. All arrays are float64."""
    near = np.isfinite(g) & (np.abs(g - r) <= parity)
    return np.where(np.isnan(r), np.isnan(g), np.where(np.isinf(r), g == r, near))


def _by_oracle(g: Array, e: Array, low: Array, tolerance: Array, largest: float) -> Array:
    """Return which elements are right by the oracle e + low. All arrays are float64.

    The oracle is not rounded to the dtype of the result: at the top of the range an infinity is
    right where e + low, moved by the tolerance, reaches the largest finite number.
    """
    near = np.abs((g - e) - low) <= tolerance
    sign = np.sign(e)
    overflow = (np.sign(g) == sign) & (np.abs(e) + sign * low + tolerance >= largest)
    finite = np.where(np.isnan(g), False, np.where(np.isinf(g), overflow, near))
    return np.where(np.isnan(e), np.isnan(g), np.where(np.isinf(e), g == e, finite))


#: The largest finite numbers.
_LARGEST = {
    "float16": 65504.0,
    "bfloat16": float.fromhex("0x1.fep127"),
    "float32": float(np.finfo(np.float32).max),
    "float64": float(np.finfo(np.float64).max),
}

#: bfloat16, which NumPy lacks, where ml_dtypes is not installed: its bits, in a field of that name.
_BITS = np.dtype([("bfloat16", "<u2")])


def dtype_name(a: Array) -> str:
    """Return PyTorch's name of the dtype of an array."""
    return "bfloat16" if a.dtype == _BITS else a.dtype.name


def values(a: Array) -> Array:
    """Return the numbers of an array as float64, those of bfloat16 too."""
    if a.dtype == _BITS:
        bits = np.asarray(a["bfloat16"], np.uint32) << np.uint32(16)
        return np.asarray(bits.view(np.float32), np.float64)
    return np.asarray(a, np.float64)


def _bfloat16(bits: Array) -> Array:
    """Return the bfloat16 array with these bits: of ml_dtypes, or else of one field, bfloat16."""
    try:
        import ml_dtypes
    except ImportError:
        return bits.view(_BITS)
    return bits.view(ml_dtypes.bfloat16)


def _flat(a: Array) -> Array:
    return values(a).ravel()


def _describe(got: Array, expected: Expected, wrong: Array, first: int = 3) -> str:
    if wrong.size == 0:
        return ""
    g, r = values(got), values(expected.reference)
    lines = [f"{dtype_name(got)} {got.shape}: {wrong.size} of {got.size} elements differ"]
    for flat in wrong[:first]:
        i = tuple(int(j) for j in np.unravel_index(flat, got.shape))
        allowed = f"{float(expected.parity[i]):.3g}"
        text = f"at {i}: got {g[i]!s}, reference {r[i]!s} ± {allowed}"
        if expected.exact is not None and expected.tolerance is not None:
            tolerance = float(expected.tolerance[i])
            if not np.isnan(tolerance):
                text += f", exact {float(expected.exact[i])!r} ± {tolerance:.3g}"
        lines.append(text)
    if wrong.size > first:
        lines.append("…")
    return "; ".join(lines)


# Reading the tree.


def load(folder: str | os.PathLike[str], module: str = "", topic: str = "") -> list[Case]:
    """Read the cases of an extracted folder: of all modules and topics, or of one.

    Every file that is read is held against the hash in the manifest, and the manifest against its
    own. Raises FixtureError for damage, and for a module or a topic that there is not.
    """
    return Fixtures(folder).cases(module, topic)


class Fixtures:
    """An extracted folder. Files are read, and checked, when they are needed."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """Read the manifest and the rules. Raises FixtureError for damage."""
        self.folder = Path(folder)
        data = _read(self.folder / "manifest.json", "manifest.json")
        want = f"{hashlib.sha256(data).hexdigest()}  manifest.json\n".encode()
        line = _read(self.folder / "manifest.sha256", "manifest.sha256")
        if line != want:
            raise FixtureError(
                f"manifest.json: its hash line is {want!r}, manifest.sha256 has {line[:99]!r}"
            )
        self.manifest = read_json(data, "manifest.json")
        if _member(self.manifest, "format", int, "manifest.json") != 1:
            raise FixtureError(f"manifest.json: format {self.manifest['format']}, want 1")
        self.files: dict[str, Any] = _member(self.manifest, "files", dict, "manifest.json")
        self.rules = self._rules()
        self._arrays: dict[str, Array] = {}

    def topics(self) -> list[tuple[str, str]]:
        """Return the module and the topic of every folder of cases."""
        found = (path.split("/") for path in self.files if path.endswith("/cases.json"))
        return sorted((parts[0], parts[1]) for parts in found)

    def cases(self, module: str = "", topic: str = "") -> list[Case]:
        """Return the cases of a module and topic; of all where they are empty."""
        topics = self.topics()
        for what, name, i in (("module", module, 0), ("topic", topic, 1)):
            known = sorted({t[i] for t in topics if i == 0 or module in ("", t[0])})
            if name and name not in known:
                raise FixtureError(f"there is no {what} {name!r}, want one of {', '.join(known)}")
        return [
            case
            for of, name in topics
            if module in ("", of) and topic in ("", name)
            for case in self._cases(of, name)
        ]

    def read(self, path: str) -> bytes:
        """Return a file that the manifest declares, after checking its hash."""
        where = f"manifest.json: {path}"
        if path not in self.files:
            raise FixtureError(f"{where}: not declared")
        data = _read(self.folder / path, path)
        digest, want = (
            hashlib.sha256(data).hexdigest(),
            _member(self.files[path], "sha256", str, where),
        )
        if digest != want:
            raise FixtureError(f"{path}: altered: sha256 {digest}, manifest.json has {want}")
        return data

    def _rules(self) -> dict[str, dict[str, Any]]:
        rules: dict[str, dict[str, Any]] = {}
        document = read_json(self.read("rules.json"), "rules.json")
        for n, rule in enumerate(_member(document, "rules", list, "rules.json")):
            where = f"rules.json: rule {n}"
            if _member(rule, "requirement", str, where) not in ("must", "should", "quirk"):
                raise FixtureError(f"{where}: requirement {rule['requirement']!r}")
            rules[_member(rule, "id", str, where)] = rule
        return rules

    def _cases(self, module: str, topic: str) -> Iterator[Case]:
        path = f"{module}/{topic}/cases.json"
        document = read_json(self.read(path), path)
        for n, raw in enumerate(_member(document, "cases", list, path)):
            case_id = _member(raw, "id", str, f"{path}: case {n}")
            where = f"{path}: {case_id}"
            if not case_id.startswith(f"{module}/{topic}/"):
                raise FixtureError(f"{where}: the id does not begin with {module}/{topic}/")
            yield self._case(raw, case_id, module, topic, where)

    def _case(self, raw: dict[str, Any], case_id: str, module: str, topic: str, where: str) -> Case:
        rejection = raw.get("rejection")
        if (rejection is None) == ("outputs" not in raw):
            raise FixtureError(f"{where}: want either outputs or a rejection")
        if rejection is not None:
            _member(rejection, "kind", str, f"{where}: rejection")
        rule = _member(raw, "rule", str, where)
        if rule not in self.rules:
            raise FixtureError(f"{where}: rule {rule!r} is not in rules.json")
        folder = f"{module}/{topic}"
        return Case(
            id=case_id,
            module=module,
            topic=topic,
            rule=rule,
            requirement=self.rules[rule]["requirement"],
            also=_member(raw, "also", list, where) if "also" in raw else [],
            options=_options(_member(raw, "options", dict, where), where),
            inputs={
                name: self._resolve(ref, folder, f"{where}: {name}")
                for name, ref in _member(raw, "inputs", dict, where).items()
            },
            outputs={
                name: self._expected(members, folder, f"{where}#{name}")
                for name, members in raw.get("outputs", {}).items()
            },
            rejection=rejection,
        )

    def _expected(self, raw: dict[str, Any], folder: str, where: str) -> Expected:
        known = [field.name for field in fields(Expected)]
        members = {}
        for name in ("reference", "parity"):
            _member(raw, name, list, where)
        for name, ref in raw.items():
            if name not in known:
                raise FixtureError(f"{where}: unknown member {name!r}")
            array = self._resolve(ref, folder, f"{where}: {name}")
            if ("float" in dtype_name(array)) == (name == "may_overflow"):
                raise FixtureError(f"{where}: {name} has dtype {array.dtype.name}")
            members[name] = array if name in ("reference", "may_overflow") else array.astype("f8")
        shape = members["reference"].shape
        for name, array in members.items():
            if array.shape != shape:
                raise FixtureError(f"{where}: {name} has shape {array.shape}, reference {shape}")
        return Expected(**members)

    def _resolve(self, ref: Any, folder: str, where: str) -> Array:
        """Return the array of a reference [file, index] or [file, index, dtype], read-only."""
        if not isinstance(ref, list) or not 2 <= len(ref) <= 3 or not isinstance(ref[0], str):
            raise FixtureError(f"{where}: {ref!r} is no array reference [file, index, dtype]")
        stack, index = self._array(f"{folder}/{ref[0]}"), ref[1]
        if type(index) is not int or not 0 <= index < len(stack):
            raise FixtureError(f"{where}: index {index!r} into {len(stack)} entries of {ref[0]}")
        array: Array = stack[index, ...]
        if array.dtype == np.uint16 or ref[2:] == ["bfloat16"]:
            if ref[2:] != ["bfloat16"]:
                raise FixtureError(f"{where}: {ref[0]} has bits of bfloat16, the reference not")
            if array.dtype != np.uint16:
                array = _rounded(array, f"{where}: {ref[0]}")
            array = _bfloat16(array)
        elif len(ref) == 3:
            if ref[2] not in _DESCR:
                raise FixtureError(f"{where}: unknown dtype {ref[2]!r}")
            with np.errstate(all="ignore"):
                converted = array.astype(ref[2])
                back = converted.astype(array.dtype)
            if not np.array_equal(back, array, equal_nan=array.dtype.kind == "f"):
                raise FixtureError(f"{where}: {ref[0]} does not convert exactly to {ref[2]}")
            array = converted
        array.setflags(write=False)
        return array

    def _array(self, path: str) -> Array:
        if path not in self._arrays:
            array = read_npy(self.read(path), path)
            entry, where = self.files[path], f"manifest.json: {path}"
            dtype, shape = _member(entry, "dtype", str, where), _member(entry, "shape", list, where)
            if array.dtype.name != dtype or list(array.shape) != shape or not shape:
                raise FixtureError(
                    f"{path}: {array.dtype.name} {array.shape}, want {dtype} {shape}"
                )
            self._arrays[path] = array
        return self._arrays[path]


def _rounded(array: Array, where: str) -> Array:
    """Return the bits of bfloat16 of an array whose numbers all are such."""
    single = array.astype(np.float32)
    bits = single.view(np.uint32)
    if not np.array_equal(single, array) or np.any(bits & np.uint32(0xFFFF)):
        raise FixtureError(f"{where} does not convert exactly to bfloat16")
    half: Array = (bits >> np.uint32(16)).astype(np.uint16)
    return half


def _read(path: Path, where: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise FixtureError(f"{where}: {err.strerror}") from None


def _options(raw: dict[str, Any], where: str) -> dict[str, Any]:
    """Return the options; numbers that JSON does not hold everywhere are strings there."""
    options = dict(raw)
    for name, number in (("ignore_index", int), ("label_smoothing", float)):
        if name in options:
            try:
                options[name] = number(options[name])
            except (TypeError, ValueError):
                raise FixtureError(f"{where}: {name} is {options[name]!r}, want a number") from None
    return options


# Reading JSON.


def read_json(data: bytes, where: str) -> dict[str, Any]:
    """Decode a JSON file that holds an object; a member given twice is an error."""

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
            raise FixtureError(f"{where}: member {twice!r} stands twice in one object")
        return found

    def constant(name: str) -> None:
        raise FixtureError(f"{where}: {name} is not JSON")

    try:
        value = json.loads(data, object_pairs_hook=members, parse_constant=constant)
    except (ValueError, RecursionError) as err:
        raise FixtureError(f"{where}: not JSON: {err}") from None
    if not isinstance(value, dict):
        raise FixtureError(f"{where}: found {_kind(value)}, want an object")
    return value


def _member(obj: Any, name: str, kind: type, where: str) -> Any:
    """Return a required member of a JSON object after checking its type."""
    if not isinstance(obj, dict):
        raise FixtureError(f"{where}: found {_kind(obj)}, want an object")
    if name not in obj:
        raise FixtureError(f"{where}: member {name!r} is missing")
    value = obj[name]
    # bool is a subclass of int in Python, but not in JSON
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise FixtureError(f"{where}: member {name!r} is {_kind(value)}, want {kind.__name__}")
    return value


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__


# Reading NPY.

#: The NPY type of each dtype.
_DESCR = {
    "float64": "<f8",
    "float32": "<f4",
    "float16": "<f2",
    "uint16": "<u2",
    "int64": "<i8",
    "int32": "<i4",
    "uint8": "|u1",
    "bool": "|b1",
}

_NUMBER = rb"(?:0|[1-9][0-9]*)"
_HEADER = re.compile(
    rb"\{'descr': '([<>|=][a-zA-Z]+[0-9]+)', 'fortran_order': (True|False), "
    rb"'shape': \((|" + _NUMBER + rb",|" + _NUMBER + rb"(?:, " + _NUMBER + rb")+)\), \} *\n"
)


def read_npy(data: bytes, where: str) -> Array:
    """Decode an NPY 1.0 file after a strict check of its header and its length.

    where names the file in errors. The array is read-only and has the machine's byte order.
    """
    if data[:8] != b"\x93NUMPY\x01\x00" or len(data) < 10:
        raise FixtureError(f"{where}: no NPY 1.0 file: it begins with {data[:8]!r}")
    start = 10 + int.from_bytes(data[8:10], "little")
    match = _HEADER.fullmatch(data[10:start])
    if start % 64 != 0 or match is None:
        raise FixtureError(f"{where}: not a header as NumPy writes it: {data[10:start][:96]!r}")
    descr, fortran_order = match[1].decode(), match[2] == b"True"
    dtype = next((name for name, known in _DESCR.items() if known == descr), None)
    if dtype is None:
        raise FixtureError(f"{where}: dtype {descr!r}, want one of {', '.join(_DESCR.values())}")
    if fortran_order:
        raise FixtureError(f"{where}: Fortran order, want C order")
    if any(len(n) > 18 for n in match[3].split(b", ")):
        raise FixtureError(f"{where}: a dimension of the shape is too large")
    items = 1
    for n in match[3].replace(b",", b" ").split():
        items *= int(n)
    want = start + items * np.dtype(dtype).itemsize
    if len(data) != want:
        raise FixtureError(f"{where}: {len(data)} bytes, but its header takes {want}")
    if dtype == "bool" and data[start:].strip(b"\x00\x01"):
        raise FixtureError(f"{where}: a bool that is neither 0 nor 1")
    try:
        array: Array = np.load(io.BytesIO(data), allow_pickle=False)
    except ValueError as err:  # such as too many dimensions
        raise FixtureError(f"{where}: {err}") from None
    array = array.astype(np.dtype(dtype), copy=False)
    array.setflags(write=False)
    return array
