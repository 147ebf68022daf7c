"""Builds the Go binary into the wheel, and the Go source into the sdist.

LOSSPROOF_PLATFORM is the platform of the wheel, one of PLATFORMS; that of this machine if it is not
set.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = Path(__file__).resolve().parent
#: The Go module: that of the checkout, or its copy in an sdist.
SOURCE = HERE / "go" if (HERE / "go" / "go.mod").exists() else HERE.parent

#: The tags of the wheel of each platform: what the binary runs on. It is static, so that it needs
#: no particular libc; Go 1.26 needs macOS 12.
PLATFORMS = {
    "linux/amd64": "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64",
    "linux/arm64": "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
    "darwin/amd64": "macosx_12_0_x86_64",
    "darwin/arm64": "macosx_12_0_arm64",
    "windows/amd64": "win_amd64",
}

#: What of the checkout the binary is built from.
GO_PATHS = (
    "LICENSE",
    "go.mod",
    "go.sum",
    "cmd",
    "fixtures",
    "internal",
    "judge",
    "lab",
    "loss",
    "ports",
    "suites",
    "tensor",
)


def version() -> str:
    """Return the version of the tool, as Go has it."""
    text = (SOURCE / "internal" / "version" / "version.go").read_text(encoding="utf-8")
    found = re.search(r'const Tool = "([^"]+)"', text)
    assert found, "internal/version/version.go has no Tool"
    return found[1].replace("-dev", ".dev0")


class CustomBuildHook(BuildHookInterface):
    """The hook of both targets."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add what does not lie in the folder of the package."""
        include = build_data["force_include"]
        if self.target_name == "sdist":
            for path in sources():
                include[str(SOURCE / path)] = f"go/{path}"
            return
        goal = os.environ.get("LOSSPROOF_PLATFORM") or this_platform()
        if goal not in PLATFORMS:
            raise ValueError(
                f"LOSSPROOF_PLATFORM: got {goal!r}, want one of {', '.join(PLATFORMS)}"
            )
        name = "lossproof.exe" if goal.startswith("windows/") else "lossproof"
        binary = HERE / "build" / goal / name
        licenses = binary.with_name("LICENSES.txt")
        subprocess.run(
            [
                *("go", "run", "./internal/dist", "-o", str(binary)),
                *("-platform", goal, "-licenses", str(licenses)),
            ],
            cwd=SOURCE,
            check=True,
        )
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{PLATFORMS[goal]}"
        build_data["shared_scripts"][str(binary)] = name
        include[str(licenses)] = "lossproof/LICENSES.txt"
        include[str(SOURCE / "fixtures" / "data" / "modules.json")] = "lossproof/modules.json"


def this_platform() -> str:
    """Return the platform of this machine, as Go names it."""
    machine = platform.machine().lower()
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return f"{platform.system().lower()}/{machine}"


def sources() -> list[str]:
    """Return the files of the Go module that the binary is built from."""
    if HERE.parent != SOURCE:  # an sdist of an sdist
        files = [p.relative_to(SOURCE).as_posix() for p in SOURCE.rglob("*") if p.is_file()]
        return sorted(files)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *GO_PATHS], cwd=SOURCE, check=True, capture_output=True
    ).stdout.decode()
    # Not the tests, nor what is in other languages.
    return [
        path
        for path in listed.split("\0")
        if path
        and not path.endswith("_test.go")
        and "/testdata/" not in path
        and not re.match(
            r"(fixtures/walkers|ports/(?!(builtin|process|skeleton|wire)/)\w[^/]*)/", path
        )
    ]
