"""What changed between two runs, cell by cell, and whether it is more than noise. Pure.

Two runs are made at different times, and machines drift: an interval from the trials of each run alone would call that
a difference. So the cells of adapters that are the same in both runs, to the last package, show how far the runs
drifted apart: ratios are over theirs, and no interval is narrower than these scatter
(:func:`runner.judging.stats.ratio_intervals`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from runner.errors import RecordError
from runner.judging import stats, verdict
from runner.judging.levels import Stopping
from runner.judging.stats import Difference, Drift, Interval
from runner.record.plan import Headers
from runner.record.run import AdapterRecord, Run
from runner.record.trial import Trial, Verdict
from runner.rows import cells
from runner.rows.cells import CellTrials
from runner.rows.comparing.aspects import Aspect, differences
from runner.rows.comparing.pairs import Key, Measured, Pair, Values, pairs_of
from runner.rows.comparing.power import Power, power
from runner.rows.paced import estimate
from runner.rows.row import Estimate

RATE = "requests/s"
COST = "CPU µs/request"
TAIL = "p99"


class Change(StrEnum):
    """What became of a cell."""

    FASTER = Difference.FASTER.value
    SLOWER = Difference.SLOWER.value
    NONE_FOUND = Difference.NONE_FOUND.value
    FAILS_NOW = "fails now"
    WORKS_NOW = "works now"
    FAILS_STILL = "fails in both"
    NOT_COMPARED = "not compared"
    NOT_WARM = "not warmed alike"


@dataclass(frozen=True, slots=True)
class Side:
    """A cell in one of the two runs; no estimate where it has none, or only a bound."""

    version: str | None
    python: str | None
    verdict: Verdict
    reason: str
    trials: int
    requests_per_second: Estimate | None
    cpu_us_per_request: Estimate | None
    disturbed_trials: int = 0
    variant: str | None = None
    p99_us: Estimate | None = None


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much slower is let pass: of a rate (or CPU time), and of the p99 of a paced load; ``None``: any amount."""

    rate: float | None = None
    p99: float | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """One cell in both runs. The ratios are of new over base, divided by the drift, and hold at once with 95 %.

    At once: for all changed cells, and for all unchanged ones.
    ``by`` is the figure that ``change`` was read off: the rate, or the CPU time of a request where a load generator was
    the limit, or where other work disturbed most trials of a side: a rate is spoiled by it, CPU time hardly. ``power``
    is that figure's. Of a paced cell it is the p99 of its latency, whose ratio is ``tail_ratio``; ``load`` says at what
    load. ``unchanged``: the adapter's file, its packages and its interpreter are the same in both runs.
    """

    adapter: str
    title: str
    depth: int
    connections: int
    workers: int
    base: Side
    new: Side
    rate_ratio: Interval | None
    cpu_ratio: Interval | None
    change: Change
    by: str | None
    unchanged: bool
    headers: Headers = Headers.BARE
    power: Power | None = None
    load: str | None = None
    tail_ratio: Interval | None = None

    @property
    def ratio(self) -> Interval | None:
        """New over base: of the rate, of a paced cell that of its p99."""
        return self.rate_ratio if self.load is None else self.tail_ratio

    @property
    def could_have_shown(self) -> float | None:
        """The smallest slowdown that its trials would have shown nine times in ten; ``None`` without an interval."""
        return self.power.smallest if self.power is not None else None

    def inconclusive(self, share: float) -> bool:
        """Whether nothing was found, and a slowdown of ``share`` would not have been either."""
        if self.change in {Change.NOT_COMPARED, Change.NOT_WARM}:
            return True
        return self.change is Change.NONE_FOUND and (self.power is None or self.power.smallest > share)

    def slower_than(self, tolerated: Tolerance) -> bool:
        """Whether the data say that it is slower than tolerated, or that the cell no longer works."""
        if self.change is Change.FAILS_NOW:
            return True
        if self.by == TAIL:
            return tolerated.p99 is not None and self.tail_ratio is not None and self.tail_ratio.low > 1 + tolerated.p99
        if tolerated.rate is None:
            return False
        if self.by == RATE and self.rate_ratio is not None:
            return self.rate_ratio.high < 1 - tolerated.rate
        return self.by == COST and self.cpu_ratio is not None and 1 / self.cpu_ratio.low < 1 - tolerated.rate


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs beside each other, or two servers of the run ``within``. ``base`` and ``new`` are their names.

    ``only_base`` and ``only_new`` are the ids of cells that one of them alone has.

    ``drift`` is ``None`` where fewer than three cells could tell it: the intervals then hold each run's noise alone.
    """

    base: str
    new: str
    cells: tuple[Compared, ...]
    only_base: tuple[str, ...]
    only_new: tuple[str, ...]
    differs: tuple[Aspect, ...]
    drift: Drift | None
    unfinished: tuple[str, ...]
    within: str | None = None

    def slower_than(self, tolerated: Tolerance) -> tuple[Compared, ...]:
        """The cells of which the data say so."""
        return tuple(cell for cell in self.cells if cell.slower_than(tolerated))

    def inconclusive(self, share: float) -> tuple[Compared, ...]:
        """The cells that say neither that they are slower nor that they are not by ``share``."""
        return tuple(cell for cell in self.cells if cell.inconclusive(share))


def compare(base: Measured, new: Measured, *, across_machines: bool = False) -> Comparison:
    """Every cell of two runs beside each other.

    Raises :class:`RecordError` where they cannot be compared: the same run twice, another scenario, another kind of
    machine (unless ``across_machines``), or no cell in common.
    """
    _refuse(base[0], new[0], across_machines=across_machines)
    pairs, only_base, only_new = pairs_of(base, new)
    if not pairs:
        raise RecordError(
            f"{base[0].id} and {new[0].id} have no cell in common: compare runs of the same adapters, depths, "
            "connections and workers"
        )
    either = {cells.stopping(run.plan) for run, _ in (base, new)}
    stopping = Stopping.PRECISION if Stopping.PRECISION in either else Stopping.FIXED
    rates = {one.key: one.rates for one in pairs if one.rates}
    costs = {one.key: one.costs for one in pairs if one.costs}
    tails = {one.key: one.tails for one in pairs if one.tails}
    unchanged = {one.key for one in pairs if one.unchanged}
    rate_ratios = stats.ratio_intervals(rates, unchanged, stopping=stopping)
    cpu_ratios = stats.ratio_intervals(costs, unchanged, stopping=stopping)
    tail_ratios = stats.ratio_intervals(tails, unchanged, stopping=stopping)
    drifts = {figure: _drift(seen, unchanged) for figure, seen in ((RATE, rates), (COST, costs), (TAIL, tails))}
    made = [
        compared(
            one,
            Ratios(rate_ratios.get(one.key), cpu_ratios.get(one.key), tail_ratios.get(one.key)),
            Allowance(stopping, len(unchanged) if one.unchanged else len(pairs) - len(unchanged), drifts),
        )
        for one in pairs
    ]
    made.sort(key=_order)
    return Comparison(
        base=base[0].id,
        new=new[0].id,
        cells=tuple(made),
        only_base=tuple(cell.id for cell in only_base),
        only_new=tuple(cell.id for cell in only_new),
        differs=tuple(differences(base[0], new[0])),
        drift=drifts[RATE],
        unfinished=tuple(run.id for run, _ in (base, new) if run.finished_at is None),
    )


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the intervals of a comparison allow for: how trials ended, how many hold at once, and drift by figure."""

    stopping: Stopping
    comparisons: int
    drifts: Mapping[str, Drift | None]


