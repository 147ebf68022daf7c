"""Liger's cross-entropy as a port of lossproof, its Triton kernels in Triton's interpreter.

It takes rows of classes, (N, C).
"""

import os
import sys
from pathlib import Path

os.environ["TRITON_INTERPRET"] = "1"
from liger_kernel.transformers import LigerCrossEntropyLoss

sys.path.insert(0, str(Path(__file__).parents[1]))
from adapter import Loss, serve, versions

serve(
    Loss(LigerCrossEntropyLoss, "CrossEntropyLoss", names={"input": "_input"}, framework="torch"),
    name="LigerCrossEntropyLoss",
    version=versions("liger-kernel", "torch", "triton"),
    slow=True,
)
