"""Trials to rows: one row a cell, every figure derived here and now from the record. Pure.

The fields and their units are those of ``pipebench report --format json``, described in docs/results.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import geometric_mean, mean, median

from runner.judging import latency, stats, verdict, waiting
from runner.judging.schedule import counted
from runner.judging.stats import RankRange, Stopping
from runner.record.adapter import Client, Kind
from runner.record.plan import Cell, Plan, Purpose
from runner.record.run import AdapterRecord, Run
from runner.record.trial import Failure, Trial, Verdict

SCHEMA = 1
Group = tuple[int, int, int]
"""What rows that may be compared have in common: workers, connections, depth."""
WRK_TIMEOUT_US = 2_000_000
"""wrk's own ``--timeout``, unless it is told another."""
WITNESS_TOLERANCE = 0.15
"""How far h2load's rate and mean may be from wrk's, relative to them, where the server was the limit for both."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over trials and its 95 % interval; ``low`` and ``high`` are ``None`` with too few trials for one."""

    mean: float
    low: float | None
    high: float | None

    @property
    def relative_half_width(self) -> float | None:
        """How far the interval reaches, relative to the mean, on its longer side: 0.03 is ±3 %."""
        return None if self.high is None else self.high / self.mean - 1


@dataclass(frozen=True, slots=True)
class Multiple:
    """A rate in multiples of the baseline's; ``bound`` is ``≥`` or ``≤`` where one of the two is a lower bound."""

    value: float
    bound: str | None


@dataclass(frozen=True, slots=True)
class BatchLatency:
    """Percentiles of batch latency over all trials, in microseconds.

    ``exact``: every trial's recovery passed its proofs. Otherwise the percentiles are ``None``; ``problem`` says why.
    """

    p50: int | None
    p75: int | None
    p90: int | None
    p99: int | None
    p99_9: int | None
    max: int | None
    mean: float | None
    samples: int
    exact: bool
    problem: str | None


@dataclass(frozen=True, slots=True)
class WrkLatency:
    """The median over trials of what wrk itself printed, in microseconds."""

    p50: int
    p75: int
    p90: int
    p99: int


