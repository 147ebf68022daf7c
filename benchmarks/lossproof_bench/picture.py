"""Draws the figures of docs/performance.md, and says which are not reached: from its table."""

import math
from html import escape

from .figures import COMPILED

STYLE = """<style>
text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600}
.back{fill:#fff}.grid{stroke:#d8dee4}.eager{fill:#0072b2}.compiled{fill:#c98a00}.one{stroke:#6e7781}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.back{fill:#0d1117}.grid{stroke:#30363d}
.eager{fill:#56b4e9}.compiled{fill:#f0b429}.one{stroke:#9198a1}}
</style>
"""
LEFT, RIGHT, TOP, BAR, STEP = 356, 890, 62, 13, 36
MOST = 100  # the axis is logarithmic, from 1


def rows(page: str) -> list[tuple[str, list[tuple[str, float | None, float]]]]:
    """The lines of the table of figures: what is timed, and to what: what was reached, the aim."""
    lines = iter(page.splitlines())
    if not any(line.startswith("| work | to reach |") for line in lines):
        raise ValueError("got no line '| work | to reach |', want the table of figures")
    next(lines)
    found = []
    for line in lines:
        if not line.startswith("|"):
            break
        work, aim, one, two, aim_compiled, compiled = (
            c.strip() for c in line.strip("|").split("|")
        )
        to = zip(
            ("PyTorch eager, 1 thread", "PyTorch eager, 2 threads", f"{COMPILED}, 1 thread"),
            (one, two, compiled),
            (aim, aim, aim_compiled),
            strict=True,
        )
        found.append((work, [(what, number(got), number(want)) for what, got, want in to]))
    return found


def number(cell: str) -> float | None:
    return float(cell.rstrip("×")) if cell.endswith("×") else None


def missed(page: str) -> str:
    """A table of the figures that are not reached."""
    lines = [
        f"| {work} | {what} | {got:g}× | {aim:g}× |"
        for work, figures in rows(page)
        for what, got, aim in figures
        if got is not None and got < aim
    ]
    return "\n".join(
        ["| work | to | reached | aim |", "|---|---|---|---|", *(lines or ["| none | | | |"])]
    )


def draw(page: str) -> str:
    """The ratios with one thread, as SVG."""
    works = rows(page)
    bottom = TOP + STEP * len(works)

    def x(ratio: float) -> float:
        return LEFT + (RIGHT - LEFT) * math.log(min(max(ratio, 1), MOST)) / math.log(MOST)

    def text(at: float, y: float, content: str, more: str = "") -> str:
        return f'<text x="{at:.1f}" y="{y:.1f}"{more}>{escape(content)}</text>'

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 {bottom + 34}" width="960" '
        f'height="{bottom + 34}" role="img" aria-label="How many times as long PyTorch takes">',
        STYLE + '<rect class="back" width="100%" height="100%"/>',
        text(16, 22, "How many times as long PyTorch takes: float32, 1 thread", ' class="title"'),
    ]
    for at, name, label in ((16, "eager", "PyTorch eager"), (156, "compiled", COMPILED)):
        parts.append(f'<rect class="{name}" x="{at}" y="34" width="{BAR}" height="{BAR}"/>')
        parts.append(text(at + 19, 45, label))
    for ratio in (1, 2, 5, 10, 20, 50, 100):
        line = "one" if ratio == 1 else "grid"
        parts.append(f'<path class="{line}" d="M{x(ratio):.1f} {TOP - 6}V{bottom}"/>')
        parts.append(text(x(ratio), bottom + 18, f"{ratio}×", ' text-anchor="middle"'))
    for k, (work, figures) in enumerate(works):
        y = TOP + STEP * k
        parts.append(text(LEFT - 10, y + BAR + 4, work, ' text-anchor="end"'))
        for j, (name, (_, got, _)) in enumerate(
            zip(("eager", "compiled"), figures[::2], strict=True)
        ):
            if got is None:
                continue
            top = y + j * (BAR + 1)
            width = x(got) - LEFT
            parts.append(
                f'<rect class="{name}" x="{LEFT}" y="{top}" width="{width:.1f}" height="{BAR}"/>'
            )
            parts.append(text(x(got) + 5, top + 11, f"{got:g}×"))
    return "\n".join(parts) + "\n</svg>\n"
