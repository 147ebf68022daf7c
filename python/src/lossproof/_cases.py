"""lossproof.cases and lossproof.verdict: the fixtures of the binary, extracted once."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossproof._binary import binary

if TYPE_CHECKING:
    from lossproof.fixtures import Case, Fixtures, Verdict


def cases(module: str = "", topic: str = "") -> list[Case]:
    """Return the recorded cases of a module and topic as NumPy arrays; of all where they are empty.

    A case has an id, options, inputs (a dictionary of arrays: input, target, …) and outputs: for
    each, arrays of one shape, reference (what PyTorch returned), exact (the exact result) and how
    far from each a right result may be. A call that PyTorch refuses has a rejection in place of
    outputs. Raises FixtureError for a module or topic that there is not; ImportError without NumPy.

    The data are extracted from the binary into a cache: LOSSPROOF_CACHE, or that of the user.
    """
    return _open().cases(module, topic)


def verdict(got: Any, case: Case, output: str = "loss", level: str = "parity") -> Verdict:
    """Judge what an implementation computed for one output of a case.

    got is an array of the dtype and shape of case.outputs[output].reference; for a case that
    PyTorch refuses it is the exception by which the implementation refuses. level is parity,
    exact or reference. The verdict is true if it passed; it says what the result agrees with
    (torch, exact, both, mixed, neither), and which elements are wrong. Raises ValueError for
    another level, KeyError for an output that the case does not have.
    """
    from lossproof import fixtures

    return fixtures.verdict(got, case, output, level)


@cache
def _open() -> Fixtures:
    try:
        from lossproof.fixtures import Fixtures
    except ImportError as err:
        raise ImportError(
            f"lossproof.cases needs NumPy, pip install lossproof[numpy]: {err}"
        ) from err
    return Fixtures(extracted())


def extracted() -> Path:
    """Return the folder of the extracted fixtures, which is made where there is none."""
    command = binary()
    version = subprocess.run([command, "version"], check=True, capture_output=True, text=True)
    # A development build has the version of the last one: its size and time tell it apart.
    status = os.stat(command)
    name = re.sub(r"[^0-9A-Za-z.]+", "-", version.stdout.strip())[:80]
    folder = _cache() / f"fixtures-{name}-{status.st_size:x}-{int(status.st_mtime):x}"
    if not (folder / "manifest.json").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            new = Path(temporary, "fixtures")
            subprocess.run(
                [command, "fixtures", "extract", str(new)], check=True, capture_output=True
            )
            try:
                new.rename(folder)
            except OSError:  # another process was faster, or a broken one was left
                if not (folder / "manifest.json").exists():
                    shutil.rmtree(folder)
                    new.rename(folder)
    return folder


def _cache() -> Path:
    given = os.environ.get("LOSSPROOF_CACHE")
    if given:
        return Path(given)
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA") or tempfile.gettempdir()
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "lossproof"