@dataclass(frozen=True, slots=True)
class Ratios:
    """New over base of one pair's figures; ``None`` where either has none, or only a bound."""

    rate: Interval | None
    cpu: Interval | None
    tail: Interval | None

    def of(self, figure: str | None) -> Interval | None:
        """That of the figure which a change was read off."""
        return {RATE: self.rate, COST: self.cpu, TAIL: self.tail}.get(figure or "")


def compared(pair: Pair, ratios: Ratios, allowed: Allowance) -> Compared:
    """One pair of cells with the intervals of its ratios."""
    change, by = _change(pair, ratios)
    ratio = ratios.of(by)
    shown = None
    if by is not None and ratio is not None:
        trials = min(len(pair.base.used), len(pair.new.used))
        drift = allowed.drifts.get(by)
        shown = power(ratio, trials, comparisons=allowed.comparisons, stopping=allowed.stopping, drift=drift)
    return Compared(
        adapter=pair.base_cell.adapter,
        title=pair.new_record.title,
        depth=pair.base_cell.depth,
        connections=pair.base_cell.connections,
        workers=pair.base_cell.workers,
        base=_side(pair.base_record, pair.base, allowed.stopping),
        new=_side(pair.new_record, pair.new, allowed.stopping),
        rate_ratio=ratios.rate,
        cpu_ratio=ratios.cpu,
        change=change,
        by=by,
        unchanged=pair.unchanged,
        headers=pair.base_cell.headers,
        power=shown,
        load=pair.base_cell.load if pair.base_cell.is_paced else None,
        tail_ratio=ratios.tail,
    )


