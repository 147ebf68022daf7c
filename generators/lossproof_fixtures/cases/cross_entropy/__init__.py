"""The cases of CrossEntropyLoss: one file for each subject, each with ``build() -> list[Topic]``."""

from __future__ import annotations

from . import (
    accumulation,
    blog_example,
    class_probabilities,
    extreme_logits,
    grad_output,
    ignore_index,
    label_smoothing,
    legacy_reduction,
    mixed_dtype,
    no_classes,
    nonfinite,
    one_index,
    reductions,
    rejections,
    shapes,
    weights,
)

SUBJECTS = (
    reductions,
    legacy_reduction,
    weights,
    ignore_index,
    label_smoothing,
    class_probabilities,
    extreme_logits,
    nonfinite,
    shapes,
    no_classes,
    one_index,
    accumulation,
    grad_output,
    mixed_dtype,
    rejections,
    blog_example,
)
