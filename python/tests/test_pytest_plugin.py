import fnmatch
import json
import os
import sys
import xml.etree.ElementTree
from pathlib import Path

import losses
import pytest

pytest.importorskip("xdist")

TEST = """
import lossproof
from implementations import {name}

@lossproof.conformance("BCEWithLogitsLoss", framework="numpy", without=["rejections"])
def test_bce():
    return {name}
"""
#: A topic of 36 checks is enough.
SELECT = ["-k", "reductions", "-p", "no:cacheprovider"]


@pytest.fixture
def write(pytester, monkeypatch):
    paths = [str(Path(__file__).parent), str(Path(losses.__file__).parents[1]), *sys.path]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))

    def write(name):
        pytester.makepyfile(test_loss=TEST.format(name=name))

    return write


def run(pytester, *arguments):
    return pytester.runpytest_subprocess("-p", "lossproof.pytest_plugin", *arguments)


def test_one_test_for_each_check(pytester, write):
    write("right")
    listed = run(pytester, "--collect-only", "-q", *SELECT)
    listed.stdout.fnmatch_lines(["test_loss.py::test_bce[[]BCEWithLogitsLoss/reductions/f32-*]"])
    result = run(pytester, *SELECT)
    counts = result.parseoutcomes()
    assert counts["passed"] > 30 and set(counts) == {"passed", "deselected"}
    result.stdout.fnmatch_lines(
        ["*lossproof: test_loss.py::test_bce*", "conformant as far as asked (parity)*"]
    )


def test_a_wrong_one(pytester, write):
    write("pos_weight_on_whole_loss")
    result = run(pytester, "-k", "pos_weight and f32-mean", "--junit-xml", "junit.xml")
    counts = result.parseoutcomes()
    assert counts["failed"] > 10 and result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*_ test_bce[[]BCEWithLogitsLoss/pos_weight/f32-mean-*] _*",
            "fail: BCEWL-POS-WEIGHT*",
            "cause: pos-weight-on-whole-loss: *",
            "lossproof show BCEWithLogitsLoss/pos_weight/f32-mean-*",
            "FAILED *",
            "*lossproof: test_loss.py::test_bce*",
            "not conformant*",
            "  pos-weight-on-whole-loss: pos_weight multiplies the whole loss*",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    tree = xml.etree.ElementTree.parse(pytester.path / "junit.xml")
    cases = {case.get("name"): case for case in tree.iter("testcase")}
    failing = [name for name, case in cases.items() if case.find("failure") is not None]
    assert len(failing) == counts["failed"]
    again = run(pytester, "--lf")
    assert again.parseoutcomes()["failed"] == counts["failed"]
    one = run(pytester, f"test_loss.py::{failing[0]}", "--junit-xml=")
    one.assert_outcomes(failed=1)


def test_a_baseline(pytester, write):
    write("pos_weight_on_whole_loss")
    select = ["-k", "pos_weight and f32-mean", "--lossproof-baseline", "known-{name}.json"]
    missing = run(pytester, *select)
    missing.stdout.fnmatch_lines(
        ["*known-test_bce.json: no such file, --lossproof-update-baseline*"]
    )
    assert missing.parseoutcomes()["failed"] == 1
    updated = run(pytester, *select, "--lossproof-update-baseline")
    updated.stdout.fnmatch_lines(["written: known-test_bce.json, known failures: 4*"])
    file = pytester.path / "known-test_bce.json"
    baseline = json.loads(file.read_text())
    for group in baseline["known"]:
        group["reason"] = ""
    file.write_text(json.dumps(baseline))
    bare = run(pytester, *select)
    bare.stdout.fnmatch_lines(
        ['known-test_bce.json: write why into "reason", which is empty for 4*']
    )
    for group in baseline["known"]:
        group["reason"] = "because"
    file.write_text(json.dumps(baseline))
    known = run(pytester, *select, "-rx")
    known.stdout.fnmatch_lines(["XFAIL *BCEWithLogitsLoss/pos_weight/f32-mean* - because"])
    counts = known.parseoutcomes()
    assert known.ret == 0 and counts["xfailed"] > 40 and "failed" not in counts
    write("right")
    fixed = run(pytester, *select)
    assert fixed.parseoutcomes()["failed"] == counts["xfailed"]
    assert "XPASS(strict)" in fixed.stdout.str()


