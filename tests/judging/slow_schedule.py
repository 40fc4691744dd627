"""The rule of the schedule as it was first written: every question answered from all trials, slowly. An oracle.

:mod:`runner.judging.course` must say the same of every history; ``tests/judging/test_course.py`` holds it to that.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from runner.judging import levels, stats
from runner.judging.levels import Stopping
from runner.judging.schedule import CONFIRMATIONS, REPEATS, Progress, Schedule, Step, TrialSummary, counted
from runner.record.plan import Cell


class SlowSchedule(Schedule):
    """The rule of a run, which remembers nothing between calls."""

    def next(self, history: Sequence[TrialSummary], elapsed_s: float) -> Step | None:
        """Return the trial that follows ``history``, or ``None`` where there is nothing left to do or no budget.

        ``history`` holds all finished trials of the run in their order, ``elapsed_s`` the seconds spent on them.
        """
        step = self._step(history)
        if step is None or (
            self.budget_s is not None and elapsed_s + _expected_wall_s(history, step.cell) > self.budget_s
        ):
            return None
        return step

    def progress(self, history: Sequence[TrialSummary], elapsed_s: float) -> Progress:
        """Return how far the run is. What is to come is a guess: it supposes that spreads and durations stay."""
        states = self._states(history)
        wanted = {cell: self._still_wanted(state, states.values()) for cell, state in states.items()}
        for cell in self._untold(states):
            wanted[cell] = max(wanted[cell], self.max_trials - states[cell].total)
        left = sum(wanted.values())
        eta_s = None
        if history:
            eta_s = sum(number * _expected_wall_s(history, cell) for cell, number in wanted.items() if number)
            if self.budget_s is not None and eta_s > (remaining := max(0.0, self.budget_s - elapsed_s)):
                left = math.ceil(left * remaining / eta_s)
                eta_s = remaining
        failed = {cell for cell, state in states.items() if state.failed}
        reached = {cell for cell, state in states.items() if self._reached(state)} - failed
        ongoing = {cell for cell, state in states.items() if self._wants_more(state)} - reached
        return Progress(
            done=len(history),
            expected_total=len(history) + left,
            eta_s=eta_s,
            reached=len(reached),
            failed=len(failed),
            exhausted=len(states) - len(reached) - len(failed) - len(ongoing),
            open=len(ongoing),
        )

    def _step(self, history: Sequence[TrialSummary]) -> Step | None:
        current = max((trial.round for trial in history), default=1)
        for round_ in (current, current + 1):
            members = self._members([trial for trial in history if trial.round < round_])
            had = {trial.cell for trial in history if trial.round == round_}
            for cell in order(self.seed, round_, self.cells):
                if cell in members and cell not in had:
                    return Step(cell, round_)
        return None

    def _members(self, before: Sequence[TrialSummary]) -> set[Cell]:
        """The cells of the round that follows the rounds ``before``."""
        states = self._states(before)
        short = {cell for cell, state in states.items() if self._wants_more(state) and not self._has_minimum(state)}
        if short:
            return short
        return {cell for cell, state in states.items() if self._wants_more(state)} or self._untold(states)

    def _states(self, history: Iterable[TrialSummary]) -> dict[Cell, _State]:
        trials = defaultdict(list)
        for trial in history:
            trials[trial.cell].append(trial)
        return {cell: _State.of(trials[cell]) for cell in self.cells}

    def _has_minimum(self, state: _State) -> bool:
        return state.progress >= (self.min_trials if self.trials is None else self.trials)

    def _reached(self, state: _State) -> bool:
        """Whether the cell has what was asked for."""
        if not self._has_minimum(state):
            return False
        return self.trials is not None or (
            state.relative_half_width is not None and state.relative_half_width <= self.precision
        )

    def _wants_more(self, state: _State) -> bool:
        """Whether the cell needs another trial for what was asked for, and may have it."""
        may = self.trials is not None or state.total < self.max_trials
        return may and not state.failed and not self._reached(state)

    def _untold(self, states: dict[Cell, _State]) -> set[Cell]:
        """The cells that share a rank with another of their group and may have more trials, out of the budget left.

        Means decide here, so this takes the intervals that hold at every look: the ranks that are reported rest on
        narrower ones, and may, because an end of trials that hangs on the means is then hardly ever a wrong one.
        """
        if self.trials is not None or self.budget_s is None:
            return set()
        groups: dict[tuple[int, int, int], dict[Cell, tuple[float, ...]]] = defaultdict(dict)
        for cell, state in states.items():
            if self._has_minimum(state) and not state.failed:
                groups[cell.depth, cell.connections, cell.workers][cell] = state.rates
        return {
            cell
            for samples in groups.values()
            for cell, ranks in stats.rank_ranges(samples, stopping=Stopping.ANY).items()
            if ranks.low < ranks.high and states[cell].total < self.max_trials
        }

    def _still_wanted(self, state: _State, others: Iterable[_State]) -> int:
        """How many more trials the cell needs, if its spread, or else that of the others, stays as it is."""
        if not self._wants_more(state):
            return 0
        if self.trials is not None:
            return self.trials - state.progress
        spreads = [state.spread] if state.spread is not None else [s.spread for s in others if s.spread is not None]
        spread = sorted(spreads)[len(spreads) // 2] if spreads else 0.02
        needed = self.min_trials
        while needed < self.max_trials and (
            levels.critical_value(needed) * spread / math.sqrt(needed) > math.log1p(self.precision)
        ):
            needed += 1
        return max(1, needed - state.progress)


def order(seed: int, round_: int, cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Return the cells in the order of a round: a shuffle that depends on these three alone, in every Python.

    (Of :class:`random.Random` only seeding by a string and ``random()`` are promised to stay as they are.)
    """
    shuffle = random.Random(f"{seed}:{round_}")
    keys = {cell: shuffle.random() for cell in sorted(cells, key=_sort_key)}
    return tuple(sorted(keys, key=lambda cell: keys[cell]))


