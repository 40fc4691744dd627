"""Trials to rows: one row a cell, every figure derived here and now from the record. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import mean, median

from runner.judging import latency, levels, stats, verdict, waiting
from runner.judging.blocks.strata import blocks_of, typical
from runner.judging.levels import Stopping
from runner.judging.stats import RankRange
from runner.record.plaintext import plain
from runner.record.plan import Cell, Plan, Purpose
from runner.record.run import AdapterRecord, Run
from runner.record.trial import Trial, Verdict
from runner.rows.beside import Beside, proved_latency, witness
from runner.rows.cells import CellTrials, by_cell, cpu_costs_us, rates, stopping
from runner.rows.paced import estimate, paced
from runner.rows.row import (
    Errors,
    Estimate,
    Group,
    LimitedCapacity,
    Multiple,
    Paced,
    Row,
    Sends,
    Spent,
    Waiting,
    WarmedUp,
    Wire,
    WrkLatency,
)
from runner.rows.searching import limited

WRK_TIMEOUT_US = 2_000_000
"""wrk's own ``--timeout``, unless it is told another."""


def rows(run: Run, trials: Sequence[Trial]) -> tuple[Row, ...]:
    """One row a cell, by group and throughput; then one for each adapter that could not be run at all."""
    cells = by_cell(run, trials)
    witnesses: dict[Cell, list[Trial]] = defaultdict(list)
    for trial in trials:
        if trial.purpose is Purpose.WITNESS:
            witnesses[trial.cell].append(trial)
    adapters = {record.server: record for record in run.adapters}
    at_a_pace: dict[Cell, list[Paced]] = defaultdict(list)
    within: dict[Cell, list[LimitedCapacity]] = defaultdict(list)
    capacities = _capacities(run, trials)
    for cell in sorted((one for one in cells if one.is_paced), key=lambda one: (one.share or 0, one.rate or 0)):
        own = cells.pop(cell)
        if (found_limit := limited(cell, own.trials, capacities.get(cell.closed))) is not None:
            within[cell.closed].append(found_limit)
        else:
            at_a_pace[cell.closed].append(paced(cell, own, stopping(run.plan)))
    counts = {one.server: one for one in run.counts}
    classes = {one.server: one.server_class for one in run.conformance}
    ranks = _ranks(cells, {record.name for record in run.adapters if record.ranked}, run.plan)
    baselines = {
        _group(cell): found
        for cell, found in cells.items()
        if cell.adapter == run.plan.baseline and cell.variant is None
    }
    made = []
    for cell, found in cells.items():
        server = cell.server
        beside = Beside(
            record=adapters[server],
            stopping=stopping(run.plan),
            server_class=classes.get(server),
            rank=ranks.get(cell),
            baseline=baselines.get(_group(cell)),
            witnesses=witnesses[cell],
            witness_by=run.plan.witness_by,
            paced=tuple(at_a_pace[cell]),
            limited=tuple(within[cell]),
            counted=counts[server].at(cell.depth) if server in counts else None,
        )
        made.append(_row(cell, found, beside))
    made.sort(
        key=lambda row: (row.group, -(row.requests_per_second.mean if row.requests_per_second else -1), row.adapter)
    )
    return (*made, *(_unavailable_row(record) for record in run.adapters if record.unavailable is not None))


def _capacities(run: Run, trials: Sequence[Trial]) -> dict[Cell, float]:
    """The rate of each closed cell, from which searches began: the mean of its trials that count."""
    return {
        cell: typical(own.rates)
        for cell, own in by_cell(run, trials).items()
        if not cell.is_paced and own.rates and min(own.rates) > 0
    }


def _group(cell: Cell) -> Group:
    """Cells of one group may be compared."""
    return Group(cell.workers, cell.connections, cell.depth, cell.headers)


def _row(cell: Cell, own: CellTrials, beside: Beside) -> Row:
    record, found, all_trials, trials = beside.record, own.found, own.trials, own.used
    worked = found.verdict.has_rate
    rate = estimate(rates(trials), beside.stopping) if worked else None
    batches = proved_latency(trials, beside) if worked else None
    errors = [trial.load.errors for trial in all_trials if trial.load is not None]
    requests = sum(trial.load.requests for trial in all_trials if trial.load is not None)
    peaks = [t.server.peak_memory_bytes for t in all_trials if t.server and t.server.peak_memory_bytes is not None]
    logged = [error for trial in all_trials for error in trial.errors]
    ratios = [proof.little_ratio for t in trials if (proof := verdict.proofs(t)) and proof.little_ratio is not None]
    return Row(
        adapter=cell.adapter,
        title=_title(record),
        version=record.version,
        python=cell.python,
        variant=cell.variant,
        build=record.build,
        instructions_per_request=beside.counted.instructions if beside.counted else None,
        kind=record.kind,
        server_class=beside.server_class,
        depth=cell.depth,
        connections=cell.connections,
        workers=cell.workers,
        trials=len(all_trials),
        disturbed_trials=sum(1 for trial in all_trials if verdict.disturbance(trial) is not None),
        verdict=found.verdict,
        reason=plain(found.reason),
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
        witness=witness(trials, beside, found.verdict, rate, batches),
        errors=Errors(*(sum(getattr(e, name) for e in errors) for name in Errors.__dataclass_fields__))
        if errors
        else None,
        bytes_per_response=_bytes_per_response(trials),
        peak_memory_bytes=max(peaks, default=None),
        error_log=plain(logged[0].text) if logged else None,
        error_count=sum(error.count for error in logged),
        waiting=_waiting(cell, record, all_trials, rate),
        headers=cell.headers,
        sends=_sends(all_trials),
        warmed_up=_warmed_up(all_trials),
        remark=record.remark,
        got_through_per_second=estimate(rates(trials), beside.stopping) if _answers_wrongly(found.verdict) else None,
        paced=beside.paced,
        limited=beside.limited,
        wire=_wire(trials),
        spent=_spent(trials, beside.stopping) if worked else None,
    )


