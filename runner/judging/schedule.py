"""The rule by which trials follow each other. Pure; :mod:`runner.judging.course` applies it as trials come in.

Trials go in rounds. A round holds each of its cells once, in an order shuffled by the run's seed, so that drift of the
machine hits all alike. Which cells a round holds follows from the trials of the rounds before it:

1. **minimum**: every cell, until each has the fewest trials that have an interval; a load that is a share of a cell's
   capacity waits until that is known;
2. **precision**: the cells whose interval is not narrow enough yet;
3. **ties**: with the budget that is left, the cells that cannot yet be told from another of their group.

On several pairs of machines at once each pair is a block: it has rounds of its own, in an order of its own, and a cell
has its minimum when it has had its share of it in every block.

What comes next follows from the trials so far and nothing else, so a run that was killed goes on from its record as if
it had not been.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from runner.errors import PlanError
from runner.judging import levels
from runner.judging.blocks.strata import by_block
from runner.judging.capacity import Observation
from runner.judging.levels import Stopping
from runner.record.plan import Cell, Plan

REPEATS = 3
"""So many disturbed trials of a cell are repeated; where there are more, disturbance is the rule and they count."""

CONFIRMATIONS = 2
"""After so many failed trials a cell is not tried again."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TrialSummary:
    """What the schedule must know of a finished trial.

    ``rate`` is in requests per second, or of a paced cell the p99 of its latency in microseconds; ``None`` exactly
    where the trial ``failed``. ``observation`` is what a trial of a search for the capacity under a limit showed, whose
    figure is then the rate that was offered. ``wall_s`` is its whole duration, start and stop of the server included;
    ``disturbed`` trials are repeated (:func:`counted`). ``block`` is the pair of machines that it ran on, if any.
    """

    cell: Cell
    round: int
    rate: float | None
    failed: bool
    disturbed: bool
    wall_s: float
    observation: Observation | None = None
    block: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """The trial that comes next. Rounds count from 1; ``rate`` is that of a paced load, in requests/s."""

    cell: Cell
    round: int
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    ``done`` and ``expected_total`` count trials, ``eta_s`` is in seconds (``None`` before the first trial has ended).
    The other fields count cells: ``reached`` have the precision or the number of trials asked for, ``open`` are still
    short of it, ``exhausted`` are too but have had the most trials, ``failed`` are not tried again. They add up to all.
    """

    done: int
    expected_total: int
    eta_s: float | None
    reached: int
    failed: int
    exhausted: int
    open: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rule that a run follows.

    ``trials`` is the fixed number of trials of a cell, or ``None`` to go on until the interval of its mean rate reaches
    ``precision`` (relative half-width), of a paced cell that of its mean p99 ``tail_precision``, or it has had
    ``max_trials``, disturbed ones included. ``budget_s`` is the wall time of all trials; no trial starts that would not
    fit into it, as far as the trials before it tell.

    Raises:
        PlanError: the numbers ask for what has no interval.
    """

    cells: tuple[Cell, ...]
    seed: int
    trials: int | None = None
    min_trials: int = levels.MIN_VALUES
    max_trials: int = levels.MAX_LOOKS
    precision: float = 0.03
    budget_s: float | None = None
    tail_precision: float = 0.1

    def __post_init__(self) -> None:
        if self.trials is not None:
            if self.trials < 1:
                raise PlanError(f"trials is {self.trials}: ask for at least 1")
            return
        if not levels.MIN_VALUES <= self.min_trials <= self.max_trials <= levels.MAX_LOOKS:
            raise PlanError(
                f"from {self.min_trials} to {self.max_trials} trials of a cell: an interval takes at least "
                f"{levels.MIN_VALUES} and at most {levels.MAX_LOOKS}, or set a fixed number of trials"
            )
        if not self.precision > 0:
            raise PlanError(f"precision is {self.precision:g}: ask for one above 0, such as 0.03 for ±3 %")

    @classmethod
    def of(cls, plan: Plan, cells: Iterable[Cell]) -> Schedule:
        """The schedule of a plan over the cells that can be measured."""
        return cls(
            cells=tuple(cells),
            seed=plan.seed,
            trials=plan.trials,
            min_trials=plan.min_trials,
            max_trials=plan.max_trials,
            precision=plan.precision,
            budget_s=plan.budget_s,
            tail_precision=plan.tail_precision,
        )

    @property
    def stopping(self) -> Stopping:
        """What the intervals of a cell's figures must allow for."""
        return Stopping.FIXED if self.trials is not None else Stopping.PRECISION

    def precision_of(self, cell: Cell) -> float:
        """Return the relative half-width at which a cell is done."""
        return self.tail_precision if cell.is_paced else self.precision

    def least(self, blocks: int) -> int:
        """Return how many trials a cell has at least over so many blocks: with fewer it has no interval.

        Of a fixed number, as many as make the number in each block the same.
        """
        if self.trials is not None:
            return blocks * math.ceil(self.trials / blocks)
        return max(self.min_trials, blocks + levels.MIN_VALUES - 1)

    def most(self, blocks: int) -> int:
        """Return how many trials a cell has at most over so many blocks."""
        return self.max_trials if blocks == 1 else max(self.max_trials, 2 * self.least(blocks))

    def needed(self, spread: float, precision: float) -> int:
        """Return how many trials reach the precision, where a figure's logarithm has this standard deviation."""
        numbers = range(self.min_trials, self.max_trials)
        return next((n for n in numbers if _reach(n) * spread <= math.log1p(precision)), self.max_trials)