@dataclass(frozen=True, slots=True)
class _State:
    """What the trials of one cell come to.

    ``progress`` is the number that count towards a wanted number of trials: disturbed ones do not, as long as they are
    repeated. ``rates`` are those that make the interval, ``spread`` is the standard deviation of their logarithms.
    """

    total: int
    progress: int
    failed: bool
    rates: tuple[float, ...]
    relative_half_width: float | None
    spread: float | None

    @classmethod
    def of(cls, trials: Sequence[TrialSummary]) -> _State:
        worked = [trial for trial in trials if trial.rate is not None and not trial.failed]
        disturbed = sum(trial.disturbed for trial in worked)
        rates = tuple(trial.rate for trial in counted(worked, lambda one: one.disturbed) if trial.rate is not None)
        interval = stats.mean_interval(rates)
        spread = None
        if interval is not None:
            standard_error = math.log(interval.high / interval.mean) / levels.critical_value(len(rates))
            spread = standard_error * math.sqrt(len(rates))
        return cls(
            total=len(trials),
            progress=len(worked) - min(disturbed, REPEATS),
            failed=len(trials) - len(worked) >= CONFIRMATIONS,
            rates=rates,
            relative_half_width=None if interval is None else interval.relative_half_width,
            spread=spread,
        )


def _expected_wall_s(history: Sequence[TrialSummary], cell: Cell) -> float:
    """How long a trial of the cell should take: the mean of its own so far, or of all, or nothing before the first."""
    known = [trial.wall_s for trial in history if trial.cell == cell] or [trial.wall_s for trial in history]
    return math.fsum(known) / len(known) if known else 0.0


def _sort_key(cell: Cell) -> tuple[str, str, int, int, int, int]:
    """The order of cells where some have no interpreter or limit: ``None`` compares with nothing."""
    return (cell.adapter, cell.python or "", cell.depth, cell.connections, cell.workers, cell.max_clients or 0)