def _drift(values: Mapping[Key, Values], unchanged: Collection[Key]) -> Drift | None:
    return stats.drift(each for key, each in values.items() if key in unchanged)


def _order(cell: Compared) -> tuple[int, int, int, str, str, str]:
    return cell.workers, cell.connections, cell.depth, cell.headers, cell.load or "", cell.title


def _refuse(base: Run, new: Run, *, across_machines: bool) -> None:
    both = f"{base.id} and {new.id}"
    if base.id == new.id and base.created_at == new.created_at:
        raise RecordError(f"{base.id} was given twice: name two runs")
    if base.plan.scenario is not new.plan.scenario:
        raise RecordError(f"{both} are of different scenarios, {base.plan.scenario} and {new.plan.scenario}")
    kinds = [run.machine.kind for run in (base, new)]
    if kinds[0] != kinds[1] and not across_machines:
        raise RecordError(
            f"{both} were made on different machines ({kinds[0]}; {kinds[1]}): their ratio says nothing of the code; "
            "--across-machines compares them all the same"
        )


def _change(pair: Pair, ratios: Ratios) -> tuple[Change, str | None]:
    worked, works = (verdict.has_rate for verdict in pair.verdicts)
    if pair.base_cell.is_paced:  # that the generator was late is no failure of the server
        worked, works = (verdict is not Verdict.SATURATED for verdict in pair.verdicts)
    if not (worked and works):
        return Change.FAILS_NOW if worked else Change.WORKS_NOW if works else Change.FAILS_STILL, None
    if not pair.warmed_alike:
        return Change.NOT_WARM, None
    by = _telling(pair, ratios)
    ratio = ratios.of(by)
    if ratio is None:
        return Change.NOT_COMPARED, None
    return Change(stats.difference(ratio, higher_is_better=by == RATE)), by


def _telling(pair: Pair, ratios: Ratios) -> str:
    """The figure that tells what changed: of a closed load the rate, unless other work spoiled it or there is none."""
    if pair.base_cell.is_paced:
        return TAIL
    spoiled = any(disturbed(side.trials) * 2 > len(side.trials) for side in (pair.base, pair.new))
    return RATE if ratios.rate is not None and not (spoiled and ratios.cpu is not None) else COST


def disturbed(trials: Sequence[Trial]) -> int:
    """How many of them other work disturbed."""
    return sum(verdict.disturbance(trial) is not None for trial in trials)


def _side(record: AdapterRecord, own: CellTrials, stopping: Stopping) -> Side:
    found, used = own.found, own.used
    works = found.verdict.has_rate
    return Side(
        version=record.version,
        python=record.python,
        variant=record.server[2],
        disturbed_trials=disturbed(own.trials),
        verdict=found.verdict,
        reason=found.reason,
        trials=len(own.trials),
        requests_per_second=estimate(own.rates, stopping) if works else None,
        cpu_us_per_request=estimate(cells.cpu_costs_us(used), stopping) if works else None,
        p99_us=estimate(cells.tails_us(used), stopping) if found.verdict is Verdict.MEASURED else None,
    )
