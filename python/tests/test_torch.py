import os

import pytest
from conftest import REPOSITORY, judged

import lossproof
from lossproof._result import checks

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.skipif(
    not os.environ.get("LOSSPROOF_FULL"), reason="LOSSPROOF_FULL asks for it"
)
MODULES = ("BCEWithLogitsLoss", "MultiLabelSoftMarginLoss", "BCELoss", "CrossEntropyLoss")


@pytest.fixture(scope="module")
def over_the_wire(tmp_path_factory):
    port = REPOSITORY / "ports" / "pytorch" / "port.py"
    return judged([str(port)], tmp_path_factory.mktemp("wire") / "result.json")


@pytest.mark.parametrize("module", MODULES)
def test_the_same_as_over_the_wire(module, over_the_wire):
    result = lossproof.check(getattr(torch.nn, module))
    assert result.json["claim"][module] == over_the_wire["claim"][module]
    # A law between two modules needs both.
    got, want = (
        {
            check["id"]: (check["outcome"], {n: o["outcome"] for n, o in outputs(check)})
            for check in checks(found)
            if check["module"] == module
        }
        for found in (result.json, over_the_wire)
    )
    between = {id for id in got if "/relations/" in id and got[id][0] == "unsupported"}
    assert len(between) <= 3
    assert {i: o for i, o in got.items() if i not in between} == {
        i: o for i, o in want.items() if i not in between
    }


def outputs(check):
    return check.get("outputs", {}).items()


def test_layouts():
    """Views are views whatever their dtype, which test_frameworks.py has."""
    layouts = ["transposed", "strided", "expanded", "offset"]
    result = lossproof.check(torch.nn.BCEWithLogitsLoss, layouts=layouts, select="*/f32-*")
    assert result.conformant and list(result.layouts) == layouts[1:]


def test_a_kernel_that_reads_as_if_contiguous():
    def loss(input, target, reduction="mean"):
        flat = torch.as_strided(input, input.shape, torch.empty(input.shape).stride())
        return torch.nn.functional.binary_cross_entropy(flat, target, reduction=reduction)

    layouts = ("contiguous", "transposed", "offset")
    result = lossproof.check(
        loss, "BCELoss", layouts=layouts, select="BCELoss/weights/f32-none-*",
        without=["rejections"], raises=False,
    )  # fmt: skip
    assert not result.passed
