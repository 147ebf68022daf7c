"""Where the basis of a rule is to be read."""

from __future__ import annotations

from .model import MODULES

DOCS = {module: f"https://docs.pytorch.org/docs/2.15/generated/torch.nn.{module}.html" for module in MODULES}
ISSUE = "https://github.com/pytorch/pytorch/issues/"
PULL = "https://github.com/pytorch/pytorch/pull/"
TESTS = "https://github.com/pytorch/pytorch/blob/v2.15.0/test/test_nn.py"
MODULE_TESTS = "https://github.com/pytorch/pytorch/blob/v2.15.0/torch/testing/_internal/common_modules.py"
CRITERIA = "https://github.com/pytorch/pytorch/blob/v2.15.0/torch/testing/_internal/common_nn.py"
OPINFO = (
    "https://github.com/pytorch/pytorch/blob/v2.15.0/torch/testing/_internal/common_methods_invocations.py"
)

DOC = "doc"  # stands for the module's documentation page
