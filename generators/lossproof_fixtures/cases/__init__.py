"""What is asked: one file for each subject.

The files of this folder concern the two modules of logits, each with ``build(module) -> list[Topic]``;
bce/ has those of BCELoss and cross_entropy/ those of CrossEntropyLoss, each with ``build() -> list[Topic]``.
"""

from __future__ import annotations

from ..model import BCEWL, MLSM, MODULES, Topic
from . import (
    accumulation,
    bce,
    broadcasting,
    cross_entropy,
    examples,
    extreme_logits,
    grad_output,
    half,
    legacy_reduction,
    mixed_dtype,
    nonfinite,
    pos_weight,
    reductions,
    rejections,
    shapes,
    targets,
    weights,
)

SUBJECTS = (
    reductions,
    legacy_reduction,
    weights,
    pos_weight,
    targets,
    extreme_logits,
    nonfinite,
    shapes,
    accumulation,
    grad_output,
    broadcasting,
    mixed_dtype,
    rejections,
    examples,
)


def all_topics() -> list[Topic]:
    topics = [topic for module in (BCEWL, MLSM) for subject in SUBJECTS for topic in subject.build(module)]
    topics += [t for subject in bce.SUBJECTS + cross_entropy.SUBJECTS for t in subject.build()]
    return topics + [t for module in MODULES for t in half.build(module)]