def test_workers(pytester, write):
    """Two workers share one run."""
    write("pos_weight_on_whole_loss")
    result = run(pytester, "-n", "2", "-k", "pos_weight and f32-mean")
    assert result.parseoutcomes()["failed"] > 5
    result.stdout.fnmatch_lines(["FAILED *", "*lossproof: *", "  pos-weight-on-whole-loss: *"])


@pytest.mark.parametrize(
    ("returned", "said", "workers"),
    [
        ("None", "TypeError: got NoneType, want a function or a class", ["-n", "2"]),
        ("lambda a, b: a - b", "TypeError: cannot tell which parameter of *", []),
        (
            "lambda x, t: {}['boom']",
            "TypeError: no small call of * (float32 and float64: KeyError: 'boom')*",
            [],
        ),
    ],
)
def test_what_cannot_be_asked(pytester, returned, said, workers):
    """One test fails and says why, the others are skipped."""
    pytester.makepyfile(
        f"""
        import lossproof

        @lossproof.conformance("BCELoss", framework="numpy")
        def test_bce():
            return {returned}
        """
    )
    result = run(pytester, "-k", "accumulation or claim", "-rs", *workers)
    counts = result.parseoutcomes()
    assert counts["failed"] == 1 and counts["skipped"] > 4 and "passed" not in counts
    result.stdout.fnmatch_lines(
        [
            f"test_bce could not be asked: {said}",
            "SKIPPED * test_bce could not be asked, BCELoss/* says why",
            "*lossproof: test_*",
            f"could not be asked: {said}",
        ]
    )
    at = "*test_what_cannot_be_asked.py*, line 5, in <lambda>"
    assert ("boom" in returned) == any(fnmatch.fnmatch(line, at) for line in result.outlines)


def test_a_baseline_that_is_not_there(pytester, write):
    write("right")
    result = run(pytester, "--lossproof-baseline", "nofile.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR and not result.outlines
    result.stderr.fnmatch_lines(["ERROR: --lossproof-baseline: nofile.json: no such file, *"])


def test_an_error_is_shown_where_it_was_raised(pytester, write):
    """Of the traceback it is the frame of the implementation, not those of this package."""
    write("raises")
    result = run(pytester, "-k", "shapes and f32-none-2x3x4")
    result.stdout.fnmatch_lines(
        [
            "the port says that it failed: KeyError: 'boom'",
            '  File "*implementations.py", line *, in raises',
            '    return {}["boom"]',
            "lossproof show *",
        ]
    )
    assert "_port.py" not in result.stdout.str()


def test_nothing_passes(pytester):
    pytester.makepyfile(
        """
        import lossproof, numpy as np

        @lossproof.conformance("BCELoss", framework="numpy", without=["rejections"])
        def test_bce():
            return lambda x, t: x.mean() * 0 + 9 * t.size**0
        """
    )
    result = run(pytester, "-k", "accumulation or claim")
    result.stdout.fnmatch_lines(["*nothing passes: not conformant*"])


def test_a_function_with_arguments(pytester):
    pytester.makepyfile(
        """
        import lossproof

        @lossproof.conformance("BCELoss")
        def test_bce(tmp_path):
            return None
        """
    )
    result = run(pytester)
    assert result.ret != 0
    assert "want a function without arguments" in result.stdout.str() + result.stderr.str()


def test_marks_of_the_module(pytester, write):
    """Tests with marks are run as any other, also where their outcome is known."""
    write("right")
    file = pytester.path / "test_loss.py"
    text = file.read_text()
    file.write_text(f"import pytest\npytestmark = pytest.mark.xfail(strict=True)\n{text}")
    counts = run(pytester, *SELECT).parseoutcomes()
    assert set(counts) == {"failed", "deselected"}
    file.write_text(f"import pytest\npytestmark = pytest.mark.skip\n{text}")
    counts = run(pytester, *SELECT).parseoutcomes()
    assert set(counts) == {"skipped", "deselected"}
