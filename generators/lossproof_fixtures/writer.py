"""Writes the fixtures: stacks arrays into NPY files, and the JSON around them."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Collection
from pathlib import Path

import numpy as np

from . import floats, npy
from .expected import Output
from .model import Case, Topic
from .modules import MODULES

#: Inputs of at least so many elements are stored as float16 where that is exact.
_LARGE = 10_000

STATIC = Path(__file__).parent / "static"


def canonical(value) -> str:
    """JSON with sorted keys and no white space, as hashed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def pretty(value) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _shape_name(shape) -> str:
    return "x".join(map(str, shape)) if shape else "scalar"


class Stacks:
    """The NPY files of one topic: arrays of one role, dtype and shape share a file."""

    def __init__(self):
        self._files: dict[str, list[np.ndarray]] = {}
        self._index: dict[str, dict[bytes, int]] = {}

    def add(self, role: str, a: np.ndarray) -> list:
        """Stores an array, once, and returns its reference."""
        dtype = a.dtype
        a = floats.stored(a)
        name = f"{role}.{_shape_name(a.shape)}.{a.dtype.name}.npy"
        entries = self._files.setdefault(name, [])
        index = self._index.setdefault(name, {})
        key = npy.payload(a)
        if key not in index:
            index[key] = len(entries)
            entries.append(a)
        return [name, index[key]] if dtype == a.dtype else [name, index[key], dtype.name]

    def add_input(self, role: str, a: np.ndarray) -> list:
        """Stores an input in the narrowest dtype that holds it exactly."""
        small = _narrowest(a)
        reference = self.add(role, small)
        return reference if small.dtype == a.dtype else [*reference[:2], a.dtype.name]

    def files(self) -> dict[str, np.ndarray]:
        return {name: np.stack(entries) for name, entries in sorted(self._files.items())}


def _narrowest(a: np.ndarray) -> np.ndarray:
    if a.dtype == np.bool_:
        return a
    with np.errstate(all="ignore"):
        small = a.astype(np.uint8)
        if np.array_equal(small.astype(a.dtype), a) and not np.any(np.signbit(a)):
            return small
        if a.size >= _LARGE:
            half = a.astype(np.float16)
            if np.array_equal(half.astype(a.dtype), a):
                return half
        if a.dtype == np.float64:
            single = a.astype(np.float32)
            if np.array_equal(single.astype(np.float64), a, equal_nan=True):
                return single
    return a


def case_json(case: Case, stacks: Stacks, outcome) -> dict:
    """The object of a case in cases.json; ``outcome`` is the outputs, or torch's refusal."""
    value = {"id": case.id, "rule": case.rule}
    if case.also:
        value["also"] = list(case.also)
    value["since"] = case.since
    if case.note:
        value["note"] = case.note
    value["options"] = {name: _option(v) for name, v in case.options.items()}
    value["inputs"] = {name: stacks.add_input(name, a) for name, a in case.inputs.items()}
    if isinstance(outcome, dict):
        value["outputs"] = {name: _output_json(name, output, stacks) for name, output in outcome.items()}
    else:
        value["rejection"] = {"kind": case.rejects, "error": outcome.error, "message": str(outcome)}
    return value


