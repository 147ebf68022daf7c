import lossproof
from keras.losses import BinaryCrossentropy as Loss

module, arguments = "MultiLabelSoftMarginLoss", {"from_logits": True}
lossproof.check(Loss, module, arguments=arguments, select="Multi*/rejections/*", raises=False)
