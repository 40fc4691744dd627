"""A run so far: which trial comes next, and how far it is. Pure: trials and the time spent in, a cell out.

All of it follows from the trials alone, by the rule in :mod:`runner.judging.schedule`. What a decision needs of them is
kept as they come in, so that it costs the same after ten thousand trials as after ten; a course that is made from a
run's record stands where the run stood. ``tests/studies/decisions.py`` prints what a decision takes.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from runner.judging import levels, stats
from runner.judging import schedule as rule
from runner.judging.capacity import MIN_TRIALS, Observation, Search
from runner.judging.levels import Stopping
from runner.judging.schedule import Progress, Schedule, Step, TrialSummary
from runner.judging.stats import Summary
from runner.record.plan import Cell, Headers

SOUGHT_TRIALS = 8
"""What a search for the capacity under a limit is supposed to take: docs/statistics.md has what it took."""
UNKNOWN_SPREAD = 0.02
"""The standard deviation of a rate's logarithm that is supposed before any cell has shown one."""


class Course:
    """The trials of a run, in their order, to which more are added as they finish."""

    def __init__(self, schedule: Schedule, history: Iterable[TrialSummary] = ()) -> None:
        self.schedule = schedule
        self._tallies = [
            (_Tally if cell.limit is None else _Sought)(schedule, place, cell)
            for place, cell in enumerate(rule.ordered(schedule.cells))
        ]
        self._by_cell = {tally.cell: tally for tally in self._tallies}
        for tally in self._tallies:
            if tally.needs_capacity:
                tally.closed = self._by_cell.get(tally.cell.closed)
        self._history: list[TrialSummary] = []
        self._spent_s = 0.0
        self._spreads: list[float] = []
        self._ties: dict[tuple[int, int, int, Headers], _Tie] = {}
        for tally in self._tallies:
            if not tally.cell.is_paced:  # what is compared by rank is the capacity
                self._ties.setdefault(_group(tally.cell), _Tie()).tallies.append(tally)
        self._round = self._begun(1)
        self._following: _Round | None = None
        for trial in history:
            self.add(trial)

    @property
    def history(self) -> Sequence[TrialSummary]:
        """All trials, in the order in which they came."""
        return self._history

    def had(self, cell: Cell) -> int:
        """How many trials there are of a cell of the schedule."""
        return self._by_cell[cell].total

    def add(self, trial: TrialSummary) -> None:
        """Take a finished trial into account. One of no cell of the schedule counts for the time and the round only.

        Raises:
            ValueError: it is of a round before that of the last one.
        """
        if trial.round < self._round.number:
            raise ValueError(f"a trial of round {trial.round} comes after one of round {self._round.number}")
        if trial.round > self._round.number:
            known = self._following
            self._round = known if known and known.number == trial.round else self._begun(trial.round)
        self._following = None
        self._history.append(trial)
        self._spent_s += trial.wall_s
        tally = self._by_cell.get(trial.cell)
        if tally is None:
            return
        self._round.had.add(tally.place)
        if tally.spread is not None:
            del self._spreads[bisect_left(self._spreads, tally.spread)]
        tally.add(trial)
        if tally.spread is not None:
            insort(self._spreads, tally.spread)
        if not tally.cell.is_paced:
            self._ties[_group(tally.cell)].places = None

    def next(self, elapsed_s: float) -> Step | None:
        """Return the trial that comes next, or ``None`` where there is nothing left to do or no budget.

        ``elapsed_s`` are the seconds spent on the trials so far.
        """
        ahead = self._round
        place = ahead.next()
        if place is None:
            if self._following is None:
                self._following = self._begun(self._round.number + 1)
            ahead = self._following
            place = ahead.next()
        if place is None:
            return None
        tally, budget_s = self._tallies[place], self.schedule.budget_s
        if budget_s is not None and elapsed_s + self._expected_wall_s(tally) > budget_s:
            return None
        return Step(tally.cell, ahead.number, tally.rate)

    def progress(self, elapsed_s: float) -> Progress:
        """Return how far the run is. What is to come is a guess: it supposes that spreads and durations stay."""
        schedule, done = self.schedule, len(self._history)
        usual = self._spreads[len(self._spreads) // 2] if self._spreads else UNKNOWN_SPREAD
        needed = {
            paced: schedule.needed(usual, schedule.tail_precision if paced else schedule.precision)
            for paced in (False, True)
        }
        wanted = [tally.still_wanted(needed[tally.cell.is_paced]) for tally in self._tallies]
        for place in self._untold():
            wanted[place] = max(wanted[place], schedule.max_trials - self._tallies[place].total)
        left, eta_s = sum(wanted), None
        if done:
            eta_s = math.fsum(
                number * self._expected_wall_s(tally)
                for number, tally in zip(wanted, self._tallies, strict=True)
                if number
            )
            if schedule.budget_s is not None and eta_s > (remaining := max(0.0, schedule.budget_s - elapsed_s)):
                left = math.ceil(left * remaining / eta_s)
                eta_s = remaining
        failed = sum(tally.failed or tally.has_no_pace for tally in self._tallies)
        reached = sum(tally.reached and not tally.failed for tally in self._tallies)
        ongoing = sum(tally.wants_more for tally in self._tallies)
        return Progress(
            done=done,
            expected_total=done + left,
            eta_s=eta_s,
            reached=reached,
            failed=failed,
            exhausted=len(self._tallies) - reached - failed - ongoing,
            open=ongoing,
        )

    def _begun(self, number: int) -> _Round:
        """The round of this number, with the cells that all trials so far put into it."""
        ready = [tally for tally in self._tallies if tally.wants_more and not tally.waits_for_capacity]
        members = (
            {tally.place for tally in ready if not tally.has_minimum}
            or {tally.place for tally in ready}
            or self._untold()
        )
        places = rule.shuffled(self.schedule.seed, number, len(self._tallies))
        return _Round(number, [place for place in places if place in members])

    def _untold(self) -> set[int]:
        """Places of the cells that share a rank with another of their group and may have more trials, by the budget."""
        if self.schedule.trials is not None or self.schedule.budget_s is None:
            return set()
        return {
            place
            for tie in self._ties.values()
            for place in tie.found()
            if self._tallies[place].total < self.schedule.max_trials
        }

    def _expected_wall_s(self, tally: _Tally) -> float:
        """How long a trial should take: the mean of the cell's own so far, or of all, or nothing before the first."""
        if tally.wall_s is not None:
            return tally.wall_s
        return self._spent_s / len(self._history) if self._history else 0.0


@dataclass(slots=True)
class _Round:
    """The places of a round's cells in their order, those that have had their trial in it, and how far that goes."""

    number: int
    places: Sequence[int]
    had: set[int] = field(default_factory=set)
    done: int = 0

    def next(self) -> int | None:
        """The first place that has had no trial."""
        while self.done < len(self.places) and self.places[self.done] in self.had:
            self.done += 1
        return self.places[self.done] if self.done < len(self.places) else None


class _Tally:
    """What the trials of one cell come to; ``place`` is the cell's among all.

    ``progress`` is the number that count towards a wanted number of trials: disturbed ones do not, as long as they are
    repeated. ``summary`` is of the rates that make the interval, ``spread`` the standard deviation of their logarithms,
    ``wall_s`` the mean duration of a trial. ``capacity`` is the mean rate of the cell's first trials that count, as
    many as were to have an interval: of a closed cell what paced loads are shares of, the same for all their trials.
    ``closed`` is the tally of the cell whose share this one's load is.
    """

    __slots__ = (
        "_needed", "_own_wants", "_schedule", "_trials", "capacity", "cell", "closed", "failed", "has_minimum", "place",
        "progress", "reached", "spread", "summary", "total", "wall_s",
    )  # fmt: skip

    def __init__(self, schedule: Schedule, place: int, cell: Cell) -> None:
        self.place = place
        self.cell = cell
        self.total = self.progress = 0
        self.failed = self.has_minimum = self.reached = False
        self.closed: _Tally | None = None
        self.capacity: float | None = None
        self._own_wants = True
        self.summary: Summary | None = None
        self.spread: float | None = None
        self.wall_s: float | None = None
        self._schedule = schedule
        self._trials: list[TrialSummary] = []
        self._needed = 0

    def add(self, trial: TrialSummary) -> None:
        """Count one more."""
        schedule, trials = self._schedule, self._trials
        trials.append(trial)
        worked = [one for one in trials if one.rate is not None and not one.failed]
        disturbed = sum(one.disturbed for one in worked)
        rates = [one.rate for one in rule.counted(worked, lambda one: one.disturbed) if one.rate is not None]
        self.total = len(trials)
        self.progress = len(worked) - min(disturbed, rule.REPEATS)
        self.failed = len(trials) - len(worked) >= rule.CONFIRMATIONS
        self.wall_s = math.fsum(one.wall_s for one in trials) / len(trials)
        self.summary = stats.summarise(rates)
        self.spread = None
        if self.summary is not None:
            self.spread = self.summary.standard_error * math.sqrt(self.summary.n)
            self._needed = schedule.needed(self.spread, schedule.precision_of(self.cell))
        self.has_minimum = self.progress >= (schedule.min_trials if schedule.trials is None else schedule.trials)
        self.reached = self.has_minimum and (schedule.trials is not None or self._is_precise())
        may = schedule.trials is not None or self.total < schedule.max_trials
        self._own_wants = may and not self.failed and not self.reached
        if self.has_minimum and self.capacity is None and rates and min(rates) > 0:
            self.capacity = math.exp(math.fsum(map(math.log, rates)) / len(rates))

    @property
    def wants_more(self) -> bool:
        """Whether more trials are wanted and allowed; none of a load whose capacity will never be known."""
        return self._own_wants and not self.has_no_pace

    @property
    def needs_capacity(self) -> bool:
        """Whether its load follows from the capacity of its closed cell."""
        return self.cell.share is not None or self.cell.limit is not None

    @property
    def waits_for_capacity(self) -> bool:
        """Whether its load follows from a capacity that is not known yet."""
        return self.closed is not None and self.closed.capacity is None

    @property
    def has_no_pace(self) -> bool:
        """Whether its load follows from the capacity of a cell that failed, or that is not measured at all."""
        if not self.needs_capacity:
            return False
        return self.closed is None or (self.closed.capacity is None and self.closed.failed)

    @property
    def rate(self) -> float | None:
        """The rate of its paced load in requests/s; ``None`` of a closed one, and while it is not known."""
        if self.cell.share is None or self.closed is None or self.closed.capacity is None:
            return self.cell.rate
        return self.cell.share * self.closed.capacity

    def still_wanted(self, usually_needed: int) -> int:
        """How many more trials the cell needs, if its spread, or else that of the others, stays as it is."""
        if not self.wants_more:
            return 0
        if self._schedule.trials is not None:
            return self._schedule.trials - self.progress
        return max(1, (usually_needed if self.spread is None else self._needed) - self.progress)

    def _is_precise(self) -> bool:
        return self.summary is not None and self.summary.interval().relative_half_width <= self._precision

    @property
    def _precision(self) -> float:
        return self._schedule.precision_of(self.cell)


class _Sought(_Tally):
    """The trials of a search for the highest rate within a limit: each has a rate that those before it suggest.

    It has what it needs when the search says so; disturbed trials are repeated, and then count for nothing.
    """

    __slots__ = ("_observations",)

    def __init__(self, schedule: Schedule, place: int, cell: Cell) -> None:
        super().__init__(schedule, place, cell)
        self._observations: list[Observation] = []

    def add(self, trial: TrialSummary) -> None:
        """Count one more."""
        self._trials.append(trial)
        self.total = len(self._trials)
        self.wall_s = math.fsum(one.wall_s for one in self._trials) / self.total
        seen = sought(self._trials)
        self._observations = list(seen)
        self.progress = len(seen)
        self.failed = sum(one.observation is None for one in self._trials) >= rule.CONFIRMATIONS
        search = self._search
        ended = search is not None and search.next_rate(self._observations) is None
        self.has_minimum = self.progress >= MIN_TRIALS
        self.reached = ended
        self._own_wants = not self.failed and not ended and self.total < self._schedule.max_trials

    def still_wanted(self, usually_needed: int) -> int:  # noqa: ARG002 - what cells with an interval need
        """How many more trials the search may take."""
        return max(1, SOUGHT_TRIALS - self.progress) if self.wants_more else 0

    @property
    def rate(self) -> float | None:
        """The rate that the search tries next, in requests/s."""
        search = self._search
        return None if search is None else search.next_rate(self._observations)

    @property
    def _search(self) -> Search | None:
        capacity, limit = self.closed.capacity if self.closed else None, self.cell.limit
        return None if capacity is None or limit is None else Search(limit_us=limit.us, closed_loop=capacity)


def sought(trials: Sequence[TrialSummary]) -> tuple[Observation, ...]:
    """What the trials of a search show: the undisturbed ones, and beyond those that are repeated the others too."""
    observed = [one for one in trials if one.observation is not None]
    repeated = [one for one in observed if one.disturbed][: rule.REPEATS]
    return tuple(one.observation for one in observed if one.observation is not None and one not in repeated)


class _Tie:
    """The cells of a group that may be compared, and those of them that cannot yet be told from another.

    Means decide here, so this takes the intervals that hold at every look (:attr:`Stopping.ANY`): the ranks that are
    reported rest on narrower ones, and may, because an end of trials that hangs on the means is then hardly ever a
    wrong one. ``places`` is what was found; ``None`` where a trial came since.
    """

    __slots__ = ("places", "tallies")

    def __init__(self) -> None:
        self.tallies: list[_Tally] = []
        self.places: list[int] | None = []

    def found(self) -> list[int]:
        """The places of the cells whose rank is open: as :func:`runner.judging.stats.rank_ranges` has it."""
        if self.places is None:
            self.places = self._open([tally for tally in self.tallies if tally.has_minimum and not tally.failed])
        return self.places

    @staticmethod
    def _open(compared: Sequence[_Tally]) -> list[int]:
        known = [(tally.place, tally.summary) for tally in compared if tally.summary is not None]
        each = stats.each_of(len(compared))
        reach = {
            n: levels.critical_value(n, confidence=each, stopping=Stopping.ANY) for n in {one.n for _, one in known}
        }
        means = np.array([one.mean for _, one in known])
        halves = np.array([reach[one.n] * one.standard_error for _, one in known])
        lows, highs = means - halves, means + halves
        above = len(known) - np.searchsorted(np.sort(lows), highs, side="right")
        below = np.searchsorted(np.sort(highs), lows, side="left")
        told = {known[index][0] for index in np.flatnonzero(above + below == len(compared) - 1)}
        if len(compared) == 1:
            return []
        return [tally.place for tally in compared if tally.place not in told]


def _group(cell: Cell) -> tuple[int, int, int, Headers]:
    """Cells of one group may be compared."""
    return cell.depth, cell.connections, cell.workers, cell.headers
