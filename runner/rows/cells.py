"""The trials of a cell: which of them count, what they come to together, and their figures one by one. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from runner.judging import levels, verdict
from runner.judging.levels import Stopping
from runner.judging.schedule import counted
from runner.record.plan import Cell, Plan, Purpose
from runner.record.run import Run
from runner.record.trial import Failure, Trial, Verdict


def by_cell(run: Run, trials: Sequence[Trial]) -> dict[Cell, CellTrials]:
    """The trials that measure each cell, in the order in which the cells were first measured."""
    measured: dict[Cell, list[Trial]] = defaultdict(list)
    verified: dict[tuple[str, str | None], Trial] = {}
    for trial in trials:
        if trial.purpose is Purpose.VERIFY:
            verified[trial.cell.adapter, trial.cell.python] = trial
        elif trial.purpose is Purpose.MEASURE:
            measured[trial.cell].append(trial)
    return {
        cell: CellTrials.of(found, verified.get((cell.adapter, cell.python)), run.plan)
        for cell, found in measured.items()
    }


def usable(trials: Sequence[Trial], needed: int = levels.MIN_VALUES) -> tuple[Trial, ...]:
    """The trials of a cell whose figures count, by the schedule's rule (:func:`runner.judging.schedule.counted`)."""
    return counted(trials, lambda trial: verdict.disturbance(trial) is not None, min(needed, levels.MIN_VALUES))


def used(trials: Sequence[Trial], plan: Plan) -> tuple[Trial, ...]:
    """The trials of a cell of ``plan`` whose figures count."""
    return usable(trials, plan.trials or levels.MIN_VALUES)


def cell_verdict(trials: Sequence[Trial], used: Sequence[Trial]) -> Failure:
    """One verdict for a cell: a failure in any of its trials counts.

    Otherwise it is the commonest of those whose figures are used, the more careful one in a tie.
    """
    verdicts = [verdict.of_trial(trial) for trial in trials]
    failures = [found for found in verdicts if not found.verdict.has_rate]
    if failures:
        commonest = Counter(found.verdict for found in failures).most_common(1)[0][0]
        found = next(found for found in failures if found.verdict is commonest)
        share = f" (in {len(failures)} of {len(verdicts)} trials)" if len(failures) < len(verdicts) else ""
        return Failure(commonest, found.reason + share)
    verdicts = [verdict.of_trial(trial) for trial in used]
    counts = Counter(found.verdict for found in verdicts)
    careful = [Verdict.GENERATOR_BOUND, Verdict.NEITHER, Verdict.MEASURED]
    chosen = max(careful, key=lambda one: (counts[one], -careful.index(one)))
    return next(found for found in verdicts if found.verdict is chosen)


@dataclass(frozen=True, slots=True)
class CellTrials:
    """The trials of a cell, those whose figures are used, and its verdict."""

    trials: Sequence[Trial]
    used: Sequence[Trial]
    found: Failure

    @classmethod
    def of(cls, trials: Sequence[Trial], verified: Trial | None, plan: Plan) -> CellTrials:
        """``verified``: the load of the same server with every response read, where a wrong one counts too."""
        counting = used(trials, plan)
        found = cell_verdict(trials, counting)
        if found.verdict.has_rate and verified is not None and verified.load is not None:
            under_load = verdict.of_trial(verified)
            found = under_load if under_load.verdict is Verdict.WRONG_RESPONSE else found
        return cls(trials, counting, found)

    @property
    def rates(self) -> list[float]:
        """Requests per second of each trial whose figures are used."""
        return rates(self.used)


def stopping(plan: Plan) -> Stopping:
    """What ended a plan's trials, which decides how wide an interval must be."""
    return Stopping.PRECISION if plan.trials is None else Stopping.FIXED


def rates(trials: Sequence[Trial]) -> list[float]:
    """Requests per second of each trial that was loaded."""
    return [trial.load.requests_per_second for trial in trials if trial.load is not None]


def cpu_costs_us(trials: Sequence[Trial]) -> list[float]:
    """The server's CPU time per request, in microseconds, of each trial where both are known."""
    return [
        trial.server.cpu_ns / 1000 / trial.load.requests
        for trial in trials
        if trial.load is not None
        and trial.load.requests
        and trial.server is not None
        and trial.server.cpu_ns is not None
    ]
