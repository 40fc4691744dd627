"""Trials of a search for the capacity under a limit, and what it came to. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runner.judging import latency, schedule, verdict
from runner.judging.capacity import Observation, Outcome, Search
from runner.record.plan import Cell, Limit
from runner.record.trial import Trial, Verdict
from runner.rows.row import Estimate, LimitedCapacity


def observed(trial: Trial) -> Observation | None:
    """What one trial of a search shows; ``None`` where the generator was late, nothing was proved, or it failed."""
    limit, load = trial.cell.limit, trial.load
    if limit is None or load is None or load.volley is None or load.volley.arrivals is None:
        return None
    found, rate = verdict.of_trial(trial).verdict, load.volley.arrivals.rate
    if found is Verdict.SATURATED:
        return Observation(rate, held=False, percentile_us=None)
    proofs = verdict.proofs(trial)
    if found is not Verdict.MEASURED or proofs is None or proofs.problem or not _has_tail(proofs.samples, limit):
        return None
    return Observation(rate, held=True, percentile_us=max(1, latency.percentile_us(load.histogram, limit.percent) or 1))


def _has_tail(samples: int, limit: Limit) -> bool:
    """Whether a sample lies above the percentile at all."""
    return samples * (100 - limit.percent) >= 100


def limited(cell: Cell, trials: Sequence[Trial], capacity: float | None) -> LimitedCapacity | None:
    """What the trials of a search came to; ``capacity`` of the closed loop in requests/s. ``None`` without a limit."""
    limit = cell.limit
    if limit is None:
        return None
    known = [(found, one) for one in trials if (found := observed(one)) is not None]
    seen = [found for found, _ in schedule.not_repeated(known, lambda one: verdict.disturbance(one[1]) is not None)]
    answer = Search(limit_us=limit.us, closed_loop=capacity).estimate(seen) if capacity else None
    if answer is None:
        why = "too few trials" if known or not trials else "the generator was late, or nothing was proved"
        return LimitedCapacity(str(limit), None, None, None, len(trials), why)
    estimate = None if answer.mean is None else Estimate(answer.mean, answer.low, answer.high)
    note = "" if answer.outcome is Outcome.FOUND else str(answer.outcome)
    return LimitedCapacity(str(limit), estimate, answer.low, answer.high, len(trials), note)
