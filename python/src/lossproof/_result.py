"""What came of a check."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

#: How much of a result is shown.
_CAUSES, _FAILURES, _LINES, _WIDTH = 8, 3, 6, 160


@dataclass(frozen=True)
class Cause:
    """A known mistake that the wrong answers equal, or else a rule that they break.

    name is that of the divergence, or of the rule; explains is the number of checks that fail for
    it, of all that fail.
    """

    name: str
    title: str
    explains: int
    of: int
    right: str = ""
    rule: str = ""
    links: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.name}: {self.title} ({self.explains} of {self.of})"
        return text + (f"\n    right: {self.right}" if self.right else "")


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
    """

    json: dict[str, Any]
    report: str
    claim: str
    layout: str = "contiguous"
    layouts: dict[str, Result] = field(default_factory=dict)

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
        return "\n".join(
            line + (f" [{r.layout}]" if r.layout != "contiguous" else "")
            for r in self._all()
            for line in r.json["summary"]["verdict"]
            if not line.startswith("not claimed")
        )

    def _all(self) -> list[Result]:
        return [self, *self.layouts.values()]

    @cached_property
    def failures(self) -> list[Failure]:
        """The checks that fail, those of quirks left out, each layout after the other."""
        return [failure for r in self._all() for failure in r._failures()]

    def _failures(self) -> list[Failure]:
        found = []
        for raw in (*self.json.get("cases", ()), *self.json.get("relations", ())):
            if raw["outcome"] in ("pass", "unsupported", "known") or not raw.get("gates"):
                continue
            messages = [raw.get("message", "")]
            for name, output in raw.get("outputs", {}).items():
                if output.get("message"):
                    messages.append(f"{name}: {output['message']}")
            found.append(
                Failure(
                    raw["id"] + ("" if self.layout == "contiguous" else f" [{self.layout}]"),
                    raw["outcome"],
                    raw["rule"],
                    raw["statement"],
                    "\n".join(filter(None, messages)),
                    diagnosis=raw.get("diagnosis", ""),
                )
            )
        return found

    @cached_property
    def causes(self) -> list[Cause]:
        """Why checks fail: the mistakes of the catalogue that the answers equal, then the rules
        broken by what these do not explain, the most frequent first."""
        findings = {
            f["divergence"]: f
            for r in self._all()
            for diagnosis in r.json.get("diagnoses", ())
            for f in diagnosis.get("findings") or ()
        }
        groups: dict[tuple[bool, str], list[Failure]] = {}
        for failure in self.failures:
            named = failure.diagnosis in findings
            name = failure.diagnosis if named else failure.rule
            groups.setdefault((not named, name), []).append(failure)
        found = []
        for (_, name), failures in sorted(groups.items(), key=lambda g: (g[0][0], -len(g[1]))):
            f = findings.get(name, {"title": failures[0].statement, "rule": name})
            links = tuple(met["url"] for met in f.get("met") or ())
            right, rule = f.get("right", ""), f.get("rule", "")
            count = len(failures)
            found.append(Cause(name, f["title"], count, len(self.failures), right, rule, links))
        return found

    def summary(self, failures: int = _FAILURES) -> str:
        """The verdict, the causes and the first failures, in a bounded number of lines."""
        lines = [self.verdict]
        if self.causes and not self.passed:
            lines.append("causes:")
            lines += [f"  {_cut(str(cause))}" for cause in self.causes[:_CAUSES]]
            if len(self.causes) > _CAUSES:
                lines.append(f"  and {len(self.causes) - _CAUSES} more")
        if self.failures and failures:
            lines.append(f"{len(self.failures)} checks fail, such as")
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
        parts = [f'<p style="color:{color}"><b>{html.escape(self.verdict)}</b></p>']
        if not self.passed:
            rows = "".join(
                f"<tr><td><code>{html.escape(c.name)}</code></td>"
                f"<td>{html.escape(c.title)}</td><td>{c.explains} of {c.of}</td></tr>"
                for c in self.causes[:_CAUSES]
            )
            parts.append(f"<table><tr><th>cause</th><th></th><th></th></tr>{rows}</table>")
        text = html.escape(self.summary())
        parts.append(f"<details><summary>report</summary><pre>{text}</pre></details>")
        return "".join(parts)


def _cut(line: str) -> str:
    return line if len(line) <= 2 * _WIDTH else line[: 2 * _WIDTH] + "…"