@dataclass(frozen=True, slots=True)
class Witness:
    """What h2load saw of the same cell, over its trials: requests per second, and mean latency of a request in µs.

    The ratios are over wrk's figures, the mean batch latency among them: both means follow from Little's law where the
    server was the limit. ``agrees`` is ``None`` where it was not, for either generator, with the ``reason``.
    """

    requests_per_second: float
    mean_latency_us: float | None
    rate_ratio: float | None
    latency_ratio: float | None
    agrees: bool | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Errors:
    """The generator's error counters, summed over trials."""

    connect: int
    read: int
    write: int
    timeout: int
    status: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a server did that waits for an upstream (scenario ``upstream``), and what its model says.

    ``client`` is ``blocking`` or ``async``, ``max_clients`` the limit of its client in force, ``None`` for none;
    ``own_limit`` says that it is the client's default.
    ``model_per_second`` is the rate by the model (:mod:`runner.judging.waiting`), ``ratio`` the measured one over it,
    ``far`` whether that is beyond the tolerance; ``None`` where there is no delay or no rate. ``held_max`` is the most that
    the upstream held at once in any trial, ``model_held`` what the server could have under way at most. ``established``
    and ``accepted`` are the fewest connections that were open in the middle of a load. ``over_2_s`` counts responses that
    took longer than two seconds: wrk's own limit, beyond which it would have counted time-outs.
    """

    client: Client
    max_clients: int | None
    own_limit: bool
    delay_us: int
    model_per_second: float | None
    ratio: float | None
    far: bool | None
    held_max: int
    model_held: int
    served: int
    established: int | None
    accepted: int | None
    connections_lost: int
    over_2_s: int
    idle_memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """All there is to say of one cell. ``None``: not measured."""

    adapter: str
    title: str
    version: str | None
    python: str | None
    kind: Kind
    server_class: str | None
    depth: int | None
    connections: int | None
    workers: int | None
    trials: int
    disturbed_trials: int
    verdict: Verdict
    reason: str
    requests: int
    requests_per_second: Estimate | None
    times_baseline: Multiple | None
    cpu_us_per_request: Estimate | None
    rank: RankRange | None
    server_busy: float | None
    generator_busy: float | None
    batch_latency_us: BatchLatency | None
    little_ratio: float | None
    wrk_latency_us: WrkLatency | None
    witness: Witness | None
    errors: Errors | None
    bytes_per_response: float | None
    peak_memory_bytes: int | None
    error_log: str | None
    error_count: int
    waiting: Waiting | None = None

    @property
    def group(self) -> Group:
        """Rows of one group may be compared."""
        return self.workers or 0, self.connections or 0, self.depth or 0

    @property
    def cell(self) -> Cell | None:
        """What it is of; ``None`` for a server that could not be run at all."""
        if self.depth is None or self.connections is None or self.workers is None:
            return None
        limit = self.waiting.max_clients if self.waiting is not None and not self.waiting.own_limit else None
        return Cell(self.adapter, self.python, self.depth, self.connections, self.workers, limit)


def rows(run: Run, trials: Sequence[Trial]) -> tuple[Row, ...]:
    """One row a cell, by group and throughput; then one for each adapter that could not be run at all."""
    cells = by_cell(run, trials)
    witnesses: dict[Cell, list[Trial]] = defaultdict(list)
    for trial in trials:
        if trial.purpose is Purpose.WITNESS and trial.load is not None:
            witnesses[trial.cell].append(trial)
    adapters = {(record.name, record.python): record for record in run.adapters}
    classes = {(one.adapter, one.python): one.server_class for one in run.conformance}
    ranks = _ranks(cells, {record.name for record in run.adapters if record.ranked}, run.plan)
    baselines = {_group(cell): found for cell, found in cells.items() if cell.adapter == run.plan.baseline}
    made = []
    for cell, found in cells.items():
        server = cell.adapter, cell.python
        beside = _Beside(
            record=adapters[server],
            stopping=stopping(run.plan),
            server_class=classes.get(server),
            rank=ranks.get(cell),
            baseline=baselines.get(_group(cell)),
            witnesses=witnesses[cell],
        )
        made.append(_row(cell, found, beside))
    made.sort(
        key=lambda row: (row.group, -(row.requests_per_second.mean if row.requests_per_second else -1), row.adapter)
    )
    return (*made, *(_unavailable_row(record) for record in run.adapters if record.unavailable is not None))


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


def usable(trials: Sequence[Trial], needed: int = stats.MIN_VALUES) -> tuple[Trial, ...]:
    """The trials of a cell whose figures count, by the schedule's rule (:func:`runner.judging.schedule.counted`)."""
    return counted(trials, lambda trial: verdict.disturbance(trial) is not None, min(needed, stats.MIN_VALUES))


def used(trials: Sequence[Trial], plan: Plan) -> tuple[Trial, ...]:
    """The trials of a cell of ``plan`` whose figures count."""
    return usable(trials, plan.trials or stats.MIN_VALUES)


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


def estimate(values: Sequence[float], stopping: Stopping) -> Estimate | None:
    """The geometric mean of some trials' figures with its interval."""
    if not values:
        return None
    interval = stats.mean_interval(values, stopping=stopping)
    if interval is None:
        return Estimate(geometric_mean(values), None, None)
    return Estimate(interval.mean, interval.low, interval.high)


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


def batch_latency(trials: Sequence[Trial]) -> BatchLatency | None:
    """The latency of all trials' batches together; percentiles only where every trial proved its recovery."""
    proved = [(trial, found) for trial in trials if (found := verdict.proofs(trial)) is not None]
    if not proved:
        return None
    problem = next((found.problem for _, found in proved if found.problem), None)
    count = sum(found.samples for _, found in proved)
    if problem is not None:
        return BatchLatency(None, None, None, None, None, None, None, count, exact=False, problem=problem)
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
    )


def _group(cell: Cell) -> Group:
    """Cells of one group may be compared."""
    return cell.workers, cell.connections, cell.depth


