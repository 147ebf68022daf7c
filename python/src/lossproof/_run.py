"""A run of the binary over pipes, while this process answers, or a process of its own does."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from lossproof._binary import binary
from lossproof._port import Port
from lossproof._wire import answer

if sys.platform == "linux":
    import fcntl

#: The exit codes of the binary with which there is a result.
_CONFORMANT, _NOT_CONFORMANT = 0, 1
#: How much is read and written at once, in bytes: the longest lines are about as long.
_ROOM = 1 << 20
#: Is set in the process that isolated=True starts.
INSIDE = "LOSSPROOF_ISOLATED"


class RunError(RuntimeError):
    """The binary could not judge: the message is what it says, such as an unknown pattern."""


def run(
    port: Port, description: dict[str, Any], flags: Sequence[str], *, json_file: str | None = None
) -> tuple[dict[str, Any], str]:
    """Have the binary ask the port in this process.

    Returns the result JSON and the text of the report. Raises RunError where there is no result.
    If this process ends meanwhile, the binary writes what it has to json_file.
    """
    with _files(json_file) as (result, text):
        with text.open("wb") as stderr:
            process = subprocess.Popen(
                [binary(), "run", "--stdio", "--json", str(result), *flags],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                bufsize=_ROOM,
            )
        assert process.stdin is not None and process.stdout is not None
        _widen(process.stdin, process.stdout)
        try:
            # A write fails when the binary has given up, as after a call that took too long: with
            # BrokenPipeError, or OSError on Windows. What evaluate raises is an answer.
            with contextlib.suppress(OSError), port.session():
                answer(process.stdout, process.stdin, description, port.evaluate)
            with contextlib.suppress(OSError):
                process.stdin.close()
            process.wait()
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        return _read(process.returncode, result, text)


def run_isolated(
    payload: bytes, flags: Sequence[str], *, json_file: str | None = None
) -> tuple[dict[str, Any], str]:
    """Have the binary start processes that answer: what crashes or hangs there is started again.

    payload is a pickle for lossproof._isolated.
    """
    with _files(json_file) as (result, text):
        pickled = text.with_name("implementation.pickle")
        pickled.write_bytes(payload)
        command = [sys.executable, "-m", "lossproof._isolated", str(pickled)]
        start = ("--start-timeout", "10m")  # a large framework on a busy machine
        with text.open("wb") as stderr:
            code = subprocess.run(
                [binary(), "run", *start, "--json", str(result), *flags, "--", *command],
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
            ).returncode
        return _read(code, result, text)


def _widen(*pipes: IO[bytes]) -> None:
    """Let a long line pass at once, where the system can: the writer waits for the reader else."""
    if sys.platform == "linux":
        for pipe in pipes:
            with contextlib.suppress(OSError):  # not more than the system allows
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _ROOM)


@contextlib.contextmanager
def _files(json_file: str | None) -> Iterator[tuple[Path, Path]]:
    with tempfile.TemporaryDirectory(prefix=f"lossproof-{os.getpid()}-") as folder:
        yield Path(json_file or Path(folder, "result.json")), Path(folder, "report.txt")


def _read(code: int, result: Path, text: Path) -> tuple[dict[str, Any], str]:
    report = text.read_text(encoding="utf-8", errors="replace").strip()
    if code not in (_CONFORMANT, _NOT_CONFORMANT):
        raise RunError(report or f"lossproof ended with exit code {code}")
    found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return found, report


def pickled(value: object) -> bytes:
    """Pickle for lossproof._isolated: with cloudpickle, if it is there, or else by reference."""
    try:
        import cloudpickle as pickler
    except ImportError:
        pickler = pickle
    main = getattr(sys.modules["__main__"], "__file__", None)
    return pickle.dumps((sys.path, main and os.path.abspath(main), pickler.dumps(value)))
