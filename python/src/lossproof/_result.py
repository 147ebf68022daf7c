"""What came of a check."""

from __future__ import annotations

import html
import math
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

#: How much of a result is shown.
_CAUSES, _FAILURES, _LINES, _WIDTH = 8, 3, 6, 160

#: What a cause begins with that is no finding.
LEAD = "a lead: "

#: The outcomes that are no failure.
_RIGHT = ("pass", "unsupported", "known")

#: A frame in a traceback, with its line of the source.
_FRAME = re.compile(r'^  File "(.*)", line \d+, in .*(?:\n    .*)?', re.M)
#: Where this package has its frames.
_OURS = (Path(__file__).parent, Path(__file__).parent / "frameworks")


@dataclass(frozen=True)
class Cause:
    """A known mistake that the wrong answers equal, or else the rule that they break.

    name is that of the divergence, or of the rule; title says what is wrong, and where. explains is
    the number of wrong answers that it explains, of all of the module: a check has an answer for
    each output, and one if the call is to be refused. example is a small call that shows it. lead
    says that it explains less than four fifths of what it should: somewhere to look, no finding.
    """

    name: str
    title: str
    explains: int
    of: int
    right: str = ""
    rule: str = ""
    links: tuple[str, ...] = ()
    example: str = ""
    lead: bool = False

    def __str__(self) -> str:
        answers = "answer that fails" if self.of == 1 else "answers that fail"
        lead = LEAD if self.lead else ""
        lines = [f"{lead}{self.name}: {self.title} ({self.explains} of {self.of} {answers})"]
        lines += [f"  right: {self.right}"] if self.right else []
        lines += [f"  example: {self.example}"] if self.example else []
        return "\n".join(lines)


@dataclass(frozen=True)
class Failure:
    """A check that fails.

    outcome is fail, error, crash, timeout, malformed, not-run or fixed; gates says whether it
    decides about the verdict.
    """

    id: str
    outcome: str
    rule: str
    statement: str
    message: str
    gates: bool = True
    diagnosis: str = ""

    def __str__(self) -> str:
        text = f"{self.id}: {self.outcome}\n  rule {self.rule}: {self.statement}"
        return "\n".join([text, *(f"  {line}" for line in self.message.splitlines())])


