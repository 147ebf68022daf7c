"""A process that answers for an implementation: python -m lossproof._isolated PICKLE."""

from __future__ import annotations

import os
import pickle
import runpy
import sys
import types
from pathlib import Path

from lossproof._run import INSIDE
from lossproof._wire import serve


def main() -> None:
    sys.path, main_file, payload = pickle.loads(Path(sys.argv[1]).read_bytes())
    os.environ[INSIDE] = "1"
    if main_file and b"__main__" in payload:
        # As multiprocessing does it: what the caller's script defines, without its main part.
        module = types.ModuleType("__mp_main__")
        module.__dict__.update(runpy.run_path(main_file, run_name="__mp_main__"))
        sys.modules["__main__"] = sys.modules["__mp_main__"] = module
    loss, layout, reductions, description = pickle.loads(payload)
    port = loss.port(layout)
    if isinstance(reductions, str):
        port.set_reductions(reductions)
    with port.session():
        serve(description, port.evaluate)
    sys.stderr.flush()
    os._exit(0)  # unloading a framework takes seconds, and nothing is left to be done


if __name__ == "__main__":
    main()
