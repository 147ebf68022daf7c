import lossproof
from optax import sigmoid_binary_cross_entropy as loss

names = {"input": "logits", "target": "labels"}  # would be found, too
lossproof.check(loss, "BCEWithLogitsLoss", names=names, select="BCEW*/rejections/*", raises=False)
