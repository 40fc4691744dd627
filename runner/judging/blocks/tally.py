"""What the trials of one cell come to, in one block or several, and whether it wants more. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from runner.judging import levels, stats
from runner.judging import schedule as rule
from runner.judging.blocks.strata import stratified, typical
from runner.judging.capacity import MIN_TRIALS, Observation, Search
from runner.judging.schedule import Schedule, TrialSummary
from runner.judging.stats import Summary
from runner.record.plan import Cell

SOUGHT_TRIALS = 8
"""What a search for the capacity under a limit is supposed to take: docs/statistics.md has what it took."""

Block = str | None
"""A pair of machines by its name; ``None`` where all runs on one machine."""


class Blocks:
    """The blocks of a run: those that measure now, and those whose trials count for nothing since they left early."""

    def __init__(self, live: Sequence[Block]) -> None:
        self.live = list(live)
        self.left_out: set[Block] = set()


class Tally:
    """What the trials of one cell come to; ``place`` is the cell's among all.

    ``progress`` is the number that count towards a wanted number of trials: disturbed ones do not, as long as they are
    repeated. ``summary`` is of the rates that make the interval, ``spread`` the standard deviation of their logarithms,
    ``wall_s`` the mean duration of a trial. ``capacities`` are the mean rates of the cell's first trials that count in
    a block, as many as are its share of the minimum: of a closed cell what paced loads there are shares of, the same
    for all their trials. ``closed`` is the tally of the cell whose share this one's load is.
    """

    __slots__ = (
        "_blocks", "_needed", "_own_wants", "_progress", "_schedule", "_share", "_trials", "capacities", "cell",
        "closed", "failed", "has_minimum", "place", "progress", "reached", "spread", "summary", "total", "wall_s",
    )  # fmt: skip

    def __init__(self, schedule: Schedule, place: int, cell: Cell, blocks: Blocks) -> None:
        self.place = place
        self.cell = cell
        self.total = self.progress = 0
        self.failed = self.has_minimum = self.reached = False
        self.closed: Tally | None = None
        self.capacities: dict[Block, float] = {}
        self._own_wants = True
        self.summary: Summary | None = None
        self.spread: float | None = None
        self.wall_s: float | None = None
        self._schedule = schedule
        self._blocks = blocks
        self._trials: list[TrialSummary] = []
        self._progress: Counter[Block] = Counter()
        self._needed = 0
        number = max(1, len(blocks.live))
        self._share = math.ceil(schedule.least(number) / number)

    def add(self, trial: TrialSummary) -> None:
        """Count one more."""
        self._trials.append(trial)
        self.recount()

    def recount(self) -> None:
        """Count anew, as after a block joined or left."""
        schedule, blocks = self._schedule, self._blocks
        trials = [one for one in self._trials if one.block not in blocks.left_out]
        worked = [one for one in trials if one.rate is not None and not one.failed]
        counting = rule.counted_by_block(worked, lambda one: one.block, lambda one: one.disturbed, levels.MIN_VALUES)
        rates = stratified((one.block, one.rate) for one in counting if one.rate is not None)
        self.total = len(trials)
        self._progress = _progress(worked)
        self.progress = sum(self._progress.values())
        self.failed = len(trials) - len(worked) >= rule.CONFIRMATIONS
        self.wall_s = math.fsum(one.wall_s for one in trials) / len(trials) if trials else None
        self.summary = stats.summarise(rates) if rates else None
        self.spread = None
        if self.summary is not None:
            self.spread = self.summary.spread
            self._needed = schedule.needed(self.spread, schedule.precision_of(self.cell))
        number = self._number
        self._share = math.ceil(schedule.least(number) / number)
        fewest = 1 if schedule.trials is None and number > 1 else self._share
        everywhere = not any(self._progress[block] < fewest for block in blocks.live)
        self.has_minimum = everywhere and self.progress >= schedule.least(number)
        self.reached = self.has_minimum and (schedule.trials is not None or self._is_precise())
        may = schedule.trials is not None or self.total < schedule.most(number)
        self._own_wants = may and not self.failed and not self.reached
        for block in blocks.live:
            if block not in self.capacities and self._progress[block] >= self._share:
                own = [one.rate for one in counting if one.block == block and one.rate is not None]
                if own and min(own) > 0:
                    self.capacities[block] = typical(own)

    def has_worked_in(self, block: Block) -> bool:
        """Whether it has a figure in a block."""
        return self._progress[block] > 0

    def lacks(self, block: Block) -> bool:
        """Whether it has not had a block's share of the fewest trials yet."""
        return self._progress[block] < self._share

    @property
    def wants_more(self) -> bool:
        """Whether more trials are wanted and allowed; none of a load whose capacity will never be known."""
        return self._own_wants and not self.has_no_pace

    @property
    def needs_capacity(self) -> bool:
        """Whether its load follows from the capacity of its closed cell."""
        return self.cell.share is not None or self.cell.limit is not None

    def waits_for_capacity(self, block: Block) -> bool:
        """Whether its load follows from a capacity in this block that is not known yet."""
        return self.closed is not None and block not in self.closed.capacities

    @property
    def has_no_pace(self) -> bool:
        """Whether its load follows from the capacity of a cell that failed, or that is not measured at all."""
        if not self.needs_capacity:
            return False
        return self.closed is None or (not self.closed.capacities and self.closed.failed)

    def rate(self, block: Block) -> float | None:
        """The rate of its paced load in requests/s; ``None`` of a closed one, and while it is not known."""
        if self.cell.share is None or self.closed is None or block not in self.closed.capacities:
            return self.cell.rate
        return self.cell.share * self.closed.capacities[block]

    def still_wanted(self, usually_needed: int) -> int:
        """How many more trials the cell needs, if its spread, or else that of the others, stays as it is."""
        if not self.wants_more:
            return 0
        if self._schedule.trials is not None:
            return max(1, self._schedule.least(self._number) - self.progress)
        return max(1, (usually_needed if self.spread is None else self._needed) - self.progress)

    @property
    def _number(self) -> int:
        """How many blocks there are: those that measure, and those whose trials count though they left."""
        return max(1, len({*self._blocks.live, *(one for one in self._progress if self._progress[one])}))

    def _is_precise(self) -> bool:
        return self.summary is not None and self.summary.interval().relative_half_width <= self._precision

    @property
    def _precision(self) -> float:
        return self._schedule.precision_of(self.cell)


