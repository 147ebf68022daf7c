import lossproof
from tinygrad import Tensor

loss, names = Tensor.binary_crossentropy_logits, {"input": "self", "target": "Y"}
lossproof.check(loss, "BCEWithLogitsLoss", names=names, select="BCEW*/f32-none-*", raises=False)
