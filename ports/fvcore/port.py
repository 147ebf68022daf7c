"""fvcore.nn.sigmoid_focal_loss at gamma 0 as a port of lossproof."""

import sys
from pathlib import Path

from fvcore.nn import sigmoid_focal_loss

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, serve, versions

PLAIN = {"alpha": -1, "gamma": 0}

serve(
    Loss(sigmoid_focal_loss, "BCEWithLogitsLoss", framework="torch", arguments=PLAIN),
    name="fvcore.nn.sigmoid_focal_loss",
    version=versions("fvcore", "torch"),
)
