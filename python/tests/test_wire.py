"""The wire code of the package is that of the skeleton, which lossproof init writes."""

from pathlib import Path

from conftest import REPOSITORY

import lossproof._wire


def test_one_wire():
    skeleton = REPOSITORY / "ports" / "skeleton" / "python" / "wire.py"
    package = Path(lossproof._wire.__file__)
    assert package.read_bytes() == skeleton.read_bytes(), f"cp {skeleton} {package}"
