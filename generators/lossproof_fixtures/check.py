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
        drift = _last_bits(path, old, new)
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


def _last_bits(path: str, old: dict[str, bytes], new: dict[str, bytes]) -> str | None:
    """Says how far two arrays of the reference are apart, if everywhere by less than their own
    parity; or two arrays of the parity, which follows the reference, if by a thousandth."""
    if not path.endswith(".npy"):
        return None
    a, b = np.load(io.BytesIO(old[path])), np.load(io.BytesIO(new[path]))
    if a.shape != b.shape or a.dtype != b.dtype:
        return None
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(all="ignore"):
        if ".reference." in path:
            allowed = _parity_beside(path, old, a.shape)
            near = np.abs(a.astype(np.float64) - b) <= allowed if allowed is not None else same
        elif ".parity." in path:
            near = np.abs(a - b) <= 1e-3 * np.abs(a)
        else:
            return None
        apart = np.abs(a - b) / np.spacing(np.maximum(np.abs(a), np.abs(b)))
    if not np.all(same | near):
        return None
    return f"{int(np.count_nonzero(~same))} elements, by at most {np.max(np.where(same, 0, apart), initial=0):.3g} ULP"


def _parity_beside(path: str, files: dict[str, bytes], shape) -> np.ndarray | None:
    """The smallest parity that any case of the folder gives to an output of this role and shape."""
    folder, name = path.rsplit("/", 1)
    role, dims, *_ = name.split(".reference.")[0], *name.split(".reference.")[1].split(".")
    stacks = [
        np.load(io.BytesIO(data))
        for p, data in files.items()
        if p.startswith(f"{folder}/{role}.parity.{dims}.")
    ]
    finite = [s[s > 0] for s in stacks]
    if not any(f.size for f in finite):
        return None
    return np.full(shape, min(float(f.min()) for f in finite if f.size))


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
