"""The cases of BCELoss: one file for each subject, each with ``build() -> list[Topic]``."""

from __future__ import annotations

from . import (
    accumulation,
    blog_example,
    extreme_inputs,
    grad_output,
    legacy_reduction,
    mixed_dtype,
    nonfinite,
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
    targets,
    extreme_inputs,
    nonfinite,
    shapes,
    accumulation,
    grad_output,
    mixed_dtype,
    rejections,
    blog_example,
)
