"""pytorch_optimizer as a port of lossproof: its BCELoss, and its FocalLoss at gamma 0."""

import sys
from pathlib import Path

from pytorch_optimizer.loss import BCELoss, FocalLoss

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, serve, versions

serve(
    Loss(FocalLoss, "BCEWithLogitsLoss", framework="torch", arguments={"gamma": 0.0}),
    Loss(BCELoss, "BCELoss", framework="torch"),
    name="pytorch_optimizer",
    version=versions("pytorch-optimizer", "torch"),
)
