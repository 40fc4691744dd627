"""The trials of a run as its course deals them: shaped on their way out, recorded and judged on their way back."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace

from runner.hosts.loading import Settings
from runner.judging import verdict
from runner.judging.course import Course
from runner.judging.schedule import TrialSummary
from runner.record.plan import Cell, Generator
from runner.record.store import RunFolder
from runner.record.trial import Trial, Verdict
from runner.rows import cells, searching
from runner.suite.crews.crew import Job
from runner.suite.progress import Reporter


@dataclass(frozen=True, slots=True)
class Measuring:
    """Deals the trials of a course, and records them. ``began``: when it would have, had there been no break."""

    course: Course
    settings: Settings
    folder: RunFolder
    reporter: Reporter
    measured: list[Trial]
    began: float

    def deal(self, block: str | None) -> Job | None:
        """As :meth:`runner.suite.crews.crew.Dealer.deal`."""
        elapsed = time.monotonic() - self.began
        step = self.course.deal(elapsed, block)
        if step is None:
            return None
        self.reporter.trial_begins(step.cell, self.course.progress(elapsed), self.course.history)
        number = 1 + self.course.had(step.cell, block)
        return Job(step.cell, _shaped(self.settings, step.cell, number, block), number, step.round, step.rate)

    def done(self, found: Trial) -> None:
        """As :meth:`runner.suite.crews.crew.Dealer.done`."""
        self.folder.append(found)
        self.course.add(summarize(found))
        self.measured.append(found)
        self.reporter.trial_ends(found, verdict.of_trial(found))

    def joined(self, block: str) -> None:
        """As :meth:`runner.suite.crews.crew.Dealer.joined`."""
        self.course.join(block)

    def left(self, block: str) -> None:
        """As :meth:`runner.suite.crews.crew.Dealer.left`."""
        self.course.leave(block)


def _shaped(settings: Settings, cell: Cell, number: int, block: str | None) -> Settings:
    """The settings of a cell's trial: what is paced is volley's, with arrivals of its own in each trial."""
    if not cell.is_paced:
        return settings
    return replace(settings, generator=Generator.VOLLEY, seed=arrivals_seed(cell, number, block))


def arrivals_seed(cell: Cell, number: int, block: str | None = None) -> int:
    """The seed of a trial's Poisson arrivals: another one for each trial, the same whenever it is run again."""
    name = f"{cell.id}:{number}" if block is None else f"{cell.id}:{number}:{block}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])


def summarize(done: Trial) -> TrialSummary:
    """What the schedule must know of a trial."""
    found = verdict.of_trial(done)
    worked = found.verdict is Verdict.MEASURED if done.cell.is_paced else found.verdict.has_rate
    phases = done.phases
    figure, observation = None, None
    if done.cell.limit is not None:
        observation = searching.observed(done)
        figure = observation.rate if observation is not None else None
    elif worked and done.load is not None:
        figure = cells.tail_us(done) if done.cell.is_paced else done.load.requests_per_second
    return TrialSummary(
        cell=done.cell,
        round=done.round,
        rate=figure,
        failed=figure is None,
        disturbed=verdict.disturbance(done) is not None,
        wall_s=phases.start + phases.check + phases.warm_up + phases.load + phases.stop,
        observation=observation,
        block=done.pair,
    )
