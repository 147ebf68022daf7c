"""The table of modules: what each takes and gives. It becomes modules.json."""

from __future__ import annotations

BCEWL = "BCEWithLogitsLoss"
MLSM = "MultiLabelSoftMarginLoss"
BCE = "BCELoss"
CE = "CrossEntropyLoss"

#: Options by name; without a default, one that is not given means something of its own.
OPTIONS = [
    {"name": "reduction", "type": "string", "default": "mean", "values": ["none", "mean", "sum"]},
    {"name": "size_average", "type": "boolean"},
    {"name": "reduce", "type": "boolean"},
    {"name": "ignore_index", "type": "integer", "default": -100},
    {"name": "label_smoothing", "type": "number", "default": 0},
]

_REDUCTIONS = ["reduction", "size_average", "reduce"]
_GRADIENTS = ["loss", "grad_input", "grad_target"]


def _input(name: str, holds: str, shape: str, **more) -> dict:
    return {"name": name, "holds": holds, "shape": shape, **more}


_TARGET = _input("target", "probabilities", "input")
_WEIGHT = _input("weight", "weights", "broadcast", optional=True)
_POS_WEIGHT = _input("pos_weight", "weights", "broadcast", optional=True)
_GRAD_OUTPUT = _input("grad_output", "gradients", "loss", optional=True)

#: ``since`` is the fixtures version that a module came with; that of its cases unless they say otherwise.
TABLE = [
    {
        "name": BCEWL,
        "prefix": "BCEWL",
        "since": "1.0.0",
        "loss_of": "element",
        "inputs": [_input("input", "logits", "any"), _TARGET, _WEIGHT, _POS_WEIGHT, _GRAD_OUTPUT],
        "options": _REDUCTIONS,
        "outputs": _GRADIENTS,
    },
    {
        "name": MLSM,
        "prefix": "MLSM",
        "since": "1.0.0",
        "loss_of": "last_dimension",
        "inputs": [_input("input", "logits", "any", min_rank=1), _TARGET, _WEIGHT, _GRAD_OUTPUT],
        "options": _REDUCTIONS,
        "outputs": [*_GRADIENTS, "grad_weight"],
    },
    {
        "name": BCE,
        "prefix": "BCE",
        "since": "1.1.0",
        "loss_of": "element",
        "inputs": [_input("input", "probabilities", "any"), _TARGET, _WEIGHT, _GRAD_OUTPUT],
        "options": _REDUCTIONS,
        "outputs": _GRADIENTS,
    },
    {
        "name": CE,
        "prefix": "CE",
        "since": "1.1.0",
        "loss_of": "class_dimension",
        "inputs": [
            _input("input", "logits", "any", min_rank=1),
            _input("target", "classes", "rows"),
            _input("weight", "weights", "class", optional=True),
            _GRAD_OUTPUT,
        ],
        "options": [*_REDUCTIONS, "ignore_index", "label_smoothing"],
        "outputs": [*_GRADIENTS, "grad_weight"],
    },
]

MODULES = tuple(module["name"] for module in TABLE)
PREFIX = {module["name"]: module["prefix"] for module in TABLE}
SINCE = {module["name"]: module["since"] for module in TABLE}


def document() -> dict:
    return {"options": OPTIONS, "modules": TABLE}