class Sought(Tally):
    """The trials of a search for the highest rate within a limit: each has a rate that those before it suggest.

    It has what it needs when the search says so; disturbed trials are repeated, and then count for nothing. A search is
    of one machine: it goes on in one block, the first.
    """

    __slots__ = ("_observations",)

    def __init__(self, schedule: Schedule, place: int, cell: Cell, blocks: Blocks) -> None:
        super().__init__(schedule, place, cell, blocks)
        self._observations: list[Observation] = []

    def recount(self) -> None:
        """Count anew."""
        self.total = len(self._trials)
        self.wall_s = math.fsum(one.wall_s for one in self._trials) / self.total if self._trials else None
        seen = sought(self._trials)
        self._observations = list(seen)
        self.progress = len(seen)
        self.failed = sum(one.observation is None for one in self._trials) >= rule.CONFIRMATIONS
        search = self._search
        ended = search is not None and search.next_rate(self._observations) is None
        self.has_minimum = self.progress >= MIN_TRIALS
        self.reached = ended
        self._own_wants = not self.failed and not ended and self.total < self._schedule.max_trials

    def lacks(self, block: Block) -> bool:  # noqa: ARG002 - there is one
        """Whether it has not had the fewest trials yet."""
        return not self.has_minimum

    def has_worked_in(self, block: Block) -> bool:  # noqa: ARG002 - there is one
        """A search is of no block."""
        return True

    def still_wanted(self, usually_needed: int) -> int:  # noqa: ARG002 - what cells with an interval need
        """How many more trials the search may take."""
        return max(1, SOUGHT_TRIALS - self.progress) if self.wants_more else 0

    def rate(self, block: Block) -> float | None:  # noqa: ARG002 - there is one
        """The rate that the search tries next, in requests/s."""
        search = self._search
        return None if search is None else search.next_rate(self._observations)

    @property
    def _search(self) -> Search | None:
        capacities, limit = self.closed.capacities if self.closed else {}, self.cell.limit
        capacity = next(iter(capacities.values()), None)
        return None if capacity is None or limit is None else Search(limit_us=limit.us, closed_loop=capacity)


def sought(trials: Sequence[TrialSummary]) -> tuple[Observation, ...]:
    """What the trials of a search show: the undisturbed ones, and beyond those that are repeated the others too."""
    observed = [(one.observation, one.disturbed) for one in trials if one.observation is not None]
    return tuple(one for one, _ in rule.not_repeated(observed, lambda one: one[1]))


def _progress(worked: Sequence[TrialSummary]) -> Counter[Block]:
    """Trials of each block that count towards a wanted number."""
    disturbed = Counter(one.block for one in worked if one.disturbed)
    had = Counter(one.block for one in worked)
    return Counter({block: number - min(disturbed[block], rule.REPEATS) for block, number in had.items()})
