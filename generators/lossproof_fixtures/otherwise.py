"""May a sensible library decide otherwise? The answer for each rule that must hold.

Either no, and why; or yes, and the word of the claim with which a port says so: what a port says that it
is without is not asked. A choice that no word names is a `should`. These become `otherwise` in rules.json.
"""

from __future__ import annotations

from .model import BCE, BCEWL, CE, MLSM

_NO_DERIVATIVE = "No: it is the derivative of the loss. A port that gives no gradients does not claim them."
_NO_FINITE = "No: input and result are ordinary finite numbers, and the formula gives one for the other."

_ALL = {
    "FORMULA": "No: this is the loss that the name means.",
    "SUM": "No: it is what 'sum' means. A port that has no sum is without reduction:sum.",
    "GRAD-INPUT": _NO_DERIVATIVE,
    "GRAD-OUTPUT": "No: it is the chain rule. A port whose upstream gradient is always 1 is without grad_output.",
    "LARGE-GRAD": "No: it is the derivative of the mean, small or not.",
    "LEGACY-REDUCTION": "Yes, they are deprecated: a port that lacks them is without legacy_reduction.",
    "TAIL-LOSS": _NO_FINITE,
    "TAIL-GRAD": _NO_FINITE,
    "LOGIT-ZERO": "No: the loss is smooth there and has one derivative.",
    "LOGIT-HUGE": _NO_FINITE,
    "TARGET-SOFT": "A port for targets of 0 and 1 alone is without soft_targets.",
    "WEIGHT-EXTREME": "No: the products are far from the ends of the dtype.",
    "WEIGHT-ZERO": "No: 0 times a finite loss is 0. A port that wants positive weights is without weight:nonpositive.",
    "SCALAR": "A port that wants a dimension is without rank:0.",
    "RANK": "A port for some ranks alone is without rank:0, rank:1, rank:2 or rank:3+.",
    "HALF": "How many steps are rounded to 16 bits is a choice, PyTorch's too: at parity its results are right. A port that has no 16 bits does not claim them.",
    "HALF-TAIL": "As in PyTorch, whose results are right at parity: that a small loss is lost is what level exact finds.",
    "HALF-NEAREST": "No: IEEE 754 rounds to nearest. Steps that are rounded one by one, as PyTorch's, are right at parity.",
    "HALF-OVERFLOW": "No: the result is an ordinary number.",
    "WEIGHT-BROADCAST": "A port for weights of the input's shape alone is without weight:broadcast, one for class weights"
    " without weight:element, one that has no weights without weight.",
}  # fmt: skip

_OWN = {
    BCEWL: {
        "NONE-SHAPE": "No: it is what 'none' means. A port that has no 'none' is without reduction:none.",
        "MEAN": "Yes, some divide by the sum of the weights: such a port is without weight+reduction:mean.",
        "POS-WEIGHT": "A port that has none is without pos_weight.",
        "POS-WEIGHT-BROADCAST": "A port for a pos_weight of the input's shape alone is without pos_weight:broadcast.",
        "POS-WEIGHT-TINY": "No: the product is an ordinary number.",
        "WEIGHT-AND-POS-WEIGHT": "A port that takes one of the two at a time is without weight+pos_weight.",
    },
    MLSM: {
        "NONE-SHAPE": "No: it is what 'none' means for a loss of samples. A port that has no 'none' is without reduction:none.",
        "MEAN": "Yes, some divide by the sum of the weights: such a port is without weight+reduction:mean.",
        "CLASS-AXIS": "No: of an input (N, C) the classes are the second dimension.",
        "CLASS-MEAN": "No: it follows from both formulas.",
        "WEIGHT-BROADCAST": "A port that has no weights is without weight.",
    },
    BCE: {
        "NONE-SHAPE": "No: it is what 'none' means. A port that has no 'none' is without reduction:none.",
        "MEAN": "Yes, some divide by the sum of the weights: such a port is without weight+reduction:mean.",
        "CLAMP": "Yes: the logarithm is infinite at 0, and others clamp elsewhere. Such a port is without clamp.",
        "SIGMOID": "No: it follows from both formulas.",
        "TAIL-LOSS": "No: an epsilon or a narrower clamp gives another loss where the logarithm is an ordinary number.",
        "TAIL-GRAD": "No: an epsilon gives another derivative where it is an ordinary number.",
        "TARGET-EQUALS-INPUT": "A port for targets of 0 and 1 alone is without soft_targets.",
    },
    CE: {
        "PROBABILITIES": "A port for class indices alone is without class_probabilities.",
        "NONE-SHAPE": "No: it is what 'none' means for a loss of rows. A port that has no 'none' is without reduction:none.",
        "MEAN": "No: without weights and ignored rows a mean has one divisor. A port that has none is without reduction:mean.",
        "CLASS-AXIS": "Yes, elsewhere the classes come last: an adapter moves them, or is without rank:3+.",
        "NO-BATCH": "A port that wants a batch is without rank:1.",
        "WEIGHT": "A port that has no class weights is without weight.",
        "WEIGHTED-MEAN": "Yes, others divide by the number of rows: such a port is without integer_targets+weight+reduction:mean.",
        "PROBABILITIES-MEAN": "Yes, others divide by weights: such a port is without class_probabilities+weight+reduction:mean.",
        "ONE-HOT": "No: it follows from both formulas.",
        "IGNORE-INDEX": "A port that has no such index is without ignore_index, one for indices from 0 on without ignore_index:negative.",
        "IGNORE-MEAN": "Yes, others divide by the number of all rows: such a port is without ignore_index+reduction:mean.",
        "SMOOTHING": "A port that has none is without label_smoothing, one that smooths class indices alone without"
        " class_probabilities+label_smoothing.",
        "SMOOTHING-IGNORE": "No: an ignored row does not count. A port that has one of the two at a time is without"
        " ignore_index+label_smoothing.",
        "SHIFT": "No: the differences of the logits are ordinary numbers.",
        "DOMINATED": _NO_FINITE,
    },
}  # fmt: skip


def answer(module: str, suffix: str) -> str:
    """The answer for a rule that must hold; KeyError where it was not asked."""
    own = _OWN[module]
    return own[suffix] if suffix in own else _ALL[suffix]


def unused(musts: set[tuple[str, str]]) -> list[str]:
    """The answers that no rule of (module, suffix) needs."""
    suffixes = {suffix for _, suffix in musts}
    own = [f"{module}: {s}" for module, answers in _OWN.items() for s in answers if (module, s) not in musts]
    return own + [s for s in _ALL if s not in suffixes]
