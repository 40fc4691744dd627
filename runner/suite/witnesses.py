"""Loads beside those that are measured: each response asked for by its number, and what another generator says."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from runner.hosts import loading
from runner.judging import verdict
from runner.judging.schedule import order
from runner.record.adapter import Server
from runner.record.plan import Cell, Generator, Purpose
from runner.record.run import Run
from runner.record.store import RunFolder
from runner.record.trial import Trial
from runner.rows import cells
from runner.suite.crews.crew import Crew, Job
from runner.suite.progress import Reporter

WITNESSES = 3
"""Trials of each cell by another generator: a single one has the noise of a start and of a second."""


def verify(
    head: Run,
    measured: list[Trial],
    crew: Crew,
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
    jobs = []
    for cell in largest.values():
        tokens = settings.generator is Generator.VOLLEY and cell.adapter not in yardsticks
        verifying = replace(settings, purpose=Purpose.VERIFY, duration_s=1, warm_up_s=0, tokens=tokens)
        if cell not in seen:
            jobs.append((Job(cell, verifying, 1, 0), f"verifying the responses of {cell.id}"))

    def done(found: Trial) -> None:
        folder.append(found)
        measured.append(found)
        reporter.trial_ends(found, verdict.of_trial(found))

    crew.work(_Listed(jobs, done, reporter))


def ask_again(
    head: Run,
    measured: Sequence[Trial],
    crew: Crew,
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
    jobs = [
        (
            Job(cell, replace(settings, purpose=Purpose.WITNESS, generator=generator), round_, round_),
            f"{generator} as witness, {number} of {len(waiting)}: {cell.id}",
        )
        for number, (round_, cell, generator) in enumerate(waiting, start=1)
    ]

    def done(found: Trial) -> None:
        folder.append(found)
        reporter.trial_ends(found, verdict.of_trial(found))

    crew.work(_Listed(jobs, done, reporter))


class _Listed:
    """Deals jobs in their order, to whoever has time; what a pair did not finish is dealt again."""

    def __init__(self, jobs: Sequence[tuple[Job, str]], done: Callable[[Trial], None], reporter: Reporter) -> None:
        self._waiting = deque(jobs)
        self._under_way: dict[str | None, tuple[Job, str]] = {}
        self._done = done
        self._reporter = reporter

    def deal(self, block: str | None) -> Job | None:
        """As :meth:`runner.suite.crews.crew.Dealer.deal`."""
        if not self._waiting:
            return None
        job, words = self._under_way[block] = self._waiting.popleft()
        self._reporter.say(words)
        return job

    def done(self, found: Trial) -> None:
        """As :meth:`runner.suite.crews.crew.Dealer.done`."""
        self._under_way.pop(found.pair, None)
        self._done(found)

    def joined(self, block: str) -> None:
        """As :meth:`runner.suite.crews.crew.Dealer.joined`."""

    def left(self, block: str) -> None:
        """As :meth:`runner.suite.crews.crew.Dealer.left`."""
        if (unfinished := self._under_way.pop(block, None)) is not None:
            self._waiting.appendleft(unfinished)


def _is_proved(trials: Sequence[Trial]) -> bool:
    found = [verdict.proofs(one) for one in trials]
    return all(one is not None and one.problem is None for one in found)
