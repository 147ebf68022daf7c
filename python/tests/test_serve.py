import json
import os
import re
import subprocess
import sys
from pathlib import Path

import losses
import pytest
from implementations import right
from test_check import outcomes

import lossproof

PORT = """
import sys
import implementations as i, losses
from lossproof import Loss, serve

def cross_entropy(input, target, *, weight=None, reduction="mean"):
    print("chatter")  # would be no line of the protocol
    return losses.cross_entropy(input, target, weight, reduction=reduction)[0]

serve(
    Loss(i.right, "BCEWithLogitsLoss", framework="numpy", gradient=i.slope),
    Loss(cross_entropy, "CrossEntropyLoss", framework="numpy", without=["rejections"]),
    name="mine",
    version="1.0",
    refusals=[(losses.LossError, "", "shape")],
    compiles=True,
)
"""


def test_a_port_of_two_modules(tmp_path):
    path = [str(Path(__file__).parent), str(Path(losses.__file__).parents[1]), *sys.path]
    script, file = tmp_path / "port.py", tmp_path / "result.json"
    script.write_text(PORT)
    select = [f"{m}/shapes/f32-*" for m in ("BCEWithLogitsLoss", "CrossEntropyLoss")]
    command = [os.environ["LOSSPROOF_BINARY"], "run", "--json", str(file)]
    command += [flag for pattern in select for flag in ("--select", pattern)]
    subprocess.run(
        [*command, "--", sys.executable, str(script)],
        check=True, capture_output=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
    )  # fmt: skip
    result = json.loads(file.read_text())
    assert result["few_shapes"]
    assert result["port"]["name"] == "mine" and result["port"]["version"] == "1.0"
    claim = result["claim"]["BCEWithLogitsLoss"]
    assert claim["outputs"] == ["loss", "grad_input"]
    assert "rejections" in result["claim"]["CrossEntropyLoss"]["without"]
    assert set(outcomes(result).values()) == {"pass", "unsupported"}


def test_refusals_that_are_named():
    port = lossproof.Loss(right, "BCEWithLogitsLoss", framework="numpy").port()
    assert port._refused(ValueError("shape")) == ""
    port.refusals = [(ValueError, re.compile("shape"), "shape")]
    assert port._refused(ValueError("the shape")) == "shape"
    assert port._refused(ValueError("another")) is None
    assert port._refused(TypeError("the shape")) is None


def test_two_losses_of_one_module():
    loss = lossproof.Loss(right, "BCEWithLogitsLoss", framework="numpy")
    with pytest.raises(ValueError, match="BCEWithLogitsLoss, BCEWithLogitsLoss, want one"):
        lossproof.serve(loss, loss)
    with pytest.raises(ValueError, match="none"):
        lossproof.serve()