@dataclass
class Result:
    """The result of lossproof.check.

    json is the result of the binary; docs/protocol.md and its schema describe it. report is the
    text that it writes. layouts has a result for each layout that was asked for beside the first.
    baseline is the file of the known failures.
    """

    json: dict[str, Any]
    report: str
    claim: str
    layout: str = "contiguous"
    layouts: dict[str, Result] = field(default_factory=dict)
    baseline: str = ""

    @property
    def passed(self) -> bool:
        """Whether nothing gates: conformant, or failing as the baseline says."""
        return all(bool(r.json["summary"]["passed"]) for r in self._all())

    @property
    def conformant(self) -> bool:
        """Whether everything that was asked for passes."""
        return all(bool(r.json["summary"]["conformant"]) for r in self._all())

    @property
    def verdict(self) -> str:
        """The sentences of the verdict, one for each layout."""
        text = "\n".join(
            line + (f" [{r.layout}]" if r.layout != "contiguous" else "")
            for r in self._all()
            for line in r.json["summary"]["verdict"]
            if not line.startswith("not claimed")
        )
        return text or "no verdict: nothing was asked, for what was selected is of another module"

    def _all(self) -> list[Result]:
        return [self, *self.layouts.values()]

    @cached_property
    def failures(self) -> list[Failure]:
        """The checks that fail, the plainest first; each layout after the other.

        Those of quirks are left out.
        """
        return [failure for r in self._all() for failure in r._failures()]

    def _failures(self) -> list[Failure]:
        found = []
        for raw in sorted(filter(_fails, checks(self.json)), key=_plainness):
            found.append(
                Failure(
                    raw["id"] + ("" if self.layout == "contiguous" else f" [{self.layout}]"),
                    raw["outcome"],
                    raw["rule"],
                    raw["statement"],
                    "\n".join(messages(raw)),
                    diagnosis=raw.get("diagnosis", ""),
                )
            )
        return found

    @cached_property
    def causes(self) -> list[Cause]:
        """Why checks fail, as the binary found it.

        Mistakes of the catalogue that the answers equal, conditions that tell wrong answers from
        right ones, and errors; the rules of the checks that fail where there are none of these; and
        leads.
        """
        found = []
        explained = set()
        for raw in (raw for r in self._all() for raw in r.json.get("causes") or ()):
            if not raw["lead"]:
                explained.add(raw["module"])
            shown = raw.get("reproduction")
            found.append(
                Cause(
                    raw.get("name") or raw.get("rule") or raw["kind"],
                    sentence(raw),
                    raw["explains"],
                    raw["failing"],
                    raw.get("right", ""),
                    raw.get("rule", ""),
                    tuple(met["url"] for met in raw.get("met") or ()),
                    f"{shown['call']}: got {shown['got']}, want {shown['want']}" if shown else "",
                    raw["lead"],
                )
            )
        # Where a module has none, as where only laws fail: the rules that are broken.
        left = [
            raw
            for r in self._all()
            for raw in filter(_fails, checks(r.json))
            if raw["module"] not in explained
        ]
        rules: dict[str, list[dict[str, Any]]] = {}
        for raw in left:
            rules.setdefault(raw["rule"], []).append(raw)
        of = sum(map(_wrong, left))
        for rule, raws in sorted(rules.items(), key=lambda item: -sum(map(_wrong, item[1]))):
            count = sum(map(_wrong, raws))
            found.append(Cause(rule, raws[0]["statement"], count, of, rule=rule))
        return sorted(found, key=lambda cause: cause.lead)

    def summary(self, failures: int = _FAILURES) -> str:
        """The verdict, the causes and the first failures, in a bounded number of lines."""
        lines = [self.verdict]
        bare = (self.json.get("baseline") or {}).get("without_reason") or ()
        if bare:
            lines.append(
                f'{self.baseline}: write why into "reason", which is empty for {len(bare)} ids; '
                f"the first is {bare[0]}"
            )
        failing = [raw for r in self._all() for raw in filter(_fails, checks(r.json))]
        accepted = [r for r in failing if r.get("rejection") and "accepted" in r.get("message", "")]
        if failing and len(accepted) == len(failing):
            lines.append(
                "PyTorch refuses all of what fails, and the loss answers it: "
                'where that is meant, without=["rejections"] leaves it out'
            )
        if self.causes and not self.passed:
            lines.append("causes:")
            for cause in self.causes[:_CAUSES]:
                lines += [f"  {_cut(line)}" for line in str(cause).splitlines()]
            if len(self.causes) > _CAUSES:
                lines.append(f"  and {len(self.causes) - _CAUSES} more")
        if self.failures and failures:
            count = len(self.failures)
            lines.append(f"{count} checks fail, such as" if count > 1 else "1 check fails:")
            for failure in self.failures[:failures]:
                text = str(failure).splitlines()
                lines += [f"  {_cut(line)}" for line in text[:_LINES]]
                if len(text) > _LINES:
                    lines.append("    …")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<lossproof.Result\n{self.summary()}\n>"

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        """Show the result in a notebook."""
        color = "#1a7f37" if self.passed else "#cf222e"
        verdict = html.escape(self.verdict).replace("\n", "<br>")
        # A notebook may be dark: the text has its color.
        bar = f"border-left:4px solid {color};padding-left:8px"
        parts = [f'<p style="{bar}"><b>{verdict}</b></p>']
        if not self.passed:
            rows = (
                ("cause", "what is wrong", "answers that fail"),
                *map(_cells, self.causes[:_CAUSES]),
            )
            cell = '<td style="text-align:left;vertical-align:top">'
            text = "".join(f"<tr>{cell}{f'</td>{cell}'.join(row)}</td></tr>" for row in rows)
            parts.append(f"<table>{text}</table>")
        text = html.escape(self.summary())
        wrap = "white-space:pre-wrap"
        parts.append(
            f'<details><summary>report</summary><pre style="{wrap}">{text}</pre></details>'
        )
        return "".join(parts)


