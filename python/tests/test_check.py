import functools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import implementations
import losses
import numpy as np
import pytest
from conftest import judged
from implementations import Options, right, slope

import lossproof
from lossproof import Rejected, Unsupported
from lossproof._loss import Loss
from lossproof._result import Result, checks
from lossproof.frameworks.numpy import NumPy, from_numpy, to_numpy
from lossproof.pytest_plugin import message

SKELETON = Path(losses.__file__).parents[1]
FEW = {"select": "BCEWithLogitsLoss/shapes/f32-*", "quiet": True}


def outcomes(result):
    found = {}
    for check in checks(result):
        found[check["id"]] = check["outcome"]
        for name, output in check.get("outputs", {}).items():
            found[f"{check['id']}#{name}"] = output["outcome"]
    return found


def over_the_wire(module, folder):
    """Return what comes of one module of the skeleton's port, over the wire protocol."""
    code = (
        "import port, wire\n"
        f"port.DESCRIPTION['modules'] = {{{module!r}: port.DESCRIPTION['modules'][{module!r}]}}\n"
        "wire.serve(port.DESCRIPTION, port.evaluate)"
    )
    return judged(["-c", code], folder / "result.json", cwd=SKELETON)


@pytest.mark.parametrize(
    ("module", "function"),
    [
        ("BCEWithLogitsLoss", losses.bce_with_logits),
        pytest.param(
            "CrossEntropyLoss",
            losses.cross_entropy,
            marks=pytest.mark.skipif(
                not os.environ.get("LOSSPROOF_FULL"), reason="LOSSPROOF_FULL asks for it"
            ),
        ),
    ],
)
def test_the_same_as_over_the_wire(module, function, tmp_path):
    """The same losses, in this process and behind the wire protocol: every id has one outcome."""

    @functools.wraps(function)
    def loss(*args, **options):
        return function(*args, **options)[0]

    @functools.wraps(function)
    def gradient(*args, **options):
        return function(*args, **options)[1]

    wire = over_the_wire(module, tmp_path)
    result = lossproof.check(
        loss,
        module,
        names={"grad_output": "upstream"},
        gradient=gradient,
        framework="numpy",
        claim=wire["claim"][module],
        timeout=300,
    )
    assert outcomes(result.json) == outcomes(wire)
    assert list(outcomes(wire).values()).count("pass") > 1000
    assert result.passed and result.conformant and not result.failures and not result.causes


def test_a_wrong_loss_is_named(capsys):
    with pytest.raises(AssertionError, match="pos-weight-on-whole-loss: pos_weight multiplies"):
        lossproof.check(
            implementations.pos_weight_on_whole_loss,
            "BCEWithLogitsLoss",
            framework="numpy",
            select="BCEWithLogitsLoss/pos_weight/f32-*",
        )
    assert "without legacy_reduction" in capsys.readouterr().out


def test_the_result_of_a_wrong_loss():
    result = lossproof.check(
        implementations.pos_weight_on_whole_loss,
        "BCEWithLogitsLoss",
        raises=False,
        quiet=True,
        select=["BCEWithLogitsLoss/pos_weight/f32-*", "*/relations/pos-weight-*"],
    )
    assert not result.passed and not result.conformant
    cause = next(c for c in result.causes if c.name == "pos-weight-on-whole-loss")
    assert cause.rule == "BCEWL-POS-WEIGHT" and cause.links and cause.explains > 50
    assert any(f.diagnosis == cause.name and "off by" in f.message for f in result.failures)
    for text in (repr(result), result._repr_html_()):
        assert "pos-weight-on-whole-loss" in text and len(text) < 20_000
    assert json.dumps(result.json)


