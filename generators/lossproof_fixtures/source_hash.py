"""The hash of the generator, which the manifest records.

It covers the Python files, the static files and the lock file: the sha256 of one line
``<sha256 of the file>  <path>`` for each, sorted by path. The Go tests compute it in the same way.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def source_files() -> list[Path]:
    package = ROOT / "lossproof_fixtures"
    files = [
        *package.rglob("*.py"),
        *(package / "static").rglob("*.json"),
        ROOT / "pyproject.toml",
        ROOT / "uv.lock",
    ]
    return sorted(files, key=lambda f: f.relative_to(ROOT).as_posix())


def source_hash() -> str:
    lines = "".join(
        f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.relative_to(ROOT).as_posix()}\n"
        for f in source_files()
    )
    return hashlib.sha256(lines.encode()).hexdigest()
