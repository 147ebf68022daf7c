"""The pytest plugin: a test for each check of a function decorated by lossproof.conformance.

The binary runs once for each such function, when its first test does, over the checks that were
collected and not deselected; the tests read the result. With xdist the workers share it.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import json
import os
import shutil
import subprocess
import tempfile
import time
import traceback
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest

from lossproof._binary import binary
from lossproof._check import LEVELS, judge
from lossproof._conformance import ATTRIBUTE, Conformance
from lossproof._result import LEAD, Result, fit, innermost, messages, sentence
from lossproof._result import checks as all_checks

#: The test beside those of the checks.
CLAIM = "claim"
#: How long the binary may take to write its result after a crash of the process that answered it.
_GRACE = 30
#: What a command line takes everywhere.
_LONGEST = 20_000


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("lossproof", "conformance of loss functions")
    group.addoption(
        "--lossproof-level",
        choices=LEVELS,
        default="parity",
        help="what an element must agree with: PyTorch or the exact result (parity, the default), "
        "the exact result, PyTorch (reference)",
    )
    group.addoption(
        "--lossproof-baseline",
        metavar="FILE",
        help="the known failures, which become strict xfails; {name} in it is that of the test",
    )
    group.addoption(
        "--lossproof-update-baseline",
        nargs="?",
        const="add",
        choices=("add", "remove"),
        help="write the failures into the baseline, for you to give reasons; with =remove, only "
        "take out what passes",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of the results, which the workers of xdist share."""
    baseline = config.getoption("--lossproof-baseline")
    if baseline and "{name}" not in baseline and (why := missing(baseline, config)):
        raise pytest.UsageError(f"--lossproof-baseline: {why}")
    workerinput = getattr(config, "workerinput", None)
    folder = workerinput["lossproof"] if workerinput else tempfile.mkdtemp(prefix="lossproof-")
    config.stash[_RESULTS] = Results(Path(folder), shared=workerinput is not None)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder of the results."""
    results = config.stash.get(_RESULTS, None)
    if results is not None and not results.shared:
        shutil.rmtree(results.folder, ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist where the folder is."""
    node.workerinput["lossproof"] = str(node.config.stash[_RESULTS].folder)


def pytest_pycollect_makeitem(
    collector: pytest.Collector, name: str, obj: object
) -> list[pytest.Item] | None:
    """Return the tests of a decorated function."""
    options = getattr(obj, ATTRIBUTE, None)
    if not isinstance(options, Conformance):
        return None
    if not inspect.isfunction(obj) or inspect.signature(obj).parameters:
        raise pytest.UsageError(f"{collector.nodeid}::{name}: want a function without arguments")
    group = Group(f"{collector.nodeid}::{name}", name, obj, options)
    # The id is given whole: pytest takes what stands in brackets for a parameter only then.
    items: list[pytest.Item] = [
        Check.from_parent(
            collector,
            name=f"{name}[{check}]",
            nodeid=f"{collector.nodeid}::{name}[{check}]",
            check=check,
            group=group,
        )
        for check in (*checks(options.module), CLAIM)
    ]
    return items


