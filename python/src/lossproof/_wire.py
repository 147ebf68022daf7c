"""Wire protocol 1 of lossproof, seen from a port: one JSON object a line in, one a line out.

Nothing here is about a loss or a framework: answer() is given the answer to hello and a function
that evaluates one call.
"""

from __future__ import annotations

import base64
import json
import math
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
#: The options that are numbers, which travel as strings where JSON does not hold them everywhere.
NUMBERS: dict[str, Callable[[Any], Any]] = {"ignore_index": int, "label_smoothing": float}


@dataclass(frozen=True)
class Tensor:
    """A dense array: data has the little-endian, row-major bytes."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    @property
    def is_float(self) -> bool:
        return "float" in self.dtype


class Rejected(Exception):
    """The implementation refuses the call, as PyTorch raises.

    kind is shape, dtype, option or value; empty where it is not known.
    """

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind


class Unsupported(Exception):
    """The implementation does not do this. It never counts as passed."""


@dataclass(frozen=True)
class Call:
    """One call of a module."""

    module: str
    options: Mapping[str, Any]
    inputs: Mapping[str, Tensor]
    want: list[str]


#: Returns the wanted outputs. It raises Rejected or Unsupported; any other exception is answered
#: as a failure of the port.
Evaluate = Callable[[Call], Mapping[str, Tensor]]


def answer(
    requests: Iterable[bytes],
    answers: IO[bytes],
    description: Mapping[str, Any],
    evaluate: Evaluate,
) -> None:
    """Answer requests until bye or their end.

    description has the members port and modules of the answer to hello.
    """
    for line in requests:
        request = json.loads(line)
        if request["cmd"] == "bye":
            return
        if request["cmd"] == "hello":
            reply = hello(request, description)
        else:
            reply = {"id": request["id"], **run(request, evaluate)}
        answers.write(json.dumps(reply).encode() + b"\n")
        answers.flush()  # lossproof waits for this line


def hello(request: Mapping[str, Any], description: Mapping[str, Any]) -> dict[str, Any]:
    if request["protocol"] != PROTOCOL:
        error = f"got protocol {request['protocol']}, want {PROTOCOL}"
        return {"protocol": PROTOCOL, "error": error}
    return {"protocol": PROTOCOL, **description}


def run(request: Mapping[str, Any], evaluate: Evaluate) -> dict[str, Any]:
    """Return the answer to one run request, without its id."""
    try:
        outputs = evaluate(decode_call(request))
        return {"outputs": {name: encode(tensor) for name, tensor in outputs.items()}}
    except Rejected as err:
        kind = {"kind": err.kind} if err.kind else {}
        return {"rejected": {**kind, "message": str(err)}}
    except Unsupported as err:
        return {"unsupported": {"reason": str(err)}}
    except Exception as err:
        message = f"{type(err).__name__}: {err}"
        return {"failed": {"message": message, "traceback": traceback.format_exc()}}


def decode_call(request: Mapping[str, Any]) -> Call:
    options = {
        name: NUMBERS[name](value) if name in NUMBERS else value
        for name, value in request.get("options", {}).items()
    }
    inputs = {name: decode(value, name) for name, value in request["inputs"].items()}
    return Call(request["module"], options, inputs, request["want"])


def decode(value: Mapping[str, Any], name: str) -> Tensor:
    dtype, shape, data = value["dtype"], tuple(value["shape"]), base64.b64decode(value["data"])
    if dtype not in SIZES:
        raise ValueError(f"{name}: dtype {dtype!r}, want one of {', '.join(SIZES)}")
    want = math.prod(shape) * SIZES[dtype]
    if len(data) != want:
        raise ValueError(f"{name}: {len(data)} bytes, but {dtype} {shape} takes {want}")
    return Tensor(dtype, shape, data)


def encode(tensor: Tensor) -> dict[str, Any]:
    data = base64.b64encode(tensor.data).decode()
    return {"dtype": tensor.dtype, "shape": list(tensor.shape), "data": data}
