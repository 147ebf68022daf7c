"""The lossproof binary that the wheel installs among the scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

_NAME = "lossproof.exe" if os.name == "nt" else "lossproof"


def binary() -> str:
    """Return the path of the binary: LOSSPROOF_BINARY, or the one that came with this package.

    Raises FileNotFoundError where there is none.
    """
    given = os.environ.get("LOSSPROOF_BINARY")
    if given:
        return given
    for path in _places():
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    on_path = shutil.which("lossproof")
    if on_path:
        return on_path
    raise FileNotFoundError(
        "there is no lossproof binary among the scripts of this Python or on PATH: "
        "install the wheel of your platform, or set LOSSPROOF_BINARY"
    )


def _places() -> Iterator[Path]:
    package = Path(__file__).resolve().parent
    yield Path(sysconfig.get_path("scripts")) / _NAME
    # pip install --user
    user = sysconfig.get_preferred_scheme("user")
    yield Path(sysconfig.get_path("scripts", scheme=user)) / _NAME
    # pip install --target, and --prefix
    for folder in (*package.parents[:1], *package.parents[3:4]):
        yield folder / ("Scripts" if os.name == "nt" else "bin") / _NAME


def main() -> int:
    """Run the binary with the arguments of this process."""
    command = [binary(), *sys.argv[1:]]
    if os.name == "nt":
        return subprocess.run(command).returncode
    os.execv(command[0], command)
