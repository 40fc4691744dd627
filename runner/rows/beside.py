"""What stands beside the trials of a cell: its latency by whoever proved it, and what another generator saw. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.judging import latency, verdict
from runner.judging.blocks.strata import by_block, typical
from runner.judging.latency import Proofs
from runner.judging.levels import Stopping
from runner.judging.stats import RankRange
from runner.record.count import DepthCount
from runner.record.plan import Generator
from runner.record.run import AdapterRecord
from runner.record.trial import Trial, Verdict
from runner.rows.cells import CellTrials, cell_verdict, rates, usable
from runner.rows.row import BatchLatency, Estimate, LimitedCapacity, Paced, Witness

WITNESS_TOLERANCE = 0.15
"""How far a witness's rate and mean may be from the run's, relative to them, where the server limited both."""


def witness(
    own: Sequence[Trial], beside: Beside, ours: Verdict, rate: Estimate | None, batches: BatchLatency | None
) -> Witness | None:
    """What the witness saw beside the run's own generator; ``None`` where it was not asked."""
    generator = beside.witness_by
    trials = beside.by(generator)
    if not any(trial.load.requests for trial in trials if trial.load is not None):
        return _failed_witness(beside)
    used = usable(trials, 1)
    first = next((trial.load.generator for trial in own if trial.load is not None), Generator.WRK)
    seen = typical(rates(used))
    latency_us = _mean_latency_us(used)
    rate_ratio = _rate_ratio(own, used, seen, rate)
    own_us = batches.mean if batches else None
    latency_ratio = latency_us / own_us if latency_us and own_us else None
    theirs = cell_verdict(trials, used).verdict
    if ours is not Verdict.MEASURED or theirs is not Verdict.MEASURED:
        whose = f"{first}: {ours}" if ours is not Verdict.MEASURED else f"{generator}: {theirs}"
        return Witness(seen, latency_us, rate_ratio, latency_ratio, None, whose, generator)
    ratios = [ratio for ratio in (rate_ratio, latency_ratio) if ratio is not None]
    agrees = all(abs(ratio - 1) <= WITNESS_TOLERANCE for ratio in ratios)
    reason = None if agrees else f"{generator} differs from {first} by more than {WITNESS_TOLERANCE:.0%}"
    return Witness(seen, latency_us, rate_ratio, latency_ratio, agrees, reason, generator)


def _rate_ratio(own: Sequence[Trial], used: Sequence[Trial], seen: float, rate: Estimate | None) -> float | None:
    """The witness's rate over the run's; on several pairs of machines, each trial over the run's own on its pair."""
    if rate is None:
        return None
    own_on = by_block((one.pair, one.load.requests_per_second) for one in own if one.load is not None)
    if len(own_on) < 2:
        return seen / rate.mean
    found = [
        one.load.requests_per_second / typical(own_on[one.pair])
        for one in used
        if one.load is not None and one.pair in own_on and min(own_on[one.pair]) > 0
    ]
    return typical(found) if found and min(found) > 0 else None


def _failed_witness(beside: Beside) -> Witness | None:
    """A witness that was asked and has said nothing, with why; ``None`` where it was not asked."""
    generator = beside.witness_by
    asked = [one for one in beside.witnesses if one.load is None or one.load.generator == generator]
    if not asked:
        return None
    found = cell_verdict(asked, asked)
    return Witness(None, None, None, None, None, f"{found.verdict}: {found.reason}", generator)


def _mean_latency_us(trials: Sequence[Trial]) -> float | None:
    """The mean of h2load's requests as they are, of batches by another generator only where they were proved."""
    proved = batch_latency(trials)
    if proved is not None:
        return proved.mean
    return latency.mean_us(latency.merge([trial.load.histogram for trial in trials if trial.load is not None]))


def batch_latency(trials: Sequence[Trial]) -> BatchLatency | None:
    """The latency of all trials' batches together; percentiles only where every trial proved its recovery."""
    proved = [(trial, found) for trial in trials if (found := verdict.proofs(trial)) is not None]
    if not proved:
        return None
    problem = next((found.problem for _, found in proved if found.problem), None)
    count = sum(found.samples for _, found in proved)
    source = Generator.WRK if isinstance(proved[0][1], Proofs) else Generator.VOLLEY
    if problem is not None:
        return BatchLatency(None, None, None, None, None, None, None, count, False, problem, source)
    merged = latency.merge([trial.load.histogram for trial, _ in proved if trial.load is not None])
    return BatchLatency(
        p50=latency.percentile_us(merged, 50),
        p75=latency.percentile_us(merged, 75),
        p90=latency.percentile_us(merged, 90),
        p99=latency.percentile_us(merged, 99),
        p99_9=latency.percentile_us(merged, 99.9),
        max=merged[-1][0],
        mean=latency.mean_us(merged),
        samples=count,
        exact=True,
        problem=None,
        source=source,
    )


@dataclass(frozen=True, slots=True)
class Beside:
    """What a row must know beside the trials of its cell."""

    record: AdapterRecord
    stopping: Stopping
    server_class: str | None
    rank: RankRange | None
    baseline: CellTrials | None
    witnesses: Sequence[Trial]
    witness_by: Generator
    paced: tuple[Paced, ...]
    limited: tuple[LimitedCapacity, ...]
    counted: DepthCount | None = None

    def by(self, generator: Generator) -> Sequence[Trial]:
        """The trials of one of the generators that were asked beside the run's own."""
        return [one for one in self.witnesses if one.load is not None and one.load.generator == generator]


def proved_latency(trials: Sequence[Trial], beside: Beside) -> BatchLatency | None:
    """By the generator of the run; where that could not prove it, by volley, which was then asked too."""
    own = batch_latency(trials)
    if own is not None and own.exact:
        return own
    asked = batch_latency(usable(beside.by(Generator.VOLLEY), 1)) if own is not None else None
    return asked if asked is not None and asked.exact else own
