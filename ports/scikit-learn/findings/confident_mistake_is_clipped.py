"""A prediction of 0 for a label of 1 costs about 36, where PyTorch's clamp makes it 100.

log_loss clips probabilities at the epsilon of their dtype, as documented.
"""

import numpy as np
from sklearn.metrics import log_loss

for p in (0.0, 1e-18, 1e-15):
    print(f"p = {p}: log_loss {log_loss([1], [p], labels=[0, 1]):.4f}, -log(p)", end=" ")
    with np.errstate(divide="ignore"):
        print(f"{-np.log(p):.4f}")
