"""Two servers up at once on the same CPUs, loaded in turns: the ratio of their rates and of their CPU time. Pure.

A bout is a pair of fresh starts. Its slices come as ABBA or BAAB: of two neighbours that give a ratio, as often the one
side is first as the other, so what drifts evenly puts half of the ratios too high and half too low by as much. The
bout's is their median: a neighbour of the machine that takes some milliseconds from a slice makes tails that no mean
survives, and spoils one ratio of two slices, not one of four. What differs from start to start no bout can tell alone:
so bouts are the values of which the interval is made, and it holds starts and slices. ``docs/statistics.md`` has the
study that chose all this.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from runner.judging import stats
from runner.judging.levels import Stopping
from runner.judging.stats import Interval
from runner.judging.verdict import GENERATOR_BUSY

IDLE = 0.01
"""Share of a CPU that the side which is not loaded may take, in the mean of a side's slices."""
MIN_BOUTS = 4
MAX_BOUTS = 40
"""Intervals that may end when they are narrow enough were made for as many looks as that."""


class Side(StrEnum):
    """Who is loaded in a slice."""

    BASE = "base"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Slice:
    """One load. ``cpu_us``: CPU time of its server a request; ``generator_busy`` and ``idle_share``: shares of a CPU,
    of the generator and of the server that was not loaded.
    """

    side: Side
    requests_per_second: float
    cpu_us: float
    generator_busy: float
    idle_share: float


@dataclass(frozen=True, slots=True)
class Bout:
    """A pair of fresh starts, and its slices in order, a multiple of four."""

    slices: tuple[Slice, ...]


@dataclass(frozen=True, slots=True)
class Ratio:
    """New over base; without an interval where ``reason`` says why."""

    interval: Interval | None
    reason: str | None = None

    @property
    def within(self) -> float:
        """How far the interval reaches, relative; infinitely where there is none."""
        return math.inf if self.interval is None else self.interval.relative_half_width


@dataclass(frozen=True, slots=True)
class Duel:
    """All bouts of two servers under one load. ``seconds``: what they took; ``precision``: what was asked for."""

    base: str
    new: str
    depth: int
    connections: int
    slice_s: float
    precision: float
    seconds: float
    bouts: tuple[Bout, ...]

    @property
    def rate(self) -> Ratio:
        """Of requests/s; withheld where the generator was the limit of either."""
        busy = max(self._mean(side, lambda one: one.generator_busy) for side in Side)
        if busy >= GENERATOR_BUSY:
            return Ratio(None, f"the load generator was the limit: {busy:.0%} busy".replace("%", " %"))
        return self._ratio(lambda one: one.requests_per_second)

    @property
    def cpu(self) -> Ratio:
        """Of CPU time a request."""
        return self._ratio(lambda one: one.cpu_us)

    @property
    def narrow(self) -> bool:
        """Whether there are bouts enough, and each ratio that can be told is as precise as was asked for."""
        told = [one for one in (self.rate, self.cpu) if one.reason is None]
        return len(self.bouts) >= MIN_BOUTS and all(one.within <= self.precision for one in told)

    @property
    def idle_share(self) -> float:
        """The CPU share of the side that was not loaded, of the busier one."""
        return max(self._mean(side, lambda one: one.idle_share) for side in Side)

    def slower_than(self, share: float) -> bool:
        """Whether the whole interval of the rate lies below that, or the one of CPU time above it."""
        rate, cpu = self.rate.interval, self.cpu.interval
        return (rate is not None and rate.high < 1 - share) or (cpu is not None and cpu.low > 1 + share)

    def level(self, side: Side, figure: Callable[[Slice], float]) -> float:
        """The median over a side's slices."""
        return statistics.median(figure(one) for bout in self.bouts for one in bout.slices if one.side is side)

    def _ratio(self, figure: Callable[[Slice], float]) -> Ratio:
        if self.idle_share > IDLE:
            return Ratio(None, f"the other side took {self.idle_share:.1%} of a CPU meanwhile".replace("%", " %"))
        values = [value for bout in self.bouts if (value := of_bout(bout, figure)) is not None]
        if len(values) < len(self.bouts):
            return Ratio(
                None, f"{len(self.bouts) - len(values)} pairs of starts had no answer in half of a side's slices"
            )
        return Ratio(stats.mean_interval(values, stopping=Stopping.PRECISION))

    def _mean(self, side: Side, figure: Callable[[Slice], float]) -> float:
        return statistics.fmean(figure(one) for bout in self.bouts for one in bout.slices if one.side is side)


def order(bout: int, fours: int) -> Sequence[Side]:
    """Who is loaded in the slices of a bout, the first of which is 0."""
    first, second = (Side.BASE, Side.NEW) if bout % 2 == 0 else (Side.NEW, Side.BASE)
    return (first, second, second, first) * fours


def of_bout(bout: Bout, figure: Callable[[Slice], float]) -> float | None:
    """The median ratio of neighbouring slices; ``None`` where a side had nothing in half of them.

    A slice without an answer is as slow as can be. Two of them tell nothing of each other.
    """
    ratios = []
    for first, second in zip(bout.slices[::2], bout.slices[1::2], strict=True):
        seen = {one.side: figure(one) for one in (first, second)}
        if any(seen.values()):
            ratios.append(_log(seen[Side.NEW]) - _log(seen[Side.BASE]))
    middle = statistics.median(ratios) if ratios else math.inf
    return math.exp(middle) if math.isfinite(middle) else None


def _log(value: float) -> float:
    return math.log(value) if value else -math.inf
