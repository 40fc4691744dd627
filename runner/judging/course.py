"""A run so far: which trial comes next, and how far it is. Pure: trials and the time spent in, a cell out.

All of it follows from the trials alone, by the rule in :mod:`runner.judging.schedule`. What a decision needs of them is
kept as they come in, so that it costs the same after ten thousand trials as after ten; a course that is made from a
run's record stands where the run stood. ``tests/studies/decisions.py`` prints what a decision takes.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from runner.judging import levels, stats
from runner.judging import schedule as rule
from runner.judging.blocks.tally import Block, Blocks, Sought, Tally
from runner.judging.levels import Stopping
from runner.judging.schedule import Progress, Schedule, Step, TrialSummary
from runner.record.plan import Cell, Headers

UNKNOWN_SPREAD = 0.02
"""The standard deviation of a rate's logarithm that is supposed before any cell has shown one."""


class Course:
    """The trials of a run, in their order, to which more are added as they finish.

    ``blocks`` are the pairs of machines that measure, each of which may have one trial under way.
    """

    def __init__(
        self, schedule: Schedule, history: Iterable[TrialSummary] = (), *, blocks: Sequence[Block] = (None,)
    ) -> None:
        self.schedule = schedule
        self._blocks = Blocks(blocks)
        self._tallies = [
            (Tally if cell.limit is None else Sought)(schedule, place, cell, self._blocks)
            for place, cell in enumerate(rule.ordered(schedule.cells))
        ]
        self._by_cell = {tally.cell: tally for tally in self._tallies}
        for tally in self._tallies:
            if tally.needs_capacity:
                tally.closed = self._by_cell.get(tally.cell.closed)
        self._history: list[TrialSummary] = []
        self._had: Counter[tuple[Cell, Block]] = Counter()
        self._spent_s = 0.0
        self._spreads: list[float] = []
        self._ties: dict[tuple[int, int, int, Headers], _Tie] = {}
        for tally in self._tallies:
            if not tally.cell.is_paced:  # what is compared by rank is the capacity
                self._ties.setdefault(_group(tally.cell), _Tie()).tallies.append(tally)
        self._rounds: dict[Block, _Round] = {}
        self._following: dict[Block, _Round] = {}
        for trial in history:
            self.add(trial)
        for block in {trial.block for trial in self._history} - set(blocks):
            self.leave(block)

    @property
    def history(self) -> Sequence[TrialSummary]:
        """All trials, in the order in which they came."""
        return self._history

    def had(self, cell: Cell, block: Block = None) -> int:
        """How many trials there are of a cell of the schedule in a block."""
        return self._had[cell, block]

    def join(self, block: Block) -> None:
        """Let another pair of machines measure, which may be one that had left."""
        self._blocks.left_out.discard(block)
        self._blocks.live.append(block)
        self._recount()

    def leave(self, block: Block) -> None:
        """Go on without a pair of machines. Where it has not measured all that others have, nothing of it counts."""
        if block in self._blocks.live:
            self._blocks.live.remove(block)
        working = [tally for tally in self._tallies if not tally.failed and tally.progress]
        if not all(tally.has_worked_in(block) for tally in working):
            self._blocks.left_out.add(block)
        self._recount()

    def _recount(self) -> None:
        for tally in self._tallies:
            tally.recount()
        self._spreads = sorted(tally.spread for tally in self._tallies if tally.spread is not None)
        self._following.clear()
        for tie in self._ties.values():
            tie.places = None

    def add(self, trial: TrialSummary) -> None:
        """Take a finished trial into account. One of no cell of the schedule counts for the time and the round only.

        Raises:
            ValueError: it is of a round before that of the last one.
        """
        under_way = self._round(trial.block)
        if trial.round < under_way.number:
            raise ValueError(f"a trial of round {trial.round} comes after one of round {under_way.number}")
        if trial.round > under_way.number:
            known = self._following.get(trial.block)
            under_way = known if known and known.number == trial.round else self._begun(trial.round, trial.block)
            self._rounds[trial.block] = under_way
        self._following.clear()
        self._history.append(trial)
        self._had[trial.cell, trial.block] += 1
        self._spent_s += trial.wall_s
        tally = self._by_cell.get(trial.cell)
        if tally is None:
            return
        under_way.had.add(tally.place)
        if tally.spread is not None:
            del self._spreads[bisect_left(self._spreads, tally.spread)]
        tally.add(trial)
        if tally.spread is not None:
            insort(self._spreads, tally.spread)
        if not tally.cell.is_paced:
            self._ties[_group(tally.cell)].places = None

    def next(self, elapsed_s: float, block: Block = None) -> Step | None:
        """Return the trial that comes next in a block, or ``None`` where there is nothing to do there or no budget.

        ``elapsed_s`` are the seconds spent on the trials so far. What there is to do may change as others finish.
        """
        ahead = self._round(block)
        place = ahead.next()
        if place is None:
            if block not in self._following:
                self._following[block] = self._begun(ahead.number + 1, block)
            ahead = self._following[block]
            place = ahead.next()
        if place is None:
            return None
        tally, budget_s = self._tallies[place], self.schedule.budget_s
        if budget_s is not None and elapsed_s + self._expected_wall_s(tally) > budget_s:
            return None
        return Step(tally.cell, ahead.number, tally.rate(block))

    def deal(self, elapsed_s: float, block: Block) -> Step | None:
        """:meth:`next`, for a trial that will be under way while others finish: its round has begun with it."""
        step = self.next(elapsed_s, block)
        if step is not None and step.round > self._round(block).number:
            self._rounds[block] = self._following[block]
        return step

    def _round(self, block: Block) -> _Round:
        """The round that a block is in."""
        if block not in self._rounds:
            self._rounds[block] = self._begun(1, block)
        return self._rounds[block]

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
            at_once = max(1, len(self._blocks.live))
            eta_s = math.fsum(
                number * self._expected_wall_s(tally) / at_once
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

    def _begun(self, number: int, block: Block) -> _Round:
        """A block's round of this number, with the cells that all trials so far put into it."""
        ready = [tally for tally in self._tallies if tally.wants_more and not tally.waits_for_capacity(block)]
        fixed = self.schedule.trials is not None
        members = (
            {tally.place for tally in ready if not tally.has_minimum and tally.lacks(block)}
            or {tally.place for tally in ready if not fixed or tally.cell.limit is not None}
            or self._untold()
        )
        places = rule.shuffled(self.schedule.seed, number, len(self._tallies), block)
        return _Round(number, [place for place in places if place in members])

    def _untold(self) -> set[int]:
        """Places of the cells that share a rank with another of their group and may have more trials, by the budget."""
        if self.schedule.trials is not None or self.schedule.budget_s is None:
            return set()
        return {
            place
            for tie in self._ties.values()
            for place in tie.found()
            if self._tallies[place].total < self.schedule.most(max(1, len(self._blocks.live)))
        }

    def _expected_wall_s(self, tally: Tally) -> float:
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


class _Tie:
    """The cells of a group that may be compared, and those of them that cannot yet be told from another.

    Means decide here, so this takes the intervals that hold at every look (:attr:`Stopping.ANY`): the ranks that are
    reported rest on narrower ones, and may, because an end of trials that hangs on the means is then hardly ever a
    wrong one. ``places`` is what was found; ``None`` where a trial came since.
    """

    __slots__ = ("places", "tallies")

    def __init__(self) -> None:
        self.tallies: list[Tally] = []
        self.places: list[int] | None = []

    def found(self) -> list[int]:
        """The places of the cells whose rank is open: as :func:`runner.judging.stats.rank_ranges` has it."""
        if self.places is None:
            self.places = self._open([tally for tally in self.tallies if tally.has_minimum and not tally.failed])
        return self.places

    @staticmethod
    def _open(compared: Sequence[Tally]) -> list[int]:
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
