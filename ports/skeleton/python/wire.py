"""Wire protocol 1 of lossproof: one JSON object a line on stdin, one a line on stdout.

Nothing here is about a loss or a framework: a port gives serve() its answer to hello and a
function that evaluates one call. NumPy is needed by to_array and from_array alone.
"""

from __future__ import annotations

import base64
import json
import math
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any

PROTOCOL = 1

#: The size in bytes of one element of each dtype.
SIZES = {
    "float16": 2,
    "bfloat16": 2,
    "float32": 4,
    "float64": 8,
    "int64": 8,
    "int32": 4,
    "uint8": 1,
    "bool": 1,
}
OPTIONS = ("reduction", "size_average", "reduce", "ignore_index", "label_smoothing")
#: The options that are numbers, which travel as strings where JSON does not hold them everywhere.
NUMBERS: dict[str, Callable[[Any], Any]] = {"ignore_index": int, "label_smoothing": float}
INPUTS = ("input", "target", "weight", "pos_weight", "grad_output")


@dataclass(frozen=True)
class Tensor:
    """A dense array: data has the little-endian, row-major bytes."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes


class Rejected(Exception):
    """The call is refused, as PyTorch raises. kind: shape, dtype, option, value or empty."""

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind


class Unsupported(Exception):
    """The implementation does not do this. Inside the claim it counts as a failure."""


#: Takes module, options, inputs and the wanted outputs; returns the outputs. It raises Rejected or
#: Unsupported; any other exception is answered as a failure of the port.
Evaluate = Callable[[str, dict[str, Any], dict[str, Tensor], list[str]], Mapping[str, Tensor]]


def serve(description: Mapping[str, Any], evaluate: Evaluate) -> None:
    """Answer requests on stdin until bye or the end of stdin.

    description has the members port and modules of the answer to hello.
    """
    answer(sys.stdin.buffer, take_stdout(), description, evaluate)


def take_stdout() -> IO[bytes]:
    """Return stdout, which belongs to the protocol: what a library prints there goes to stderr.

    It stays open until the process ends: a closed stdout is the sign of a crash.
    """
    out = open(os.dup(sys.stdout.fileno()), "wb", closefd=False)  # noqa: SIM115
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return out


def answer(
    requests: Iterable[bytes], out: IO[bytes], description: Mapping[str, Any], evaluate: Evaluate
) -> None:
    """Answer requests until bye or their end."""
    for line in requests:
        request = json.loads(line)
        if request["cmd"] == "bye":
            return
        if request["cmd"] == "hello":
            reply = json.dumps(hello(request, description))
        else:
            member, text = run(request, evaluate)
            reply = f'{{"id": {request["id"]}, "{member}": {text}}}'
        out.write(reply.encode() + b"\n")
        out.flush()  # lossproof waits for this line


def hello(request: Mapping[str, Any], description: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to hello."""
    if request["protocol"] != PROTOCOL:
        error = f"got protocol {request['protocol']}, want {PROTOCOL}"
        return {"protocol": PROTOCOL, "error": error}
    return {"protocol": PROTOCOL, **description}


def run(request: Mapping[str, Any], evaluate: Evaluate) -> tuple[str, str]:
    """Return the member that the answer to one run request has beside its id, and its JSON."""
    try:
        options = request.get("options", {})
        check_names("options", options, OPTIONS)
        options = {name: NUMBERS.get(name, lambda v: v)(value) for name, value in options.items()}
        check_names("inputs", request["inputs"], INPUTS)
        inputs = {name: decode(value, name) for name, value in request["inputs"].items()}
        outputs = evaluate(request["module"], options, inputs, request["want"])
        tensors = (f"{json.dumps(name)}: {encode(tensor)}" for name, tensor in outputs.items())
        return "outputs", f"{{{', '.join(tensors)}}}"
    except Rejected as err:
        kind = {"kind": err.kind} if err.kind else {}
        return "rejected", json.dumps({**kind, "message": str(err)})
    except Unsupported as err:
        return "unsupported", json.dumps({"reason": str(err)})
    except Exception as err:
        message = f"{type(err).__name__}: {err}"
        inner = traceback.format_exc(limit=-6)  # long ones lose their end in reports
        return "failed", json.dumps({"message": message, "traceback": inner})


def check_names(where: str, found: Iterable[str], known: tuple[str, ...]) -> None:
    """Refuse what this port has not heard of: to ignore it would compute something else."""
    for name in found:
        if name not in known:
            raise Unsupported(f"{where}: unknown name {name!r}, want one of {', '.join(known)}")


def decode(value: Mapping[str, Any], name: str) -> Tensor:
    """Return a tensor of a message. Raises ValueError where it is none."""
    dtype, shape, data = value["dtype"], tuple(value["shape"]), base64.b64decode(value["data"])
    if dtype not in SIZES:
        raise ValueError(f"{name}: dtype {dtype!r}, want one of {', '.join(SIZES)}")
    want = math.prod(shape) * SIZES[dtype]
    if len(data) != want:
        raise ValueError(f"{name}: {len(data)} bytes, but {dtype} {shape} takes {want}")
    return Tensor(dtype, shape, data)


def encode(tensor: Tensor) -> str:
    """Return a tensor as it stands in a message: json would look for what to escape in the data."""
    rest = json.dumps({"dtype": tensor.dtype, "shape": tensor.shape})[:-1]
    return f'{rest}, "data": "{base64.b64encode(tensor.data).decode()}"}}'


def to_array(tensor: Tensor) -> Any:
    """Return a tensor as a NumPy array, which can be written."""
    import numpy as np

    dtype: Any = tensor.dtype
    if dtype == "bfloat16":
        try:
            import ml_dtypes  # NumPy lacks bfloat16; the frameworks that have it bring this
        except ImportError:
            raise Unsupported("bfloat16: the package ml_dtypes is missing") from None
        dtype = ml_dtypes.bfloat16
    little = np.dtype(dtype).newbyteorder("<")
    return np.frombuffer(tensor.data, little).reshape(tensor.shape).astype(dtype)


def from_array(array: Any) -> Tensor:
    """Return a NumPy array, or what NumPy takes for one, as a tensor."""
    import numpy as np

    array = np.asarray(array)
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return Tensor(array.dtype.name, array.shape, little.tobytes())
