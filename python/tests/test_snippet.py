"""The programs that call an implementation by itself."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lossproof
from lossproof import Loss, _binary

VALUES = {
    "input": "[[0.5, -0.0], [inf, -1.25]]",
    "target": "[[1.0, 0.0], [1.0, 0.5]]",
    "weight": "[2.0, 0.5]",
}
SCALE = 2.0


def scaled(value):
    return SCALE * value


def times(logits, labels, *, weight=None, reduction="avg"):
    """Not a loss at all: what is printed has to be this, and nothing else."""
    found = scaled(logits * labels * (1 if weight is None else weight))
    return found.mean() if reduction == "avg" else found


class Times:
    def __init__(self, weight=None, reduction="mean"):
        self.weight = weight

    def __call__(self, input, target):
        return times(input, target, weight=self.weight, reduction="none")


def text_of(loss: Loss) -> str | None:
    return loss.port().description().get("snippets", {}).get("BCEWithLogitsLoss")


def filled(text: str, **values: str) -> str:
    """Fill in as lossproof repro does."""
    given = {}
    for name, value in {**VALUES, **values}.items():
        given[name] = value
        if value.startswith("["):
            shape = list(np.shape(eval(value, {"inf": np.inf})))
            given |= {f"{name}_dtype": "float32", f"{name}_shape": str(shape)}
    lines = []
    for line in text.splitlines():
        words = re.findall(r"\{([a-z_]+)\}", line)
        if all(word in given for word in words):
            for word in words:
                line = line.replace(f"{{{word}}}", given[word])
            lines.append(line)
    return "\n".join(lines)


def printed(program: str) -> str:
    done = subprocess.run([sys.executable, "-"], input=program, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


WANT = "loss [[2.0, -0.0], [inf, -0.625]]\n"


@pytest.mark.parametrize(
    "loss",
    [
        Loss(
            times, "BCEWithLogitsLoss", framework="numpy", reduction={"none": "all", "mean": "avg"}
        ),
        Loss(
            functools.partial(times, reduction="all"),
            "BCEWithLogitsLoss",
            framework="numpy",
            reduction="none",
        ),
        Loss(Times, "BCEWithLogitsLoss", framework="numpy", reduction="none"),
        Loss(
            times,
            "BCEWithLogitsLoss",
            framework="numpy",
            names={"input": "logits"},
            arguments={"reduction": ""},
        ),
    ],
    ids=["function", "partial", "class", "arguments"],
)
def test_it_calls_what_was_given(loss: Loss) -> None:
    text = text_of(loss)
    assert text is not None
    assert "lossproof" not in text
    assert "pytest" not in text
    assert printed(filled(text, reduction="none")) == WANT


def test_a_place_is_a_place() -> None:
    text = text_of(Loss(np.multiply, "BCEWithLogitsLoss", names={"input": 0, "target": 1}))
    assert text is not None
    assert printed(filled(text)) == "loss [[0.5, -0.0], [inf, -0.625]]\n"


def test_what_has_no_text_has_no_snippet() -> None:
    def inner(input, target):
        return SCALE * input * target

    assert text_of(Loss(inner, "BCEWithLogitsLoss", framework="numpy")) is None
    array = Loss(
        times, "BCEWithLogitsLoss", framework="numpy", arguments={"reduction": np.zeros(3)}
    )
    assert text_of(array) is None
    assert (
        text_of(Loss(lambda input, target: input, "BCEWithLogitsLoss", framework="numpy")) is None
    )


PORT = """
import os
import sys
import numpy as np
os.environ["LOSSPROOF_SNIPPET"] = "1"
import lossproof

def bce(input, target, *, reduction="mean"):
    assert os.environ["LOSSPROOF_SNIPPET"]
    loss = np.asarray(np.logaddexp(0, -np.abs(input)) + np.maximum(input, 0) - input * target)
    return getattr(loss, reduction)() if reduction != "none" else loss

if __name__ == "__main__":
    lossproof.serve(lossproof.Loss(bce, "BCEWithLogitsLoss"), name="mine", version="1")
"""


def test_repro_prints_a_program_that_runs(tmp_path: Path) -> None:
    port = tmp_path / "port.py"
    port.write_text(PORT, encoding="utf-8")
    command = [_binary.binary(), "repro", "--snippet", "BCEWithLogitsLoss/blog_example/f32-sum"]
    made = subprocess.run(
        [*command, "--", sys.executable, str(port)], capture_output=True, text=True, check=True
    )
    got = printed(made.stdout)
    assert abs(float(got.removeprefix("loss ")) - 15 * 0.9232) < 0.01, got
    assert lossproof.__name__ not in made.stdout
