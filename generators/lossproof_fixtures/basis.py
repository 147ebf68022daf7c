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

# The options that all modules have. What torch warns of was recorded with warnings.catch_warnings.

INVALID_REDUCTION = "The page lists 'none', 'mean' and 'sum'. The constructor takes any reduction, the call raises ValueError."
REFUSED_REDUCTIONS = (
    "A reduction other than 'none', 'mean', 'sum' and the old name 'elementwise_mean' is refused."
)
OLD_NAME = (
    "The call accepts it with the UserWarning \"reduction='elementwise_mean' is deprecated."
    " Please use reduction='mean' instead.\""
)
LEGACY_FLAGS = (
    'The parameters size_average and reduce. The constructor accepts them with the UserWarning "size_average and'
    " reduce args will be deprecated, please use reduction='sum' instead.\", or what else they mean; the call does not warn."
)
