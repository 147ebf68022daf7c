import lossproof
import torch

lossproof.check(torch.nn.CrossEntropyLoss)
