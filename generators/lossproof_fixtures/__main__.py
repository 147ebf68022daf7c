"""python -m lossproof_fixtures --out DIR | --check DIR"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="lossproof_fixtures", description="Makes the lossproof fixtures from PyTorch."
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument(
        "--out", type=Path, metavar="DIR", help="write the fixtures into DIR, which is replaced"
    )
    action.add_argument(
        "--check", type=Path, metavar="DIR", help="make them anew and compare with DIR, byte for byte"
    )
    action.add_argument("--hash", action="store_true", help="print the hash of the generator")
    parser.add_argument(
        "--modules",
        metavar="A,B",
        help="with --out: make these modules anew, keep what DIR has of the others",
    )
    parser.add_argument("--jobs", type=int, help="processes for the oracle (default: one per core)")
    arguments = parser.parse_args()

    if arguments.hash:
        from .source_hash import source_hash

        print(source_hash())
        return 0

    from .build import build
    from .check import compare
    from .model import MODULES

    if arguments.out:
        build(arguments.out, arguments.jobs, arguments.modules.split(",") if arguments.modules else MODULES)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "data"
        build(made, arguments.jobs)
        return compare(arguments.check, made)


if __name__ == "__main__":
    sys.exit(main())
