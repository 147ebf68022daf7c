"""Does a loss function compute what PyTorch and mathematics say?

    lossproof.check(torch.nn.BCEWithLogitsLoss)

checks a function or a class of any framework. In pytest, lossproof.conformance makes a test of each
check. lossproof.serve makes a port for the command line of it. lossproof.cases and
lossproof.verdict are for loops of your own.
"""

from importlib.metadata import PackageNotFoundError, version

from lossproof._cases import cases, verdict
from lossproof._check import check
from lossproof._conformance import conformance
from lossproof._loss import Loss
from lossproof._result import Cause, Failure, Result
from lossproof._run import RunError
from lossproof._serve import serve
from lossproof._wire import Rejected, Unsupported

try:
    __version__ = version("lossproof")
except PackageNotFoundError:  # a checkout that is not installed
    __version__ = "0"

__all__ = [
    "Cause",
    "Failure",
    "Loss",
    "Rejected",
    "Result",
    "RunError",
    "Unsupported",
    "cases",
    "check",
    "conformance",
    "serve",
    "verdict",
]