def _answers_wrongly(found: Verdict) -> bool:
    return found in {Verdict.BROKEN, Verdict.WRONG_RESPONSE}


def _wire(trials: Sequence[Trial]) -> Wire | None:
    seen = [trial.load.volley for trial in trials if trial.load is not None and trial.load.volley is not None]
    if not seen:
        return None
    wires = [one.wire for one in seen if one.wire is not None]
    sent = sum(one.batches for one in wires)
    answered = sum(one.batches.answered for one in seen)
    firsts = [one.first.p50 for one in seen if one.first.p50 is not None]
    return Wire(
        segments_per_batch=sum(one.data_segments_in for one in wires) / sent if sent else None,
        reads_per_batch=sum(one.reads for one in seen) / answered if answered else None,
        first_us=median(firsts) if firsts else None,
    )


def _spent(trials: Sequence[Trial], stopping: Stopping) -> Spent | None:
    costs = [cost for trial in trials if (cost := verdict.split_cost_us(trial)) is not None]
    switches = [found for trial in trials if (found := verdict.switches_per_request(trial)) is not None]
    if not costs and not switches:
        return None
    user, system = ([cost[place] for cost in costs] for place in (0, 1))
    waited, yielded = (_mean([found[place] for found in switches]) for place in (0, 1))
    return Spent(_split(user, stopping), _split(system, stopping), waited, yielded)


def _split(costs: Sequence[float], stopping: Stopping) -> Estimate | None:
    """A part of the CPU time with its interval; without one where no tick found it in some trial."""
    return Estimate(mean(costs), None, None) if costs and min(costs) == 0 else estimate(costs, stopping)


def _sends(trials: Sequence[Trial]) -> Sends | None:
    names = next((trial.check.fields for trial in trials if trial.check and trial.check.fields is not None), None)
    return None if names is None else Sends("date" in names, "server" in names, "connection" in names)


def _warmed_up(trials: Sequence[Trial]) -> WarmedUp | None:
    seen = [trial.warm_up for trial in trials if trial.warm_up is not None]
    if not seen:
        return None
    longest_s = max(len(one.rates) * one.step_s for one in seen)
    return WarmedUp(longest_s, settled=sum(1 for one in seen if one.settled))


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
        title=_title(record),
        version=record.version,
        python=record.python,
        variant=record.server[2],
        kind=record.kind,
        server_class=None,
        depth=None,
        connections=None,
        workers=None,
        trials=0,
        disturbed_trials=0,
        verdict=Verdict.UNAVAILABLE,
        reason=plain(record.unavailable or ""),
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
        error_log=plain(record.log_tail[-1]) if record.log_tail else None,
        error_count=0,
        remark=record.remark,
    )


def _ranks(cells: Mapping[Cell, CellTrials], ranked: set[str], plan: Plan) -> dict[Cell, RankRange]:
    """Rank ranges within each group of comparable cells, of those that have a rate with an interval."""
    groups: dict[Group, dict[Cell, Sequence[float]]] = defaultdict(dict)
    measured_on: dict[Group, set[frozenset[str | None]]] = defaultdict(set)
    for cell, own in cells.items():
        if cell.adapter in ranked and own.found.verdict.has_rate:
            groups[_group(cell)][cell] = own.rates
            measured_on[_group(cell)].add(own.pairs)
    bounds = {cell for cell, own in cells.items() if own.found.verdict is Verdict.GENERATOR_BOUND}
    ranks: dict[Cell, RankRange] = {}
    for group, samples in groups.items():
        if len(measured_on[group]) == 1 and all(_has_interval(values) for values in samples.values()):
            ranks |= stats.rank_ranges(samples, stopping=stopping(plan), lower_bounds=bounds)
    return ranks


def _has_interval(values: Sequence[float]) -> bool:
    """Whether there are enough values for one, over all their blocks."""
    return len(values) - len(blocks_of(values)) + 1 >= levels.MIN_VALUES


def _times_baseline(own: CellTrials, baseline: CellTrials | None) -> Multiple | None:
    """Nothing where both rates are lower bounds: their ratio says nothing of the servers."""
    if baseline is None or not (own.found.verdict.has_rate and baseline.found.verdict.has_rate):
        return None
    own_bound, other_bound = (one.found.verdict is Verdict.GENERATOR_BOUND for one in (own, baseline))
    if own_bound and other_bound and own is not baseline:
        return None
    bound = None if own_bound == other_bound else "≥" if own_bound else "≤"
    if own.pairs != baseline.pairs:
        return None
    return Multiple(typical(own.rates) / typical(baseline.rates), bound)


def _title(record: AdapterRecord) -> str:
    """An adapter's title as a table can show it; its name where there is nothing to see."""
    return plain(record.title).strip() or record.name


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
