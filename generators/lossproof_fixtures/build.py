"""The whole way from the cases to a folder of fixtures."""

from __future__ import annotations

import multiprocessing
import os
import platform
import sys
from collections.abc import Collection
from pathlib import Path

import numpy as np
from tqdm import tqdm

from . import FIXTURES_VERSION, expected, fairness, rules, tolerances, vectors, withdrawn
from . import modules as table
from .cases import accumulation, all_topics
from .model import MODULES, Case
from .source_hash import source_hash
from .writer import Writer, pretty

#: Elements in one piece of work for the oracle.
_CHUNK = 2000


def build(folder: Path, jobs: int | None = None, modules: Collection[str] = MODULES) -> None:
    """Writes the fixtures into ``folder``, which is emptied first, but for what it has of other
    modules than the given ones."""
    topics = [topic for topic in all_topics() if topic.module in modules]
    cases = [case for topic in topics for case in topic.cases]
    _check_rules(cases, modules)
    references = _references(cases)
    outcomes = _expectations(cases, references, jobs or os.cpu_count())
    writer = Writer(folder, [module for module in MODULES if module not in modules])
    for topic in topics:
        writer.topic(topic, outcomes)
    writer.write("rules.json", pretty({"rules": rules.all_rules()}))
    writer.write("modules.json", pretty(table.document()))
    writer.write("tolerances.json", pretty(tolerances.document()))
    writer.write("verdict-vectors.json", pretty(vectors.document()))
    writer.static()
    writer.manifest(_head(), withdrawn.document())


def _check_rules(cases: list[Case], modules: Collection[str]) -> None:
    known = {rule["id"] for rule in rules.all_rules() if rule["module"] in modules}
    used = {case.rule for case in cases}
    for case in cases:
        for rule in (case.rule, *case.also):
            if rule not in known:
                raise ValueError(f"{case.id}: there is no rule {rule}")
    fairness.check(cases, {rule["id"]: rule["requirement"] for rule in rules.all_rules()})
    if known - used:
        raise ValueError(f"rules without a case: {', '.join(sorted(known - used))}")


def _references(cases: list[Case]) -> dict:
    """What torch returned or refused, by case id."""
    from . import reference

    outcomes = {}
    for case in tqdm(cases, desc="torch", unit="case"):
        try:
            outcomes[case.id] = reference.evaluate(case)
            if case.rejects:
                raise AssertionError(f"{case.id}: torch accepts what the case calls refused")
        except reference.Refused as refused:
            if not case.rejects:
                raise AssertionError(f"{case.id}: torch refuses it: {refused.error}: {refused}") from refused
            outcomes[case.id] = refused
    return outcomes


def _expectations(cases: list[Case], references: dict, jobs: int) -> dict:
    """Outputs with oracle and tolerances for what torch accepted; refusals as they are."""
    outcomes = {case.id: references[case.id] for case in cases if case.rejects}
    accepted = [case for case in cases if not case.rejects]
    chunks = _chunks(accepted)
    work = [[(case, references[case.id]) for case in chunk] for chunk in chunks]
    with (
        multiprocessing.get_context("spawn").Pool(jobs) as pool,
        tqdm(total=len(accepted), desc="oracle", unit="case") as bar,
    ):
        for done in pool.imap_unordered(_expect, work):
            outcomes.update(done)
            bar.update(len(done))
    return outcomes


def _chunks(cases: list[Case]) -> list[list[Case]]:
    """Neighbours stay together, for the oracle's cache; large ones come first."""
    chunks, chunk, size = [], [], 0
    for case in cases:
        chunk.append(case)
        size += case.inputs["input"].size + 20
        if size > _CHUNK:
            chunks.append(chunk)
            chunk, size = [], 0
    chunks.append(chunk)
    return sorted(chunks, key=lambda c: -sum(case.inputs["input"].size for case in c))


def _expect(work) -> dict:
    result = {}
    for case, reference in work:
        result[case.id] = expected.outputs(case, reference)
        if case.topic == "accumulation":
            accumulation.check_naive_sum_fails(case, result[case.id])
    return result


def _head() -> dict:
    import gmpy2
    import mpmath

    from . import reference

    return {
        "fixtures": FIXTURES_VERSION,
        "format": 1,
        "torch": reference.describe(),
        "generator": {
            "sha256": source_hash(),
            "python": ".".join(map(str, sys.version_info[:2])),
            "numpy": np.__version__,
            "mpmath": mpmath.__version__,
            "gmpy2": gmpy2.version(),
        },
        "platform": {"machine": platform.machine(), "libc": " ".join(platform.libc_ver())},
    }
