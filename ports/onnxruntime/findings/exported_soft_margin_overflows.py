"""MultiLabelSoftMarginLoss, exported by torch.onnx, takes the logarithm of a sigmoid."""

import io
import warnings

import torch

import onnx
import onnxruntime

warnings.simplefilter("ignore")
loss = torch.nn.MultiLabelSoftMarginLoss(reduction="none")
x, t = torch.tensor([[-200.0], [-20.0], [-10.0]]), torch.tensor([[1.0], [0.0], [0.0]])
file = io.BytesIO()
torch.onnx.export(loss, (x, t), file, input_names=["x", "t"], output_names=["loss"], dynamo=False)
model = onnx.load_from_string(file.getvalue())
print("exported as", " ".join(node.op_type for node in model.graph.node))
got = onnxruntime.InferenceSession(file.getvalue()).run(None, {"x": x.numpy(), "t": t.numpy()})
print("ONNX Runtime", got[0].tolist())
print("torch       ", loss(x, t).tolist())
print("exact       ", loss(x.double(), t.double()).tolist())
