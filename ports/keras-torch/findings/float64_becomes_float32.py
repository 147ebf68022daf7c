"""A loss with dtype="float64" computes float32 on PyTorch."""

import os

os.environ["KERAS_BACKEND"] = "torch"
import keras
import torch

x, t = torch.tensor([[1.0]], dtype=torch.float64), torch.tensor([[0.0]], dtype=torch.float64)
for reduction in ("sum_over_batch_size", "sum", "none"):
    loss = keras.losses.BinaryCrossentropy(from_logits=True, reduction=reduction, dtype="float64")
    print(reduction, loss(t, x).dtype)