def _option(value):
    """An option as JSON: what JSON numbers do not hold everywhere is a string, see fixtures/README.md."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= 1 << 53 else str(value)
    if not math.isfinite(value):
        return str(value)
    return int(value) if value == int(value) else value


def _output_json(name: str, output: Output, stacks: Stacks) -> dict:
    return {role: stacks.add(f"{name}.{role}", a) for role, a in output.arrays.items()}


def case_hash(module: str, value: dict, arrays: dict[str, np.ndarray]) -> str:
    """The content hash of a case; the recipe is in fixtures/README.md."""

    def resolve(reference) -> dict:
        entry = arrays[reference[0]][reference[1]]
        if len(reference) == 3:
            entry = floats.converted(entry, reference[2])
        return {
            "dtype": entry.dtype.name,
            "shape": list(entry.shape),
            "sha256": sha256(npy.payload(entry)),
        }

    content = {k: v for k, v in value.items() if k not in ("rule", "also", "since", "note")}
    content["module"] = module
    content["inputs"] = {k: resolve(r) for k, r in value["inputs"].items()}
    if "outputs" in value:
        content["outputs"] = {
            name: {role: resolve(r) for role, r in output.items()}
            for name, output in value["outputs"].items()
        }
    return sha256(canonical(content).encode())


class Writer:
    """Writes a tree into a folder and remembers its hashes for the manifest."""

    def __init__(self, folder: Path, kept: Collection[str] = ()):
        """``kept`` are modules of which files and hashes stay as they are."""
        self.folder = folder
        self.files: dict[str, dict] = {}
        self.cases: dict[str, str] = {}
        if kept:
            manifest = json.loads((folder / "manifest.json").read_bytes())
            of_kept = tuple(f"{module}/" for module in kept)
            self.files = {p: f for p, f in manifest["files"].items() if p.startswith(of_kept)}
            self.cases = {i: h for i, h in manifest["cases"].items() if i.startswith(of_kept)}
        folder.mkdir(parents=True, exist_ok=True)
        for entry in folder.iterdir():
            if entry.is_file():
                entry.unlink()
            elif entry.name not in kept:
                shutil.rmtree(entry)

    def write(self, path: str, data: bytes, **more) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        self.files[path] = {"sha256": sha256(data), "size": len(data), **more}

    def topic(self, topic: Topic, outcomes: dict) -> None:
        """Writes a topic; ``outcomes`` maps case ids to outputs or refusals."""
        stacks, values = Stacks(), []
        for case in sorted(topic.cases, key=lambda c: c.name):
            values.append(case_json(case, stacks, outcomes[case.id]))
        arrays = stacks.files()
        folder = f"{topic.module}/{topic.name}"
        for name, a in arrays.items():
            self.write(f"{folder}/{name}", npy.encode(a), dtype=a.dtype.name, shape=list(a.shape))
        for value in values:
            if value["id"] in self.cases:
                raise ValueError(f"{value['id']}: two cases have this id")
            self.cases[value["id"]] = case_hash(topic.module, value, arrays)
        head = {"module": topic.module, "topic": topic.name, "title": topic.title}
        lines = ",\n".join(json.dumps(v, separators=(",", ":"), ensure_ascii=False) for v in values)
        text = json.dumps(head, ensure_ascii=False)[:-1] + ', "cases": [\n' + lines + "\n]}\n"
        self.write(f"{folder}/cases.json", text.encode())

    def static(self) -> None:
        """Copies the JSON Schemas, and fills in the names of the modules."""
        names = json.dumps(MODULES)
        for file in sorted((STATIC / "schemas").glob("*.json")):
            self.write(f"schemas/{file.name}", file.read_text().replace('["$modules"]', names).encode())

    def manifest(self, head: dict, withdrawn: dict[str, dict]) -> None:
        """Writes manifest.json and manifest.sha256, last."""
        for id_, entry in withdrawn.items():
            if id_ in self.cases or entry["successor"] not in self.cases:
                raise ValueError(
                    f"{id_}: withdrawn for {entry['successor']}: one is a case that should not, or is none"
                )
        value = {
            **head,
            "files": dict(sorted(self.files.items())),
            "cases": dict(sorted(self.cases.items())),
            "withdrawn": withdrawn,
        }
        data = _one_line_per_file(value).encode()
        (self.folder / "manifest.json").write_bytes(data)
        line = f"{sha256(data)}  manifest.json\n"
        (self.folder / "manifest.sha256").write_bytes(line.encode())


def _one_line_per_file(value: dict) -> str:
    """The manifest with one line for each file and case, for readable diffs."""
    blocks = []
    for key, part in value.items():
        if key in ("files", "cases", "withdrawn") and part:
            inner = ",\n".join(
                f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in part.items()
            )
            blocks.append(f'"{key}":{{\n{inner}\n}}')
        else:
            blocks.append(f'"{key}":{json.dumps(part, separators=(",", ":"))}')
    return "{\n" + ",\n".join(blocks) + "\n}\n"
