"""The rules of float16 and bfloat16, which all modules have: see basis.py for the parts of a rule."""

from __future__ import annotations

from .basis import DOC, ISSUE
from .model import BCE, CE, MODULES

_FOLLOWS = "Follows from the formula: the numbers of 16 bits are numbers like others."

_SMALL = {
    BCE: "In float16 and bfloat16 too, the loss of a probability next to its target is small, and not zero.",
    CE: "In float16 and bfloat16 too, the loss of a target whose logit is far above the others, and the gradient"
    " there, are about exp(-gap): small, and not zero.",
}
_SMALL_LOGITS = (
    "In float16 and bfloat16 too, loss and gradient of a logit that is right with confidence are about"
    " exp(-|x|): small, and not zero."
)


def rules(module: str) -> list[tuple]:
    return [
        (
            "HALF", "must", "derived", _FOLLOWS, DOC,
            ("In float16 and bfloat16, loss and gradients are the formula's at the given numbers, computed in float32"
             " or wider and rounded once, to the nearest number."),
        ),
        (
            "HALF-TAIL", "must", "derived", _FOLLOWS, ISSUE + "171282",
            _SMALL.get(module, _SMALL_LOGITS),
        ),
        (
            "HALF-NEAREST", "must", "derived", "IEEE 754: rounding to nearest is the default.", DOC,
            ("A result of 16 bits is rounded to the nearest number, neither truncated nor rounded in several steps"
             " of which each loses as much."),
        ),
        (
            "HALF-ACCUMULATION", "should", "observed", "The CPU kernels add in float32.", ISSUE + "85791",
            "A sum of 16-bit numbers is accumulated in float32 or wider: in 16 bits it stops growing.",
        ),
        (
            "HALF-OVERFLOW", "must", "derived", _FOLLOWS, ISSUE + "29429",
            ("A mean is finite where it is a number of its dtype, also where the sum exceeds the largest one, which"
             " is 65504 in float16; a sum beyond that is infinite."),
        ),
        (
            "HALF-SUBNORMAL", "should", "observed", "CPU kernels do not flush.", DOC,
            "Results below the smallest normal number of 16 bits, 2^-14 in float16, are subnormal, not zero.",
        ),
        (
            "HALF-MIXED-QUIRK", "quirk", "observed", "Type promotion, where a kernel does not ask for one dtype.", DOC,
            "Inputs of 16 bits beside float32 ones are accepted in places, and the dtype of the result follows odd rules.",
        ),
    ]  # fmt: skip


def all_of(modules=MODULES) -> list[tuple[str, tuple]]:
    """(module, rule) of all modules. BCELoss has a rule of its own for a weight of another dtype, and refuses such targets."""
    return [
        (module, rule)
        for module in modules
        for rule in rules(module)
        if (module, rule[0]) != (BCE, "HALF-MIXED-QUIRK")
    ]
