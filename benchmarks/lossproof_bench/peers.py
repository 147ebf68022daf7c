"""What else computes losses on a CPU: JAX, ONNX Runtime, NumPy with numexpr, with one thread."""

import io
import os
import warnings

# JAX reads these when it begins.
os.environ["NPROC"] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numexpr  # noqa: E402
import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import torch  # noqa: E402

from .contenders import InProcess  # noqa: E402
from .figures import FIGURES  # noqa: E402
from .rows import BCE_LOSS, ENTROPY, Row  # noqa: E402


def formula(row: Row) -> str:
    """The losses of the elements, as numexpr and JAX read it."""
    if row.module == BCE_LOSS:
        return (
            "-t*where(log(x) > -100, log(x), -100)"
            " - (1 - t)*where(log1p(-x) > -100, log1p(-x), -100)"
        )
    return "where(x > 0, x, 0) - x*t + log1p(exp(-abs(x)))"


class Peer(InProcess):
    """One that is timed where there is a figure to reach: means, and losses of elements."""

    gradients = True

    def runs(self, row: Row) -> bool:
        figure = row.threads == 1 and any(figure.of(row) for figure in FIGURES)
        return figure and (self.gradients or not row.gradient)

    def arrays(self, row: Row) -> list[np.ndarray]:
        return [tensor.numpy() for tensor in self.tensors.get(row)]


class Jax(Peer):
    """jit of the formulas, and of their gradient by JAX."""

    name = f"JAX {jax.__version__}"

    def build(self, row: Row):
        x, t = map(jnp.asarray, self.arrays(row))

        def loss(x, t):
            if row.module == ENTROPY:
                own = jnp.take_along_axis(x, t[:, None], axis=1)[:, 0]
                losses = jax.nn.logsumexp(x, axis=1) - own
            else:
                losses = eval(formula(row), vars(jnp) | {"x": x, "t": t})
            return losses.mean() if row.reduction == "mean" else losses

        function = jax.jit(jax.value_and_grad(loss) if row.gradient else loss)
        return lambda: jax.block_until_ready(function(x, t))


class OnnxRuntime(Peer):
    """PyTorch's module, exported; the exporter has no BCELoss, and the runtime no gradient."""

    name = f"ONNX Runtime {onnxruntime.__version__}"
    gradients = False

    def runs(self, row: Row) -> bool:
        return super().runs(row) and row.module != BCE_LOSS

    def build(self, row: Row):
        module = getattr(torch.nn, row.module)(reduction=row.reduction)
        model = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter that traces is the older one
            torch.onnx.export(
                module, self.tensors.get(row), model, input_names=["x", "t"], dynamo=False
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = row.threads
        session = onnxruntime.InferenceSession(model.getvalue(), options)
        inputs = dict(zip(("x", "t"), self.arrays(row), strict=True))
        return lambda: session.run(None, inputs)[0]


class NumExpr(Peer):
    """numexpr for what is done with elements, NumPy for sums."""

    name = f"NumPy with numexpr {numexpr.__version__}"

    def build(self, row: Row):
        numexpr.set_num_threads(row.threads)
        x, t = self.arrays(row)
        if row.module == ENTROPY:
            return lambda: entropy(x, t, row.gradient)
        inputs = {"x": x, "t": t, "n": np.float32(x.size)}

        def call():
            losses = numexpr.evaluate(formula(row), inputs)
            loss = losses.mean() if row.reduction == "mean" else losses
            if row.gradient:
                return loss, numexpr.evaluate("(1/(1 + exp(-x)) - t)/n", inputs)
            return loss

        return call


def entropy(x: np.ndarray, t: np.ndarray, gradient: bool):
    """The mean of CrossEntropyLoss, and its gradient."""
    rows, m = np.arange(len(x)), x.max(axis=1, keepdims=True)
    e = numexpr.evaluate("exp(x - m)")
    s = e.sum(axis=1, keepdims=True)
    loss = ((np.log(s) + m)[:, 0] - x[rows, t]).mean()
    if not gradient:
        return loss
    grad = numexpr.evaluate("e/(s*n)", {"e": e, "s": s, "n": np.float32(len(x))})
    grad[rows, t] -= np.float32(1 / len(x))
    return loss, grad
