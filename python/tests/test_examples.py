"""The examples print what docs/python.md shows: those whose frameworks are installed."""

import difflib
import importlib.util
import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import REPOSITORY

EXAMPLES = REPOSITORY / "python" / "examples"
PAGE = (REPOSITORY / "docs" / "python.md").read_text("utf-8")
#: What takes long is asked for by LOSSPROOF_FULL, as in Go.
FAST = {"numpy"}


@pytest.mark.parametrize("name", ["keras", "mlx", "numpy", "optax", "tinygrad", "torch"])
def test_example(name):
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"there is no {name}")
    if name not in FAST and not os.environ.get("LOSSPROOF_FULL"):
        pytest.skip("LOSSPROOF_FULL asks for it")
    if name == "tinygrad" and not shutil.which("clang"):
        pytest.skip("tinygrad needs clang")
    code = (EXAMPLES / f"check_{name}.py").read_text("utf-8")
    assert f"```python\n{code}```" in PAGE
    shown = re.search(rf"<!-- prints {name} -->\n```\n(.*?)```", PAGE, re.S)
    assert shown, f"docs/python.md does not say what check_{name}.py prints"
    ended = subprocess.run(
        [sys.executable, str(EXAMPLES / f"check_{name}.py")],
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "KERAS_BACKEND": "jax"},
    )
    # … on a line of its own stands for lines that are left out; the others are what was printed.
    printed = plain(ended.stdout).splitlines()
    left = iter(printed)
    for line in plain(shown[1]).splitlines():
        if line != "…" and line not in left:
            near = difflib.get_close_matches(line, printed, 1, 0) or [""]
            pytest.fail(
                f"docs/python.md has\n{line}\nwhich is not in this place of\n"
                f"{ended.stdout}\nThe line most like it is\n{near[0]}"
            )


def plain(text):
    return re.sub(r" \(\w+ [0-9][^)]*\) as ", " as ", text)


def test_lines_of_examples():
    """At most five lines that do something."""
    for file in EXAMPLES.glob("check_*.py"):
        assert len([line for line in file.read_text().splitlines() if line]) <= 5, file.name
