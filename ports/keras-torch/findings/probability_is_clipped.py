"""binary_crossentropy clips a probability to [1e-7, 1 - 1e-7]: beyond, the gradient is 0."""

import math
import os

os.environ["KERAS_BACKEND"] = "torch"
import keras
import torch

for p in (0.5, 1e-6, 1e-8):
    x = torch.tensor([p], dtype=torch.float64, requires_grad=True)
    loss = keras.ops.binary_crossentropy(torch.ones_like(x), x)
    loss.sum().backward()
    print(f"p={p} t=1: loss {loss.item():.8f} exact {-math.log(p):.8f},", end=" ")
    print(f"gradient {x.grad.item():.8g} exact {-1 / p:.8g}")