@dataclass(frozen=True, slots=True)
class _Beside:
    """What a row must know beside the trials of its cell."""

    record: AdapterRecord
    stopping: Stopping
    server_class: str | None
    rank: RankRange | None
    baseline: CellTrials | None
    witnesses: Sequence[Trial]


def _row(cell: Cell, own: CellTrials, beside: _Beside) -> Row:
    record, found, all_trials, trials = beside.record, own.found, own.trials, own.used
    worked = found.verdict.has_rate
    rate = estimate(rates(trials), beside.stopping) if worked else None
    batches = batch_latency(trials) if worked else None
    errors = [trial.load.errors for trial in all_trials if trial.load is not None]
    requests = sum(trial.load.requests for trial in all_trials if trial.load is not None)
    peaks = [t.server.peak_memory_bytes for t in all_trials if t.server and t.server.peak_memory_bytes is not None]
    logged = [error for trial in all_trials for error in trial.errors]
    ratios = [proof.little_ratio for t in trials if (proof := verdict.proofs(t)) and proof.little_ratio is not None]
    return Row(
        adapter=cell.adapter,
        title=record.title,
        version=record.version,
        python=cell.python,
        kind=record.kind,
        server_class=beside.server_class,
        depth=cell.depth,
        connections=cell.connections,
        workers=cell.workers,
        trials=len(all_trials),
        disturbed_trials=sum(1 for trial in all_trials if verdict.disturbance(trial) is not None),
        verdict=found.verdict,
        reason=found.reason,
        requests=requests,
        requests_per_second=rate,
        times_baseline=_times_baseline(own, beside.baseline),
        cpu_us_per_request=estimate(cpu_costs_us(trials), beside.stopping) if worked else None,
        rank=beside.rank if worked else None,
        server_busy=_mean([verdict.server_busy(trial) for trial in trials]),
        generator_busy=_mean([verdict.generator_busy(trial) for trial in trials]),
        batch_latency_us=batches,
        little_ratio=_mean(ratios),
        wrk_latency_us=_wrk_latency(trials),
        witness=_witness(beside.witnesses, found.verdict, rate, batches) if beside.witnesses else None,
        errors=Errors(*(sum(getattr(e, name) for e in errors) for name in Errors.__dataclass_fields__))
        if errors
        else None,
        bytes_per_response=_bytes_per_response(trials),
        peak_memory_bytes=max(peaks, default=None),
        error_log=logged[0].text if logged else None,
        error_count=sum(error.count for error in logged),
        waiting=_waiting(cell, record, all_trials, rate),
    )


def _waiting(cell: Cell, record: AdapterRecord, trials: Sequence[Trial], rate: Estimate | None) -> Waiting | None:
    seen = [trial.upstream for trial in trials if trial.upstream is not None]
    if not seen or record.client is None:
        return None
    limit = record.max_clients if cell.max_clients is None else cell.max_clients
    model = waiting.requests_per_second(
        record.client,
        delay_us=seen[0].delay_us,
        connections=cell.connections,
        workers=cell.workers,
        max_clients=limit,
    )
    ratio = rate.mean / model if rate and model else None
    opened = [trial.opened for trial in trials if trial.opened is not None]
    idle = [t.server.idle_memory_bytes for t in trials if t.server and t.server.idle_memory_bytes is not None]
    return Waiting(
        client=record.client,
        max_clients=limit,
        own_limit=cell.max_clients is None,
        delay_us=seen[0].delay_us,
        model_per_second=model,
        ratio=ratio,
        far=None if ratio is None else waiting.is_far(ratio),
        held_max=max(one.held_max for one in seen),
        model_held=waiting.under_way(
            record.client, connections=cell.connections, workers=cell.workers, max_clients=limit
        ),
        served=sum(one.served for one in seen),
        established=min((one.established for one in opened), default=None),
        accepted=min((one.accepted for one in opened), default=None),
        connections_lost=sum(verdict.reconnects(trial) for trial in trials),
        over_2_s=sum(latency.samples_above(trial.load.histogram, WRK_TIMEOUT_US) for trial in trials if trial.load),
        idle_memory_bytes=max(idle, default=None),
    )


