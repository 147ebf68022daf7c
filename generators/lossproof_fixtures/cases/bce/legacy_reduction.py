"""size_average and reduce: every pair of absent, true and false, with and without reduction."""

from __future__ import annotations

from ...model import BCE, Topic
from .. import legacy_reduction
from . import ordinary


def build() -> list[Topic]:
    return [legacy_reduction.topic_of(BCE, ordinary.inputs)]
