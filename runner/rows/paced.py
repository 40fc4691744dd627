"""Trials of paced loads to what a row says of them: latency at a load that the server can hold. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, median

from runner.judging import latency, stats
from runner.judging.blocks.strata import stratified, typical
from runner.judging.levels import Stopping
from runner.judging.volley import LATE_SHARE, LATE_US
from runner.record.histogram import Histogram
from runner.record.plan import Cell
from runner.record.trial import Trial, Verdict
from runner.rows.cells import CellTrials, cpu_costs_us, tail_us
from runner.rows.row import Estimate, Paced

FAR_TAIL_SAMPLES = 1000
"""With fewer samples, those of all trials together, there is none above the 99.9th percentile."""


def paced(cell: Cell, own: CellTrials, stopping: Stopping) -> Paced:
    """What the trials of one paced cell show. Latency counts from intended times, and only of loads that were held."""
    held = [trial for trial in own.used if own.found.verdict is Verdict.MEASURED and tail_us(trial) is not None]
    loads = [trial.load for trial in held if trial.load is not None]
    arrivals = [
        trial.load.volley.arrivals
        for trial in own.trials
        if trial.load is not None and trial.load.volley is not None and trial.load.volley.arrivals is not None
    ]
    merged = latency.merge([load.histogram for load in loads])
    samples = merged.moments.samples
    observed = [load.volley.lag for load in loads if load.volley is not None]
    lags = [lag.p99 for lag in observed if lag is not None and lag.p99 is not None]
    return Paced(
        share=cell.share,
        rate=cell.rate,
        burst=cell.burst or cell.depth,
        offered_per_second=mean(one.offered_per_second for one in arrivals) if arrivals else None,
        answered_per_second=mean(one.answered_per_second for one in arrivals) if arrivals else None,
        trials=len(own.trials),
        verdict=own.found.verdict,
        reason=own.found.reason,
        p50_us=_percentile(held, 50, stopping),
        p99_us=_percentile(held, 99, stopping),
        p99_9_us=_far_tail_us(merged, [lag.p99_9 for lag in observed if lag is not None and lag.p99_9 is not None]),
        max_us=merged[-1][0] if samples else None,
        samples=samples,
        lag_p99_us=max(lags, default=None),
        cpu_us_per_request=estimate(cpu_costs_us(held), stopping),
    )


def _far_tail_us(merged: Histogram, lags_us: Sequence[int]) -> int | None:
    """p99.9 of all samples; ``None`` with too few, or where the generator's own p99.9 is not small against it.

    A machine that takes the generator's CPU away for some milliseconds a few times a second shows in that percentile,
    and it takes the server's as well: nobody can tell the two apart.
    """
    if merged.moments.samples < FAR_TAIL_SAMPLES:
        return None
    found = latency.percentile_us(merged, 99.9)
    late = median(lags_us) if lags_us else 0
    return found if found is not None and late <= max(LATE_US, LATE_SHARE * found) else None


def _percentile(trials: Sequence[Trial], percent: float, stopping: Stopping) -> Estimate | None:
    """A percentile of each trial, and the mean of these with its interval."""
    found = [
        (trial.pair, latency.percentile_us(trial.load.histogram, percent)) for trial in trials if trial.load is not None
    ]
    return estimate(stratified((pair, us) for pair, us in found if us), stopping)


def estimate(values: Sequence[float], stopping: Stopping) -> Estimate | None:
    """The geometric mean of some trials' figures with its interval."""
    if not values:
        return None
    interval = stats.mean_interval(values, stopping=stopping)
    if interval is None:
        return Estimate(typical(values), None, None)
    return Estimate(interval.mean, interval.low, interval.high)