def fit(text: str) -> str:
    """Wrap lines that are wider than the terminal, each to its indentation."""
    width = shutil.get_terminal_size().columns

    def wrapped(line: str) -> str:
        words = line.lstrip()
        indent = line[: len(line) - len(words)]
        return textwrap.fill(
            words,
            width,
            initial_indent=indent,
            subsequent_indent=f"{indent}  ",
            break_long_words=False,
            break_on_hyphens=False,
        )

    return "\n".join(line if len(line) <= width else wrapped(line) for line in text.splitlines())


def shown(text: str) -> str:
    """Return a text as it is printed: wrapped, if stdout is a terminal."""
    return fit(text) if sys.stdout.isatty() else text


def _cells(cause: Cause) -> tuple[str, str, str]:
    """Return the row of a cause in a notebook."""
    title = html.escape(_cut(cause.title))
    if cause.example:
        title += f"<br><code>{html.escape(_cut(cause.example))}</code>"
    lead = LEAD if cause.lead else ""
    return f"{lead}<code>{html.escape(cause.name)}</code>", title, f"{cause.explains} of {cause.of}"


def _plainness(raw: dict[str, Any]) -> tuple[int, int, int]:
    """Sort checks as the report of the binary does: by how well they show what is wrong."""
    features = raw.get("features", ())
    special = (
        4 * (raw["requirement"] != "must")
        + 3 * (raw["id"].split("/")[1] in ("relations", "generated"))
        + 2 * ("nonfinite" in features or "empty" in features)
        + (raw["id"].split("/")[1].startswith("extreme") or "soft_targets" in features)
    )
    shape = re.search(r"\(([\d, ]*)\)", raw.get("call", ""))
    sizes = shape[1].split(",") if shape else []
    return special, len(features), math.prod(int(size) for size in sizes if size.strip())


def checks(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the checks of all kinds in the result JSON."""
    for kind in ("cases", "relations", "generated"):
        yield from result.get(kind) or ()


def sentence(cause: dict[str, Any]) -> str:
    """Return what is wrong, and where, of a cause in the result JSON."""
    text, where = cause["sentence"], cause.get("condition", "")
    return text if where in text else f"{text.removesuffix('.')}: {where}."


def messages(check: dict[str, Any]) -> list[str]:
    """Return what is said of a check and of its outputs. Of a traceback it is the frame within."""
    found = [check.get("message") or ""]
    for name, output in (check.get("outputs") or {}).items():
        if output["outcome"] != "pass" and output.get("message"):
            found.append(f"{name}: {output['message']}")
    return [
        head + innermost(trace)
        for head, _, trace in (text.partition("\nTraceback (most") for text in found if text)
    ]


def innermost(trace: str) -> str:
    """Return a line break and the innermost frame of a traceback that is not of this package."""
    frames = [f[0] for f in _FRAME.finditer(trace) if Path(f[1]).parent not in _OURS]
    return f"\n{frames[-1]}" if frames else ""


def _fails(check: dict[str, Any]) -> bool:
    return bool(check.get("gates")) and check["outcome"] not in _RIGHT


def _wrong(check: dict[str, Any]) -> int:
    """Return how many answers of a check that fails are wrong."""
    outputs = (check.get("outputs") or {}).values()
    return sum(o["outcome"] not in _RIGHT for o in outputs) or 1


def _cut(line: str) -> str:
    return line if len(line) <= 2 * _WIDTH else line[: 2 * _WIDTH] + "…"
