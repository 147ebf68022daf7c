"""Compares committed fixtures with fresh ones, byte for byte.

Where only last bits of the reference moved, as another CPU or libm moves them, the report says
so instead of "wrong": the fixtures then still judge right, but are not what this machine makes.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np

_SHOWN = 20


def compare(committed: Path, made: Path) -> int:
    """Prints the differences; returns 0 without any, 1 if files differ, 3 if only last bits do."""
    old, new = _files(committed), _files(made)
    wrong = [f"missing: {path}" for path in sorted(new.keys() - old.keys())]
    wrong += [f"not made by the generator: {path}" for path in sorted(old.keys() - new.keys())]
    moved = []
    for path in sorted(old.keys() & new.keys()):
        if old[path] == new[path]:
            continue
        drift = _last_bits(path, old[path], new[path])
        if drift is not None:
            moved.append(f"last bits of the reference moved: {path}: {drift}")
        elif path not in ("manifest.json", "manifest.sha256"):
            wrong.append(f"differs: {path}")
    differences = _manifest_differences(old, new)
    wrong += [line for key, line in differences.items() if key != "platform"]
    for line in [*wrong, *moved][:_SHOWN]:
        print(line)
    if len(wrong) + len(moved) > _SHOWN:
        print(f"… and {len(wrong) + len(moved) - _SHOWN} more")
    if "platform" in differences:
        print(f"note: made on another platform: {differences['platform']}")
    if wrong:
        print(f"fixtures-check: {len(wrong)} files are wrong: run `make fixtures` and look at the difference")
        return 1
    if moved:
        print(
            f"fixtures-check: nothing is wrong, but {len(moved)} files differ in last bits of the reference: this machine's torch rounds differently"
        )
        return 3
    print(f"fixtures-check: {len(new)} files are what the generator makes, byte for byte")
    return 0


def _files(folder: Path) -> dict[str, bytes]:
    return {
        f.relative_to(folder).as_posix(): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()
    }


def _last_bits(path: str, old: bytes, new: bytes) -> str | None:
    """Says how far two arrays of the reference, or of its parity, are apart, if by few ULPs."""
    if not any(part in path for part in (".reference.", ".parity.")) or not path.endswith(".npy"):
        return None
    a, b = np.load(io.BytesIO(old)), np.load(io.BytesIO(new))
    if a.shape != b.shape or a.dtype != b.dtype:
        return None
    with np.errstate(all="ignore"):
        apart = np.abs(a - b) / np.spacing(np.maximum(np.abs(a), np.abs(b)))
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    worst = np.max(np.where(same, 0, apart), initial=0)
    cancelled = np.abs(a - b) <= 64 * np.finfo(a.dtype).eps
    if np.all(same | (apart <= 64) | cancelled):
        return f"{int(np.count_nonzero(~same))} elements, by at most {worst:.3g} ULP"
    return None


def _manifest_differences(old: dict[str, bytes], new: dict[str, bytes]) -> dict[str, str]:
    """The blocks of the manifest that differ, apart from the hashes of files and cases."""
    if "manifest.json" not in old:
        return {}
    try:
        a, b = json.loads(old["manifest.json"]), json.loads(new["manifest.json"])
    except ValueError as error:
        return {"manifest.json": f"differs: manifest.json: {error}"}
    keys = sorted((a.keys() | b.keys()) - {"files", "cases"})
    return {k: f"manifest.json: {k}: {a.get(k)} -> {b.get(k)}" for k in keys if a.get(k) != b.get(k)}