def test_leads_are_said_to_be_leads():
    """They come last, and a module that has nothing else has its rules before them."""
    result = lossproof.check(
        implementations.pos_weight_on_whole_loss, "BCEWithLogitsLoss", raises=False, quiet=True,
        select="BCEWithLogitsLoss/pos_weight/f32-*",
    )  # fmt: skip
    causes = result.json["causes"]
    assert not any(cause.lead for cause in result.causes) and "a lead" not in repr(result)
    for raw in causes:
        raw["lead"] = True
    causes[0]["condition"] = "where it rains"
    result = Result(result.json, "", "")
    rules = result.causes[: -len(causes)]
    assert "BCEWL-POS-WEIGHT" in {cause.name for cause in rules}
    assert [cause.lead for cause in result.causes] == [False] * len(rules) + [True] * len(causes)
    lead = (
        f"a lead: {causes[0]['name']}: {causes[0]['sentence'].removesuffix('.')}: where it rains."
    )
    assert f"\n  {lead}" in repr(result)
    assert f">a lead: <code>{causes[0]['name']}</code>" in result._repr_html_()
    failing = next(check for check in result.json["cases"] if check.get("causes"))
    assert lead in message(failing, causes).splitlines()


def test_an_error_is_shown_where_it_was_raised():
    """Of the traceback it is the frame of the implementation, not those of this package."""
    select = "BCEWithLogitsLoss/shapes/f32-none-2x3x4"
    arguments = {"framework": "numpy", "raises": False, "quiet": True, "select": select}
    result = lossproof.check(implementations.raises, "BCEWithLogitsLoss", **arguments)
    lines = str(result).splitlines()
    at = lines.index("    the port says that it failed: KeyError: 'boom'")
    assert f'  File "{implementations.__file__}", line' in lines[at + 1]
    assert lines[at + 2 :] == ['        return {}["boom"]']


def test_what_is_left_out(capsys):
    """Reasons have the types of exceptions, and what has the same reason stands together."""

    def gradient(input, target):
        return {"grad_input": np.zeros_like(input)}

    def loss(input, target):
        return {}["boom"] if input.ndim == 1 else right(input, target)

    arguments = {"framework": "numpy", "raises": False, "gradient": gradient}
    lossproof.check(loss, "BCEWithLogitsLoss", select=FEW["select"], **arguments)
    lines = capsys.readouterr().out.splitlines()
    assert "  rank:1 is left out: KeyError: 'boom'" in lines
    assert any(line.endswith("gradient returns no grad_target") for line in lines)
    assert (
        "  float16 and bfloat16 are left out: numpy rounds each step to 16 bits; "
        'claim={"dtypes": […]} asks them all the same'
    ) in lines


