"""Loads beside those that are measured: each response asked for by its number, and what another generator says."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from runner.hosts import loading
from runner.judging import verdict
from runner.judging.schedule import order
from runner.record.adapter import Environment, Server
from runner.record.plan import Cell, Generator, Purpose
from runner.record.run import Run
from runner.record.store import RunFolder
from runner.record.trial import Trial
from runner.rows import cells
from runner.suite import head as head_of
from runner.suite import trial
from runner.suite.progress import Reporter

WITNESSES = 3
"""Trials of each cell by another generator: a single one has the noise of a start and of a second."""


def verify(
    head: Run,
    measured: list[Trial],
    by_cell: Mapping[Cell, Environment],
    settings: loading.Settings,
    folder: RunFolder,
    reporter: Reporter,
) -> None:
    """Load each server once at its largest cell with every response read and checked."""
    if not head.plan.check:
        return
    largest: dict[Server, Cell] = {}
    for cell in head.cells:
        key = cell.server
        largest[key] = max(
            largest.get(key, cell.closed), cell.closed, key=lambda one: (one.depth * one.connections, one.workers)
        )
    seen = {one.cell for one in measured if one.purpose is Purpose.VERIFY}
    yardsticks = {record.name for record in head.adapters if not record.ranked}
    for cell in largest.values():
        tokens = settings.generator is Generator.VOLLEY and cell.adapter not in yardsticks
        verifying = replace(settings, purpose=Purpose.VERIFY, duration_s=1, warm_up_s=0, tokens=tokens)
        if cell not in seen:
            head_of.refuse_edited(head, by_cell[cell])
            reporter.say(f"verifying the responses of {cell.id}")
            done = trial.measure(by_cell[cell], cell, verifying, number=1, round_=0)
            folder.append(done)
            measured.append(done)
            reporter.trial_ends(done, verdict.of_trial(done))


def ask_again(
    head: Run,
    measured: Sequence[Trial],
    by_cell: Mapping[Cell, Environment],
    settings: loading.Settings,
    folder: RunFolder,
    reporter: Reporter,
) -> None:
    """Trials by another generator: by the witness of each closed cell that has a rate, where it was asked for; and by
    volley of those whose latency wrk could not prove. In rounds, as the schedule's.
    """
    by_purpose: dict[Cell, list[Trial]] = defaultdict(list)
    for one in measured:
        if one.purpose is Purpose.MEASURE and not one.cell.is_paced:
            by_purpose[one.cell].append(one)
    asked: set[tuple[Cell, Generator]] = set()
    for cell, trials in by_purpose.items():
        if not cells.cell_verdict(trials, cells.used(trials, head.plan)).verdict.has_rate:
            continue
        if head.plan.witness:
            asked.add((cell, head.plan.witness_by))
        if settings.volley is not None and not _is_proved(cells.used(trials, head.plan)):
            asked.add((cell, Generator.VOLLEY))
    heard = Counter((one.cell, one.load.generator) for one in measured if one.purpose is Purpose.WITNESS and one.load)
    waiting = [
        (round_, cell, generator)
        for round_ in range(1, WITNESSES + 1)
        for cell in order(head.plan.seed, round_, by_purpose)
        for generator in sorted(generator for other, generator in asked if other == cell)
        if heard[cell, generator] < round_
    ]
    for number, (round_, cell, generator) in enumerate(waiting, start=1):
        reporter.say(f"{generator} as witness, {number} of {len(waiting)}: {cell.id}")
        witness = replace(settings, purpose=Purpose.WITNESS, generator=generator)
        head_of.refuse_edited(head, by_cell[cell])
        done = trial.measure(by_cell[cell], cell, witness, number=round_, round_=round_)
        folder.append(done)
        reporter.trial_ends(done, verdict.of_trial(done))


def _is_proved(trials: Sequence[Trial]) -> bool:
    found = [verdict.proofs(one) for one in trials]
    return all(one is not None and one.problem is None for one in found)
