"""Writes the tables of docs/performance.md."""

import math

from .figures import COMPILED, EAGER, FIGURES, reached
from .measure import Times
from .rows import HALVES

#: The parts of the page that are written: all tables, or the figures to reach alone.
TABLES, FIGURES_ALONE = "lossproof bench", "lossproof bench --figures"
#: What is made of the table of figures: the list of those that are not reached.
MISSED = "lossproof bench: not reached"


def update(page: str, content: str, part: str = TABLES) -> str:
    """The page with the content between the markers of a part, each of which stands there once."""
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    for marker in (begin, end):
        if (count := page.count(f"\n{marker}\n")) != 1:
            raise ValueError(f"got the line {marker!r} {count} times, want it once")
    before, rest = page.split(begin + "\n")
    if end not in rest:
        raise ValueError(f"got the line {end!r} before {begin!r}")
    after = rest.split(end + "\n")[1]
    return f"{before}{begin}\n\n{content.strip()}\n\n{end}\n{after}"


def figures_alone(results: list[dict], machine: dict, path: str, torch: dict, quick: bool) -> str:
    """The machine and the figures to reach."""
    return "\n\n".join(
        [describe(machine, path, torch), *trial(quick), figures(results, torch["capability"])]
    )


def content(results: list[dict], machine: dict, path: str, torch: dict, quick: bool) -> str:
    """The machine, the figures to reach, and all times."""
    parts = ["## The machine", describe(machine, path, torch), *trial(quick)]
    parts += ["## The figures to reach", figures(results, torch["capability"])]
    if timed := [r for r in results if any(name in r["times"] for name in torch["peers"])]:
        parts += ["## Other peers", peers(timed, torch["peers"])]
    threads = sorted({r["row"].threads for r in results})
    for n in threads:
        for dtype in ("float32", "float64", *HALVES):
            chosen = [r for r in results if r["row"].threads == n and r["row"].dtype == dtype]
            if chosen:
                parts += [f"## {dtype}, {n} thread{'s' if n > 1 else ''}", times(chosen)]
    if failures := sorted({t for r in results for t in r["times"].values() if isinstance(t, str)}):
        parts.append("torch.compile failed: " + "; ".join(f"`{f}`" for f in failures) + ".")
    return "\n\n".join(parts)


def trial(quick: bool) -> list[str]:
    return ["**This is `--quick`: a few rows and rounds, for trying.**"] if quick else []


def describe(machine: dict, path: str, torch: dict) -> str:
    instructions = ", ".join(machine["simd"] or ["none that matters here"])
    return (
        f"- CPU: {machine['cpu']}, {machine['cores']} cores; it has {instructions}\n"
        f"- lossproof: {machine['go']}, {machine['platform']}; computed by {path}\n"
        f"- PyTorch {torch['version']}, whose kernels use {torch['capability']}; "
        f"Python {torch['python']}"
    )


def figures(results: list[dict], capability: str) -> str:
    lines = [
        "Ratios of the fastest rounds, PyTorch's time to lossproof's, float32.\n",
        table_line(["work", "to reach", "1 thread", "2 threads"] + ["to reach", COMPILED]),
        "|---|---|---|---|---|---|",
    ]
    for figure in FIGURES:
        least = figure.avx512 if capability.startswith("AVX512") else figure.avx2
        eager = [against(reached(figure, results, n, EAGER)) for n in (1, 2)]
        compiled = against(reached(figure, results, 1, COMPILED))
        cells = [figure.text, f"{least:g}×", *eager, f"{figure.compiled:g}×", compiled]
        lines.append(table_line(cells))
    return "\n".join(lines)


def against(number: float | None) -> str:
    """What was reached, rounded down: it is compared with a figure to reach."""
    return "not timed" if number is None else ratio(math.floor(10 * number + 1e-9) / 10)


def times(results: list[dict]) -> str:
    header = ["module", "work", "shape", "lossproof (ms)", "of a plain read"]
    header += ["PyTorch eager (ms)", "ratio", "torch.compile (ms)", "ratio"]
    lines = [table_line(header), "|" + "---|" * len(header)]
    for result in results:
        row, by_name = result["row"], result["times"]
        ours = by_name["lossproof"]
        cells = [row.module, row.work, row.shape_text.replace("x", "×"), both(ours)]
        cells.append(f"{100 * result['read'] / ours.minimum:.0f} %")
        for name in (EAGER, COMPILED):
            theirs = by_name.get(name)
            if isinstance(theirs, Times):
                fastest, median = theirs.minimum / ours.minimum, theirs.median / ours.median
                cells += [both(theirs), f"{ratio(fastest)} ({ratio(median)})"]
            else:
                cells += ["failed" if theirs else "", ""]
        lines.append(table_line(cells))
    return "\n".join(lines)


def peers(results: list[dict], names: list[str]) -> str:
    """The times of peers with one thread, and their ratios to lossproof's."""
    header = ["float32, 1 thread", "lossproof (ms)", *names]
    lines = [table_line(header), "|" + "---|" * len(header)]
    for result in results:
        row, by_name = result["row"], result["times"]
        ours = by_name["lossproof"]
        cells = [f"{row.module} {row.work}, {row.shape_text.replace('x', '×')}", both(ours)]
        for name in names:
            theirs = by_name.get(name)
            cells.append(
                f"{both(theirs)}: {ratio(theirs.minimum / ours.minimum)}" if theirs else ""
            )
        lines.append(table_line(cells))
    return "\n".join(lines)


def ratio(r: float) -> str:
    return f"{r:.0f}×" if r >= 20 else f"{r:.1f}×"


def both(t: Times) -> str:
    """The minimum and the median in milliseconds."""
    return f"{t.minimum / 1e6:.4g} ({t.median / 1e6:.4g})"


def table_line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