def pytest_collection_finish(session: pytest.Session) -> None:
    """Tell each function which of its checks are to be run."""
    for item in session.items:
        if isinstance(item, Check):
            item.group.selected.append(item.check)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Report a check that passes, or lies outside the claim, as soon as its function was asked.

    Nothing runs in such a test that could print, log or need a fixture. What surrounds a test costs
    much more than the look at its outcome: beside torch, whose loggers do not propagate, log
    capturing alone takes a third of a run. The first and the last test of a function, those that
    fail and those with marks are run as any other.
    """
    if not isinstance(item, Check) or not item.settled():
        return None
    if not isinstance(nextitem, Check) or nextitem.parent is not item.parent:
        return None  # which tears down what the next test does not need
    hook = item.ihook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    call = pytest.CallInfo.from_call(item.runtest, "call")
    for report in (
        item.nothing("setup"),
        hook.pytest_runtest_makereport(item=item, call=call),
        item.nothing("teardown"),
    ):
        hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: Any, config: pytest.Config
) -> Generator[None, Any, Any]:
    """Write the verdict and the causes of each function, below the list of what fails."""
    result = yield
    for name, text in config.stash[_RESULTS].all(config):
        terminalreporter.section(f"lossproof: {name}")
        terminalreporter.line(fit(text) if terminalreporter.isatty else text)
    return result


def missing(baseline: str, config: pytest.Config) -> str:
    """Return what is to be said where there is no such file, and none is to be made."""
    if Path(baseline).exists() or config.getoption("--lossproof-update-baseline") == "add":
        return ""
    return f"{baseline}: no such file, --lossproof-update-baseline makes one"


def checks(module: str) -> list[str]:
    """Return the ids of the checks of a module."""
    return _listed()[module]


@cache
def _listed() -> dict[str, list[str]]:
    """Return the ids of all checks, by module: the binary takes as long for one."""
    listed = subprocess.run([binary(), "list"], capture_output=True, text=True, encoding="utf-8")
    if listed.returncode != 0:
        raise pytest.UsageError(listed.stderr.strip())
    found: dict[str, list[str]] = {}
    for line in listed.stdout.splitlines():
        check = line.partition("\t")[0]
        found.setdefault(check.partition("/")[0], []).append(check)
    return found


class Group:
    """A decorated function."""

    def __init__(self, nodeid: str, name: str, function: Any, options: Conformance) -> None:
        """Take what the decorator was given."""
        self.nodeid = nodeid
        self.name = name
        self.function = function
        self.options = options
        self.selected: list[str] = []
        #: Whether module or class have marks, once that was looked at.
        self.marked: bool | None = None
        self._outcomes: dict[str, dict[str, Any]] = {}
        self._error: NotAsked | None = None

    def outcome(self, check: str, config: pytest.Config) -> dict[str, Any]:
        """Return what came of a check.

        Where nothing could be asked the check that wanted to fails, and the others are skipped.
        """
        if not self._outcomes and not self._error:
            try:
                result = config.stash[_RESULTS].get(self, check, config)
            except NotAsked as err:
                self._error = err
            else:
                self._outcomes = {found["id"]: found for found in all_checks(result)}
                self._outcomes[CLAIM] = result
        if self._error and check == self._error.check:
            raise Failed(f"{self.name} {self._error}")
        if self._error:
            pytest.skip(f"{self.name} could not be asked, {self._error.check} says why")
        return self._outcomes[check]

    def skips(self, check: str) -> bool:
        """Whether a check is known to be skipped, for nothing could be asked."""
        return self._error is not None and check != self._error.check

    def known(self, check: str) -> dict[str, Any]:
        """Return what came of a check; nothing where the function was not asked yet."""
        return self._outcomes.get(check, {})

    def baseline(self, config: pytest.Config) -> str:
        """Return the file of the known failures; nothing where there is none."""
        baseline: str = config.getoption("--lossproof-baseline") or self.options.baseline or ""
        return baseline.replace("{name}", self.name)

    def run(self, config: pytest.Config, file: Path) -> None:
        """Have the binary judge, and write the result."""
        options = self.options
        flags = ["--level", config.getoption("--lossproof-level")]
        flags += ["--timeout", f"{options.timeout}s"]
        baseline = self.baseline(config)
        update = config.getoption("--lossproof-update-baseline")
        if baseline:
            if why := missing(baseline, config):
                raise FileNotFoundError(why)
            flags += ["--baseline", baseline]
            if update:
                flags.append(f"--update-baseline={update}")
        elif update:
            raise ValueError("--lossproof-update-baseline needs --lossproof-baseline FILE")
        for pattern in self.patterns():
            flags += ["--select", pattern]
        loss = options.loss(self.function())
        port = loss.port(options.layout)
        claim = loss.claimed(port)
        judge(loss, port, claim, flags, isolated=options.isolated, json_file=str(file))

    def patterns(self) -> list[str]:
        """Return the patterns that select the checks; none where all are selected."""
        everything = checks(self.options.module)
        selected = [check for check in self.selected if check != CLAIM]
        if len(selected) in (0, len(everything)):
            return []
        topics: dict[str, list[str]] = {}
        for check in selected:
            topics.setdefault(check.rpartition("/")[0], []).append(check)
        patterns = []
        for topic, found in topics.items():
            whole = sum(check.startswith(f"{topic}/") for check in everything)
            patterns += [f"{topic}/*"] if len(found) == whole else found
        if sum(map(len, patterns)) > _LONGEST:
            return [f"{topic}/*" for topic in topics]
        return patterns


class Failed(Exception):
    """A check fails. The message is shown without a traceback, which would be ours."""


class NotAsked(Exception):
    """A function could not be asked: which of its checks says so, and why."""

    def __init__(self, check: str, why: str) -> None:
        """Take the check that fails."""
        super().__init__(f"could not be asked: {why}")
        self.check = check


class Check(pytest.Item):
    """A test: one check of an implementation."""

    def __init__(self, *, check: str, group: Group, **arguments: Any) -> None:
        """Take the id of the check, and the function that it is of."""
        super().__init__(**arguments)
        self.check = check
        self.group = group

    def runtest(self) -> None:
        """Look up the outcome; the first test has the binary run."""
        found = self.group.outcome(self.check, self.config)
        if self.check == CLAIM:
            self._claim(found)
            return
        causes = self.group.outcome(CLAIM, self.config).get("causes") or []
        outcome, text = found["outcome"], message(found, causes)
        if outcome == "unsupported":
            pytest.skip(found.get("message") or "unsupported")
        if outcome in ("known", "fixed"):
            self.add_marker(pytest.mark.xfail(reason=reason(found), strict=True))
        elif outcome != "pass" and not found.get("gates"):
            self.add_marker(pytest.mark.xfail(reason="a quirk of PyTorch, which does not gate"))
        if outcome not in ("pass", "fixed"):
            raise Failed(text)

    def settled(self) -> bool:
        """Whether the outcome is known, and raises nothing but a skip."""
        outcome = self.group.known(self.check).get("outcome")
        if outcome not in ("pass", "unsupported") and not self.group.skips(self.check):
            return False
        if self.group.marked is None and self.parent is not None:
            self.group.marked = any(self.parent.iter_markers())
        return not (self.own_markers or self.group.marked)

    def nothing(self, when: Literal["setup", "teardown"]) -> pytest.TestReport:
        """Return the report of a phase in which nothing is done."""
        return pytest.TestReport(
            self.nodeid, self.location, dict.fromkeys(self.keywords, 1), "passed", None, when
        )

    def _claim(self, result: dict[str, Any]) -> None:
        """Fail where the claim shrank, or where nothing was proved; record the verdict."""
        module = self.group.options.module
        verdict = [v for v in result["summary"]["verdict"] if module in v]
        self.add_report_section("call", "verdict", "\n".join(verdict))
        shrank = (result.get("baseline") or {}).get("claim_shrank") or []
        if shrank:
            raise Failed(
                "claim-shrank: less is claimed than the baseline has:\n" + "\n".join(shrank)
            )
        outcomes = {c["outcome"] for c in result["cases"] if c["module"] == module}
        reasons = {m["module"]: m.get("reason") for m in result["summary"]["modules"]}
        # The judge counts what is known, and refusals, for nothing.
        nothing = (reasons.get(module) or "").startswith(("nothing passed", "nothing was asked"))
        if nothing or (outcomes and not {"pass", "known"} & outcomes):
            raise Failed(f"nothing passes: {'; '.join(verdict)}")

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Show the message alone."""
        if isinstance(excinfo.value, Failed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the function stands."""
        line = self.group.function.__code__.co_firstlineno - 1
        return self.path, line, self.name


def message(found: dict[str, Any], causes: list[dict[str, Any]]) -> str:
    """Return what is said of a check that fails; causes are those of the result."""
    lines = [f"{found['outcome']}: {found['rule']} ({found['requirement']}): {found['statement']}"]
    for cause in (causes[index] for index in found.get("causes") or ()):
        name = f"{cause['name']}: " if cause.get("name") else ""
        lines.append(f"{LEAD if cause['lead'] else 'cause: '}{name}{sentence(cause)}")
    if found.get("call"):
        lines.append(f"call: {found['call']}")
    return "\n".join([*lines, *messages(found), f"lossproof show {found['id']}"])


def reason(found: dict[str, Any]) -> str:
    """Return the reason that the baseline gives."""
    parts = (found, *(found.get("outputs") or {}).values())
    reasons = [part["known"].get("reason", "") for part in parts if part.get("known")]
    return next(filter(None, reasons), "in the baseline, without a reason")


class Results:
    """The results, a file for each function, in a folder that workers share."""

    def __init__(self, folder: Path, shared: bool) -> None:
        """Take the folder."""
        self.folder = folder
        self.shared = shared
        self._read: dict[Path, dict[str, Any]] = {}

    def get(self, group: Group, check: str, config: pytest.Config) -> dict[str, Any]:
        """Return the result of a function, which the first check that asks has the binary make.

        Raises NotAsked.
        """
        name = hashlib.sha256(group.nodeid.encode()).hexdigest()[:16]
        file, error = self.folder / f"{name}.json", self.folder / f"{name}.error"
        with locked(self.folder / f"{name}.lock"):
            if not file.exists() and not error.exists():
                about = json.dumps([group.nodeid, group.baseline(config)])
                (self.folder / f"{name}.name").write_text(about, encoding="utf-8")
                try:
                    group.run(config, file)
                except Exception as err:
                    why = f"{type(err).__name__}: {err}{innermost(traceback.format_exc())}"
                    error.write_text(json.dumps([check, why]), encoding="utf-8")
            if error.exists():  # this one or that of another worker
                raise NotAsked(*json.loads(error.read_text(encoding="utf-8")))
            # The process that had it made may have crashed in it: the binary lives a little longer.
            end = time.monotonic() + _GRACE
            while not (result := self._result(file)).get("complete") and time.monotonic() < end:
                time.sleep(0.1)
        if not result.get("complete"):
            raise NotAsked(check, "the run that another process began did not end")
        return result

    def all(self, config: pytest.Config) -> Iterator[tuple[str, str]]:
        """Return what came of all functions, by their names."""
        for name in sorted(self.folder.glob("*.name")):
            nodeid, baseline = json.loads(name.read_text(encoding="utf-8"))
            result, error = self._result(name.with_suffix(".json")), name.with_suffix(".error")
            if error.exists():
                yield nodeid, str(NotAsked(*json.loads(error.read_text(encoding="utf-8"))))
            elif result.get("complete"):
                text = Result(result, "", "", baseline=baseline).summary(failures=0)
                if config.getoption("--lossproof-update-baseline"):
                    entries = result["baseline"]["entries"]
                    text += f"\nwritten: {baseline}, known failures: {entries}"
                yield nodeid, text

    def _result(self, file: Path) -> dict[str, Any]:
        """Return a result, which is read once; an incomplete one, or nothing, before its end."""
        if file in self._read:
            return self._read[file]
        try:
            result: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if result.get("complete"):
            self._read[file] = result
        return result


_RESULTS = pytest.StashKey[Results]()


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that a process loses when it ends, however it ends."""
    with path.open("a+b") as file:
        if os.name == "nt":
            import msvcrt

            while True:
                try:
                    file.seek(0)
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
                    break
                except OSError:  # after ten seconds
                    continue
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)  # type: ignore[attr-defined,unused-ignore]
        yield
