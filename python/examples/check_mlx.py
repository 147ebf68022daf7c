import lossproof
from mlx.nn.losses import binary_cross_entropy

lossproof.check(binary_cross_entropy, "BCEWithLogitsLoss", raises=False)
