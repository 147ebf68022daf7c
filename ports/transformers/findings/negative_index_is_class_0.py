"""LabelSmoother takes a negative class index that is not ignored for class 0."""

import torch
from transformers.trainer_pt_utils import LabelSmoother

logits = torch.tensor([[1.0, 2.0, 3.0]])
for index in (0, -1, -2):
    loss = LabelSmoother(epsilon=0.0)({"logits": logits}, torch.tensor([index]))
    print(f"index {index}: LabelSmoother {loss.item():.4f}", end=", torch ")
    try:
        print(f"{torch.nn.functional.cross_entropy(logits, torch.tensor([index])).item():.4f}")
    except IndexError as err:
        print(f"IndexError: {err}")