def _unavailable_row(record: AdapterRecord) -> Row:
    return Row(
        adapter=record.name,
        title=record.title,
        version=record.version,
        python=record.python,
        kind=record.kind,
        server_class=None,
        depth=None,
        connections=None,
        workers=None,
        trials=0,
        disturbed_trials=0,
        verdict=Verdict.UNAVAILABLE,
        reason=record.unavailable or "",
        requests=0,
        requests_per_second=None,
        times_baseline=None,
        cpu_us_per_request=None,
        rank=None,
        server_busy=None,
        generator_busy=None,
        batch_latency_us=None,
        little_ratio=None,
        wrk_latency_us=None,
        witness=None,
        errors=None,
        bytes_per_response=None,
        peak_memory_bytes=None,
        error_log=record.log_tail[-1] if record.log_tail else None,
        error_count=0,
    )


def _ranks(cells: Mapping[Cell, CellTrials], ranked: set[str], plan: Plan) -> dict[Cell, RankRange]:
    """Rank ranges within each group of comparable cells, of those that have a rate with an interval."""
    groups: dict[Group, dict[Cell, list[float]]] = defaultdict(dict)
    for cell, own in cells.items():
        if cell.adapter in ranked and own.found.verdict.has_rate:
            groups[_group(cell)][cell] = own.rates
    bounds = {cell for cell, own in cells.items() if own.found.verdict is Verdict.GENERATOR_BOUND}
    ranks: dict[Cell, RankRange] = {}
    for samples in groups.values():
        if all(len(values) >= stats.MIN_VALUES for values in samples.values()):
            ranks |= stats.rank_ranges(samples, stopping=stopping(plan), lower_bounds=bounds)
    return ranks


def _times_baseline(own: CellTrials, baseline: CellTrials | None) -> Multiple | None:
    """Nothing where both rates are lower bounds: their ratio says nothing of the servers."""
    if baseline is None or not (own.found.verdict.has_rate and baseline.found.verdict.has_rate):
        return None
    own_bound, other_bound = (one.found.verdict is Verdict.GENERATOR_BOUND for one in (own, baseline))
    if own_bound and other_bound and own is not baseline:
        return None
    bound = None if own_bound == other_bound else "≥" if own_bound else "≤"
    return Multiple(geometric_mean(own.rates) / geometric_mean(baseline.rates), bound)


def _witness(trials: Sequence[Trial], ours: Verdict, rate: Estimate | None, batches: BatchLatency | None) -> Witness:
    used = usable(trials, 1)
    seen = geometric_mean(rates(used))
    latency_us = latency.mean_us(latency.merge([trial.load.histogram for trial in used if trial.load is not None]))
    rate_ratio = seen / rate.mean if rate else None
    own_us = batches.mean if batches else None
    latency_ratio = latency_us / own_us if latency_us and own_us else None
    theirs = cell_verdict(trials, used).verdict
    if ours is not Verdict.MEASURED or theirs is not Verdict.MEASURED:
        whose = f"wrk: {ours}" if ours is not Verdict.MEASURED else f"h2load: {theirs}"
        return Witness(seen, latency_us, rate_ratio, latency_ratio, agrees=None, reason=whose)
    ratios = [ratio for ratio in (rate_ratio, latency_ratio) if ratio is not None]
    agrees = all(abs(ratio - 1) <= WITNESS_TOLERANCE for ratio in ratios)
    reason = None if agrees else f"h2load differs from wrk by more than {WITNESS_TOLERANCE:.0%}"
    return Witness(seen, latency_us, rate_ratio, latency_ratio, agrees=agrees, reason=reason)


def _wrk_latency(trials: Sequence[Trial]) -> WrkLatency | None:
    printed = [trial.load.wrk_latency for trial in trials if trial.load and trial.load.wrk_latency]
    if not printed:
        return None
    return WrkLatency(*(int(median(getattr(one, name) for one in printed)) for name in WrkLatency.__dataclass_fields__))


def _bytes_per_response(trials: Sequence[Trial]) -> float | None:
    loads = [trial.load for trial in trials if trial.load and trial.load.requests]
    return sum(load.bytes_read for load in loads) / sum(load.requests for load in loads) if loads else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return mean(known) if known else None
