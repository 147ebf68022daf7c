"""The binary under test: LOSSPROOF_BINARY, or one that is built from the checkout."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "ports" / "skeleton" / "python"))  # losses

pytest_plugins = ["pytester"]


@pytest.fixture(scope="session", autouse=True)
def binary(tmp_path_factory):
    if "LOSSPROOF_BINARY" not in os.environ:
        file = tmp_path_factory.mktemp("bin") / "lossproof"
        command = ["go", "build", "-o", str(file), "./cmd/lossproof"]
        subprocess.run(command, cwd=REPOSITORY, check=True, env={**os.environ, "CGO_ENABLED": "0"})
        os.environ["LOSSPROOF_BINARY"] = str(file)
    return os.environ["LOSSPROOF_BINARY"]


def judged(port, file, cwd=None):
    """Return the result of a run of a port, over the wire protocol; the result is kept in file."""
    # The largest generated calls take long on a busy machine.
    waiting = ["--timeout", "5m", "--start-timeout", "10m"]
    command = [os.environ["LOSSPROOF_BINARY"], "run", *waiting, "--json", str(file)]
    command += ["--", sys.executable, *port]
    subprocess.run(command, check=True, capture_output=True, cwd=cwd)
    return json.loads(file.read_text())
