"""torch.compile as a port of lossproof: the modules of torch.nn, compiled by Inductor for the CPU.

Nothing falls back to eager: a break of the graph raises, and so does the limit of recompilations.
Gradients are those of autograd through the compiled function. port.json turns off the caches on
disk: a gradient whose graph another process had left there raised a KeyError.
"""

import sys
from pathlib import Path

import torch
from torch._dynamo.exc import BackendCompilerFailed, InternalTorchDynamoError

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, Torch, serve, versions

LIMIT = 1 << 20  # of recompilations: each dtype, rank and option needs code of its own

torch._dynamo.config.accumulated_recompile_limit = LIMIT


def compiled(forward):
    return torch.compile(forward, fullgraph=True, dynamic=True, recompile_limit=LIMIT)


class BCEWithLogitsLoss(torch.nn.BCEWithLogitsLoss):
    forward = compiled(torch.nn.BCEWithLogitsLoss.forward)


class BCELoss(torch.nn.BCELoss):
    forward = compiled(torch.nn.BCELoss.forward)


class Compiled(Torch):
    """Torch, whose compiler may fail, which is no refusal."""

    compiles = True
    errors = (*Torch.errors, BackendCompilerFailed, InternalTorchDynamoError)


FRAMEWORK = Compiled()
#: Given in whole: to find it is to compile dozens of functions at each start.
CLAIM = {
    "dtypes": ["float32"],
    "outputs": ["loss", "grad_input", "grad_target"],
    "without": [],
}

serve(
    Loss(BCEWithLogitsLoss, framework=FRAMEWORK, claim=CLAIM),
    Loss(BCELoss, framework=FRAMEWORK, claim=CLAIM),
    name="torch.compile",
    version=versions("torch"),
    slow=True,
)