def test_a_terminal_has_wrapped_lines(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    arguments = (implementations.pos_weight_on_whole_loss, "BCEWithLogitsLoss")
    options = {"framework": "numpy", "select": "*/pos_weight/f32-*", "raises": False}
    wide = str(lossproof.check(*arguments, **options))
    assert wide in capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    lossproof.check(*arguments, **options)
    out = capsys.readouterr().out
    assert wide.split() == out.split()[-len(wide.split()) :]
    assert all(len(line) <= 60 or " " not in line.strip() for line in out.splitlines())


RNG = np.random.default_rng(1)
INPUTS = {
    "input": RNG.normal(size=(2, 3)),
    "target": RNG.uniform(size=(2, 3)),
    "weight": RNG.uniform(size=3),
    "pos_weight": RNG.uniform(size=(2, 1)),
}
MEAN = ["weight", "pos_weight", "reduction:none", "reduction:sum", "legacy_reduction"]
SUM = ["weight", "pos_weight", "reduction:none", "reduction:mean", "legacy_reduction"]
NONE = ["weight", "pos_weight", "reduction:mean", "reduction:sum", "legacy_reduction"]
ALL = ["legacy_reduction"]


@pytest.mark.parametrize(
    ("implementation", "arguments", "without"),
    [
        (right, {}, ALL),
        (lambda logits, labels: right(logits, labels), {}, MEAN),
        (lambda a, b: right(a, b), {"names": {"input": "a", "target": "b"}}, MEAN),
        (lambda y_true, y_pred: right(y_pred, y_true), {}, MEAN),
        (lambda a, b, /: right(a, b), {"names": {"input": "a", "target": "b"}}, MEAN),
        (lambda *both: right(*both), {"names": {"input": 0, "target": 1}}, MEAN),
        (lambda **both: right(*both.values()), {"names": {"input": "a", "target": "b"}}, MEAN),
        (lambda x, t: right(x, t, reduction="none"), {}, NONE),
        (lambda x, t: right(x, t, reduction="sum"), {}, SUM),
        (lambda x, t, scale: scale * right(x, t), {"arguments": {"scale": 1}}, MEAN),
        (functools.partial(lambda s, x, t: s * right(x, t), 1), {}, MEAN),
        (functools.partial(right, reduction="sum"), {"reduction": "sum"}, SUM[2:]),
        (Options, {}, ALL),
        (functools.partial(Options, reduction="mean"), {}, ALL),
        (Options(reduction="sum"), {}, SUM),
        (Options().method, {}, MEAN),
        (
            lambda x, t, how: right(x, t, reduction={"MEAN": "mean", "SUM": "sum"}.get(how, how)),
            {"names": {"reduction": "how"}, "reduction": {"mean": "MEAN", "sum": "SUM"}},
            ["weight", "pos_weight", "reduction:none", "legacy_reduction"],
        ),
    ],
)
def test_ways_to_be_called(implementation, arguments, without):
    """Whatever the way, it is the right loss that is called, and what it lacks is known."""
    loss = Loss(implementation, "BCEWithLogitsLoss", framework="numpy", **arguments)
    port = loss.port()
    claim = loss.claimed(port)
    assert sorted(claim.without) == sorted(without)
    assert claim.dtypes == ["float32", "float64"] and claim.outputs == ["loss"]
    given = {name: array for name, array in INPUTS.items() if name not in without}
    tensors = {name: from_numpy(array) for name, array in given.items()}
    for reduction in {"none", "mean", "sum"} - {w.removeprefix("reduction:") for w in without}:
        call = ("BCEWithLogitsLoss", {"reduction": reduction}, tensors, ["loss"])
        got = to_numpy(port.evaluate(*call)["loss"])
        assert np.array_equal(got, right(**given, reduction=reduction))
    with pytest.raises(Rejected):
        port.evaluate("BCEWithLogitsLoss", {"reduction": "Mean"}, tensors, ["loss"])
    with pytest.raises(Unsupported):
        port.evaluate("BCEWithLogitsLoss", {"reduce": True}, tensors, ["loss"])


def test_a_framework_without_float64():
    """A call with float64 is not answered as one with float32, such as one to be refused."""

    class Single(NumPy):
        def tensor(self, tensor, layout="contiguous"):
            array = super().tensor(tensor, layout)
            return array.astype(np.float32) if array.dtype == np.float64 else array

    loss = Loss(right, "BCEWithLogitsLoss", framework=Single())
    port = loss.port()
    claim = loss.claimed(port)
    assert claim.dtypes == ["float32"]
    assert claim.left_out["float64"] == "numpy makes float32 of it"
    tensors = {name: from_numpy(array.astype(np.float32)) for name, array in INPUTS.items()}
    port.evaluate("BCEWithLogitsLoss", {}, tensors, ["loss"])
    tensors["weight"] = from_numpy(INPUTS["weight"].astype(np.float64))
    with pytest.raises(Unsupported, match="makes float32 of it"):
        port.evaluate("BCEWithLogitsLoss", {}, tensors, ["loss"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((lambda a, b: 0, "BCEWithLogitsLoss"), "cannot tell which parameter of .* is the input: pass names="),
        ((right,), "cannot tell which loss .*right is: pass module= one of"),
        ((right, "BCE"), "module: got 'BCE', want one of"),
        ((len, "BCELoss"), "pass names="),
        ((lambda x, t: 1 / 0, "BCELoss"), "no small call of .* works .*division by zero"),
        ((lambda x, t: x[0], "BCELoss"), "cannot tell which reduction"),
        ((3, "BCELoss"), "got int, want a function or a class"),
    ],
)  # fmt: skip
def test_what_is_asked_for(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        lossproof.check(*arguments, framework="numpy", quiet=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": {"weights": "w"}}, "names: BCEWithLogitsLoss has no 'weights'"),
        ({"names": {"weight": "w"}}, "has no parameter 'w'"),
        ({"framework": "nunpy"}, "framework: got 'nunpy', want one of"),
        ({"level": "strict"}, "level: got 'strict', want one of"),
        ({"reduction": "avg"}, "reduction: got 'avg'"),
        ({"layouts": ["diagonal"]}, "layouts: numpy has no 'diagonal'"),
        ({"claim": {"dtype": []}}, "claim: got 'dtype'"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        lossproof.check(right, "BCEWithLogitsLoss", **{"framework": "numpy", **arguments, **FEW})


def test_what_the_binary_refuses():
    with pytest.raises(lossproof.RunError, match="no_topic"):
        lossproof.check(right, "BCEWithLogitsLoss", framework="numpy", select="*/no_topic/*")


def test_layouts():
    layouts = ("contiguous", "transposed", "strided", "expanded", "offset")
    arguments = {"framework": "numpy", "layouts": layouts, **FEW}
    assert lossproof.check(right, "BCEWithLogitsLoss", gradient=slope, **arguments).conformant
    wrong = implementations.reads_as_contiguous
    result = lossproof.check(wrong, "BCEWithLogitsLoss", raises=False, **arguments)
    assert result.json["summary"]["conformant"]
    assert not result.passed
    assert not result.layouts["transposed"].passed and result.layouts["offset"].passed
    assert all("[transposed]" in f.id or "[strided]" in f.id for f in result.failures)
    assert "[transposed]" in result.verdict


def test_a_crash_leaves_the_result(tmp_path):
    file = tmp_path / "result.json"
    code = (
        "import lossproof, implementations as i\n"
        "lossproof.check(i.crashes, 'BCEWithLogitsLoss', framework='numpy', "
        f"select='BCEWithLogitsLoss/shapes/*', json={str(file)!r})"
    )
    path = [str(Path(__file__).parent), str(SKELETON), *sys.path]
    ended = subprocess.run([sys.executable, "-c", f"import sys; sys.path[:0] = {path}\n{code}"])
    assert ended.returncode == 7
    for _ in range(100):  # the binary lives a little longer
        result = json.loads(file.read_text())
        if result["complete"]:
            break
        time.sleep(0.1)
    found = set(outcomes(result).values())
    assert {"pass", "crash", "not-run"} <= found


def test_isolated():
    """What crashes is named, and the rest is asked."""
    result = lossproof.check(
        implementations.crashes, "BCEWithLogitsLoss", framework="numpy", isolated=True,
        raises=False, without=["rejections"], **FEW,
    )  # fmt: skip
    assert "not-run" not in outcomes(result.json).values()
    assert {f.outcome for f in result.failures} == {"crash"}
    assert all("3x3" in f.id for f in result.failures)


def test_a_loss_that_refuses_nothing():
    """Where nothing but refusals is missing, the summary says which word leaves them out."""
    hint = 'without=["rejections"] leaves it out'
    few = {"select": "BCEWithLogitsLoss/[rs]*/f32-mean*", "raises": False, "quiet": True}
    result = lossproof.check(implementations.refuses_nothing, "BCEWithLogitsLoss", **few)
    assert not result.conformant
    assert hint in result.summary()
    wrong = lossproof.check(implementations.pos_weight_on_whole_loss, "BCEWithLogitsLoss", **few)
    assert hint not in wrong.summary()


def test_a_call_that_hangs():
    result = lossproof.check(
        implementations.hangs, "BCEWithLogitsLoss", framework="numpy", isolated=True,
        raises=False, without=["rejections"], timeout=1, select="BCEWithLogitsLoss/shapes/f32-none*",
        quiet=True,
    )  # fmt: skip
    assert {f.outcome for f in result.failures} == {"timeout"}


def test_isolated_needs_a_pickle():
    with pytest.raises(
        (AttributeError, TypeError, lossproof.RunError), match="pickle|lambda|local"
    ):
        lossproof.check(
            lambda x, t: right(x, t), "BCEWithLogitsLoss", framework="numpy", isolated=True, **FEW
        )


def test_a_selection_of_another_module_is_said() -> None:
    with pytest.raises(AssertionError, match="nothing was asked"):
        lossproof.check(right, "BCEWithLogitsLoss", select="CrossEntropyLoss/*")
