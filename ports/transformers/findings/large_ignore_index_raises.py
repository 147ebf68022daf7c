"""LabelSmoother ignores no index that is larger than the classes: it raises an error."""

import torch
from transformers.trainer_pt_utils import LabelSmoother

logits = torch.zeros(2, 3)
for ignored in (-100, 255):
    labels = torch.tensor([0, ignored])
    exact = torch.nn.functional.cross_entropy(logits, labels, ignore_index=ignored).item()
    print(f"ignore_index {ignored}: CrossEntropyLoss {exact:.4f}, LabelSmoother", end=" ")
    try:
        loss = LabelSmoother(epsilon=0.0, ignore_index=ignored)({"logits": logits}, labels)
        print(f"{loss.item():.4f}")
    except RuntimeError as err:
        print(f"RuntimeError: {err}")
