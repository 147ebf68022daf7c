"""python -m lossproof_bench: see --help."""

import argparse
import os
import platform
import sys
from pathlib import Path

import torch
from torch._inductor import config as inductor

from . import page, picture
from .contenders import Lossproof, PyTorch, Tensors
from .figures import FIGURES
from .measure import run
from .peers import Jax, NumExpr, OnnxRuntime
from .rows import all_rows, quick_rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="lossproof_bench", description=__doc__)
    parser.add_argument("--lossproof", required=True, help="the program lossproof")
    parser.add_argument("--page", type=Path, help="write the tables between its markers")
    parser.add_argument("--quick", action="store_true", help="a few rows and rounds, for trying")
    parser.add_argument(
        "--avx2", action="store_true", help="keep both to AVX2 where they would use AVX-512"
    )
    parser.add_argument(
        "--figures", action="store_true", help="time and write what has a figure to reach alone"
    )
    parser.add_argument(
        "--picture", action="store_true", help="draw the figures of the page anew, and time nothing"
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="per row, about")
    parser.add_argument("--rounds", type=int, default=30, help="per row, at most")
    arguments = parser.parse_args()
    if arguments.picture:
        draw(arguments.page)
        return 0
    part = page.FIGURES_ALONE if arguments.figures else page.TABLES
    if arguments.page:  # one without markers is found before the work
        page.update(arguments.page.read_text(encoding="utf-8"), "", part)
    if arguments.quick:
        arguments.seconds, arguments.rounds = min(arguments.seconds, 0.5), min(arguments.rounds, 5)

    if arguments.avx2:
        use_avx2()
    lossproof, tensors = Lossproof([arguments.lossproof]), Tensors()
    rows = quick_rows() if arguments.quick else all_rows()
    if arguments.figures:
        rows = [row for row in rows if any(figure.of(row) for figure in FIGURES)]
    torches = [PyTorch(tensors, compiled) for compiled in (False, True)]
    # The table of figures alone has no peers.
    peers = [] if arguments.figures else [peer(tensors) for peer in (Jax, OnnxRuntime, NumExpr)]
    results = run(rows, [lossproof, *torches, *peers], arguments.seconds, arguments.rounds)
    lossproof.close()

    details = {
        "version": torch.__version__.split("+")[0],
        "capability": torch.backends.cpu.get_cpu_capability()
        + (" (restricted to it)" if arguments.avx2 else ""),
        "python": platform.python_version(),
        "peers": [peer.name for peer in peers],
    }
    write = page.figures_alone if arguments.figures else page.content
    content = write(results, lossproof.machine, lossproof.path, details, arguments.quick)
    if arguments.page:  # as it is now: it may have been edited during the work
        text = arguments.page.read_text(encoding="utf-8")
        arguments.page.write_text(page.update(text, content, part), encoding="utf-8")
        draw(arguments.page)
    else:
        print(content)
    return 0


def draw(path: Path) -> None:
    """Writes the picture of the page's figures, and which of them are not reached."""
    text = path.read_text(encoding="utf-8")
    text = page.update(text, picture.missed(text), page.MISSED)
    path.write_text(text, encoding="utf-8")
    (path.parent / "plots" / "performance.svg").write_text(picture.draw(text), encoding="utf-8")


def use_avx2() -> None:
    """Keeps lossproof, PyTorch and JAX to AVX2; they choose their kernels at the first call."""
    os.environ["LOSSPROOF_KERNEL"] = "avx2"
    os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
    os.environ["XLA_FLAGS"] += " --xla_cpu_max_isa=AVX2"
    inductor.cpp.simdlen = 256
    if (capability := torch.backends.cpu.get_cpu_capability()) != "AVX2":
        raise SystemExit(f"--avx2: PyTorch uses {capability}")


sys.exit(main())