def order(seed: int, round_: int, cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Return the cells in the order of a round: a shuffle that depends on these three alone, in every Python."""
    known = ordered(cells)
    return tuple(known[place] for place in shuffled(seed, round_, len(known)))


def ordered(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Return the cells, each once, in the order that a round's shuffle starts from."""
    return tuple(sorted(dict.fromkeys(cells), key=_sort_key))


def shuffled(seed: int, round_: int, number: int, block: str | None = None) -> list[int]:
    """Return the places 0, 1, … of so many ordered cells in the order of a round, which is another in each block.

    (Of :class:`random.Random` only seeding by a string and ``random()`` are promised to stay as they are.)
    """
    shuffle = random.Random(f"{seed}:{round_}" if block is None else f"{seed}:{round_}:{block}")
    keys = [shuffle.random() for _ in range(number)]
    return sorted(range(number), key=keys.__getitem__)


def counted(trials: Sequence[T], disturbed: Callable[[T], bool], needed: int = levels.MIN_VALUES) -> tuple[T, ...]:
    """Return the trials of a cell whose figures count: the undisturbed ones, or all where these are fewer than needed.

    ``needed`` is the least number that has an interval, or the fixed number of trials where that is smaller.
    """
    undisturbed = tuple(trial for trial in trials if not disturbed(trial))
    return undisturbed if len(undisturbed) >= needed else tuple(trials)


def not_repeated(trials: Iterable[T], disturbed: Callable[[T], bool]) -> list[T]:
    """What stands when the disturbed trials that are repeated are gone, the first :data:`REPEATS` of them."""
    left, stands = REPEATS, []
    for one in trials:
        if left and disturbed(one):
            left -= 1
        else:
            stands.append(one)
    return stands


def counted_by_block(
    trials: Sequence[T], block: Callable[[T], str | None], disturbed: Callable[[T], bool], needed: int
) -> tuple[T, ...]:
    """Return :func:`counted` of trials in several blocks: one undisturbed trial is enough for a block to leave out the
    others, since it is all blocks together that have an interval.
    """
    found = by_block((block(trial), trial) for trial in trials)
    if len(found) < 2:
        return counted(trials, disturbed, needed)
    return tuple(trial for own in found.values() for trial in counted(own, disturbed, 1))


@cache
def _reach(number: int) -> float:
    """How many standard deviations of a value the interval of so many reaches to either side."""
    return levels.critical_value(number) / math.sqrt(number)


def _sort_key(cell: Cell) -> tuple[str | int | float, ...]:
    """The order of cells where some have no interpreter, limit or pace: ``None`` compares with nothing."""
    where = (cell.adapter, cell.python or "", cell.depth, cell.connections, cell.workers, cell.max_clients or 0)
    limit = (cell.limit.percent, cell.limit.us) if cell.limit is not None else (0.0, 0)
    return (*where, cell.headers, cell.share or 0.0, cell.rate or 0.0, cell.burst or 0, *limit, cell.variant or "")
