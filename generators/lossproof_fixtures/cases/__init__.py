"""What is asked: one file for each subject, each with ``build(module) -> list[Topic]``."""

from __future__ import annotations

from ..model import MODULES, Topic
from . import (
    accumulation,
    broadcasting,
    examples,
    extreme_logits,
    grad_output,
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
    return [topic for module in MODULES for subject in SUBJECTS for topic in subject.build(module)]
