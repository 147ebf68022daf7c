"""size_average and reduce: every pair of absent, true and false, with and without reduction."""

from __future__ import annotations

from ...model import CE, Topic
from .. import legacy_reduction
from . import ordinary


def build() -> list[Topic]:
    return [legacy_reduction.topic_of(CE, ordinary.inputs)]
