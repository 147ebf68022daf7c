"""tinygrad as a port of lossproof: the losses of Tensor, compiled by clang."""

import sys
from pathlib import Path

from tinygrad import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, serve, versions

NAMES = {"input": "self", "target": "Y"}

serve(
    Loss(Tensor.binary_crossentropy_logits, "BCEWithLogitsLoss", names=NAMES),
    Loss(Tensor.binary_crossentropy, "BCELoss", names=NAMES),
    Loss(Tensor.cross_entropy, "CrossEntropyLoss", names=NAMES),
    name="tinygrad",
    version=versions("tinygrad"),
    slow=True,
)
