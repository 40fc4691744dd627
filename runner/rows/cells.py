"""The trials of a cell: which of them count, what they come to together, and their figures one by one. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from runner.judging import latency, levels, verdict
from runner.judging.blocks.strata import stratified
from runner.judging.levels import Stopping
from runner.judging.schedule import counted_by_block
from runner.record.adapter import Server
from runner.record.plan import Cell, Plan, Purpose
from runner.record.run import Run
from runner.record.trial import Failure, Trial, Verdict


def by_cell(run: Run, trials: Sequence[Trial]) -> dict[Cell, CellTrials]:
    """The trials that measure each cell, in the order in which the cells were first measured."""
    measured: dict[Cell, list[Trial]] = defaultdict(list)
    verified: dict[Server, Trial] = {}
    for trial in trials:
        if trial.purpose is Purpose.VERIFY:
            verified[trial.cell.server] = trial
        elif trial.purpose is Purpose.MEASURE:
            measured[trial.cell].append(trial)
    broken = {one.server: one.reason for one in run.conformance if one.server_class == BROKEN}
    complete = complete_pairs(measured)
    return {
        cell: CellTrials.of(
            found, verified.get(cell.server), run.plan, broken=broken.get(cell.server), pairs=complete[_load(cell)]
        )
        for cell, found in measured.items()
    }


def complete_pairs(measured: Mapping[Cell, Sequence[Trial]]) -> Mapping[Cell, frozenset[str | None]]:
    """For each load the pairs of machines on which every server was measured under it that works at all.

    What was measured on the others cannot be compared: pairs differ. Where there is no such pair, all count, and none
    of these rows is ranked.
    """
    found: dict[Cell, frozenset[str | None]] = {}
    if all(one.pair is None for trials in measured.values() for one in trials):
        return defaultdict(lambda: frozenset({None}))
    for cell, trials in measured.items():
        worked = frozenset(one.pair for one in trials if verdict.of_trial(one).verdict not in _FAILED)
        if worked:
            load = _load(cell)
            found[load] = found[load] & worked if load in found else worked
    return defaultdict(frozenset, found)


def _load(cell: Cell) -> Cell:
    """What cells have in common that are compared: all but the server."""
    return replace(cell, adapter="", python=None, variant=None)


def usable(trials: Sequence[Trial], needed: int = levels.MIN_VALUES) -> tuple[Trial, ...]:
    """The trials of a cell whose figures count, by the schedule's rule (:func:`runner.judging.schedule.counted`)."""
    return counted_by_block(
        trials,
        lambda trial: trial.pair,
        lambda trial: verdict.disturbance(trial) is not None,
        min(needed, levels.MIN_VALUES),
    )


def used(trials: Sequence[Trial], plan: Plan) -> tuple[Trial, ...]:
    """The trials of a cell of ``plan`` whose figures count."""
    return usable(trials, plan.trials or levels.MIN_VALUES)


def cell_verdict(trials: Sequence[Trial], used: Sequence[Trial]) -> Failure:
    """One verdict for a cell: a failure in any of its trials counts.

    Otherwise it is the commonest of those whose figures are used, the more careful one in a tie.
    """
    verdicts = [verdict.of_trial(trial) for trial in trials]
    failures = [found for found in verdicts if not found.verdict.has_rate and found.verdict is not Verdict.SATURATED]
    if failures:
        commonest = Counter(found.verdict for found in failures).most_common(1)[0][0]
        found = next(found for found in failures if found.verdict is commonest)
        share = f" (in {len(failures)} of {len(verdicts)} trials)" if len(failures) < len(verdicts) else ""
        return Failure(commonest, found.reason + share)
    if stalled := verdict.stall_in_all(trials):
        return stalled
    verdicts = [verdict.of_trial(trial) for trial in used]
    counts = Counter(found.verdict for found in verdicts)
    careful = [Verdict.SATURATED, Verdict.GENERATOR_BOUND, Verdict.NEITHER, Verdict.MEASURED]
    chosen = max(careful, key=lambda one: (counts[one], -careful.index(one)))
    return next(found for found in verdicts if found.verdict is chosen)


_FAILED = frozenset(one for one in Verdict if not one.has_rate and one is not Verdict.SATURATED)
BROKEN = "broken"
"""The class of servers that lose, swap or corrupt pipelined responses: what they do is no measurement."""
TAIL_SAMPLES = 100
"""With fewer samples there is none above the 99th percentile."""


@dataclass(frozen=True, slots=True)
class CellTrials:
    """The trials of a cell, those whose figures are used, and its verdict."""

    trials: Sequence[Trial]
    used: Sequence[Trial]
    found: Failure

    @classmethod
    def of(
        cls,
        trials: Sequence[Trial],
        verified: Trial | None,
        plan: Plan,
        *,
        broken: str | None = None,
        pairs: frozenset[str | None] = frozenset(),
    ) -> CellTrials:
        """``verified``: the load of the same server with every response read. ``broken``: why its class is that.
        ``pairs``: those on which all that are compared were measured; the others' trials are not used.

        A wrong response counts in every cell of the server, and so does its class; that responses stopped, in the cell
        where they did.
        """
        counting = used([trial for trial in trials if trial.pair in pairs] or trials, plan)
        found = cell_verdict(trials, counting)
        if found.verdict.has_rate and verified is not None and verified.load is not None:
            under_load = verdict.of_trial(verified)
            stalled = under_load.verdict is Verdict.STALLED and verified.cell == trials[0].cell
            if under_load.verdict is Verdict.WRONG_RESPONSE or stalled:
                found = Failure(under_load.verdict, under_load.reason + (" (where each was read)" if stalled else ""))
        if found.verdict.has_rate and broken is not None:
            found = Failure(Verdict.BROKEN, broken)
        return cls(trials, counting, found)

    @property
    def rates(self) -> Sequence[float]:
        """Requests per second of each trial whose figures are used."""
        return rates(self.used)

    @property
    def pairs(self) -> frozenset[str | None]:
        """The pairs of machines that the figures are of."""
        return frozenset(trial.pair for trial in self.used)


def stopping(plan: Plan) -> Stopping:
    """What ended a plan's trials, which decides how wide an interval must be."""
    return Stopping.PRECISION if plan.trials is None else Stopping.FIXED


def rates(trials: Sequence[Trial]) -> Sequence[float]:
    """Requests per second of each trial that was loaded, by the pair of machines where there are several."""
    return stratified((trial.pair, trial.load.requests_per_second) for trial in trials if trial.load is not None)


def tail_us(trial: Trial) -> float | None:
    """The p99 of a trial's batch latency in microseconds; ``None`` with fewer than a hundred samples, or unproved."""
    found = verdict.proofs(trial)
    if trial.load is None or found is None or found.problem or found.samples < TAIL_SAMPLES:
        return None
    return latency.percentile_us(trial.load.histogram, 99)


def tails_us(trials: Sequence[Trial]) -> Sequence[float]:
    """The p99 of each paced trial that has one; none of closed ones, whose latency only mirrors the rate."""
    return stratified(
        (trial.pair, us) for trial in trials if trial.cell.is_paced and (us := tail_us(trial)) is not None
    )


def cpu_costs_us(trials: Sequence[Trial]) -> Sequence[float]:
    """The server's CPU time per request, in microseconds, of each trial where both are known."""
    return stratified((trial.pair, cost) for trial in trials if (cost := verdict.cpu_cost_us(trial)) is not None)
