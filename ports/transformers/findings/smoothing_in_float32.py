"""LabelSmoother sums the logarithms of all classes in float32, also for float64."""

import torch
from transformers.trainer_pt_utils import LabelSmoother

logits, labels = torch.zeros(1, 2, dtype=torch.float64), torch.tensor([0])
loss = LabelSmoother(epsilon=0.1)({"logits": logits}, labels)
exact = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.1)
print(f"LabelSmoother {loss.dtype} {loss.item()}, CrossEntropyLoss {exact.item()}")
