"""The mean over an empty batch has no elements instead of being a number."""

import os

os.environ["KERAS_BACKEND"] = "torch"
import keras
import torch

x, t = torch.zeros(0, 3), torch.zeros(0, 3)
print("shape of the mean:", tuple(keras.losses.BinaryCrossentropy(from_logits=True)(t, x).shape))
print("shape of PyTorch's:", tuple(torch.nn.BCEWithLogitsLoss()(x, t).shape))
