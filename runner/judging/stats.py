"""What repeated trials say of a positive quantity: means, ratios, ranks, each with its uncertainty.

Pure: numbers in, values out. Everything rests on one interval. On the logarithms of ``n`` values, Student's
``mean ± c·sd/√n``; only ``c`` depends on what made the trials stop (:class:`Stopping`). Logarithms, because noise of
a rate is relative, because a quantity and its reciprocal then have the same relative interval, and because a ratio
becomes a difference. ``docs/statistics.md`` has the sources, the reasons and the simulated coverage.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from runner.judging.blocks.strata import blocks_of
from runner.judging.levels import MIN_VALUES, Stopping, critical_value, student_t

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its confidence interval, in the unit of the values (a ratio has none).

    ``mean`` is the geometric mean; at a relative standard deviation of 3 % it is 0.05 % below the arithmetic one.
    """

    mean: float
    low: float
    high: float

    @property
    def relative_half_width(self) -> float:
        """How far the interval reaches, relative to the mean, on its longer side: 0.03 is ±3 %."""
        return self.high / self.mean - 1

    def holds(self, value: float) -> bool:
        """Whether ``value`` lies in the interval, ends included."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Summary:
    """Of the logarithms of values: their mean, its standard error, and their standard deviation within a block.

    ``n`` is the number of values of one block that tell as much of the spread: one more than its degrees of freedom.
    """

    n: int
    mean: float
    standard_error: float
    spread: float

    def interval(self, *, confidence: float = 0.95, stopping: Stopping = Stopping.PRECISION) -> Interval:
        """The interval of the values' mean, as of :func:`mean_interval`."""
        reach = critical_value(self.n, confidence=confidence, stopping=stopping)
        return _interval(self.mean, reach * self.standard_error)


@dataclass(frozen=True, slots=True)
class RankRange:
    """The ranks that the data leave open, 1 for the best; ``low == high`` where they leave one."""

    low: int
    high: int

    def __str__(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low}\N{EN DASH}{self.high}"


class Difference(StrEnum):
    """What a ratio's interval says of the new against the base."""

    FASTER = "faster"
    SLOWER = "slower"
    NONE_FOUND = "no difference found"


@dataclass(frozen=True, slots=True)
class VarianceComponents:
    """Where the spread of a positive quantity comes from, as standard deviations relative to it (0.02 is 2 %).

    ``within`` is the spread of loads on one start of a server, ``between`` that of the starts' own levels; ``between``
    is 0 where the starts differ by no more than loads on one start do.
    """

    within: float
    between: float

    def sd_of_mean(self, starts: int, loads: int) -> float:
        """The relative standard deviation that the mean over ``starts`` starts with ``loads`` loads each would have."""
        return math.sqrt((self.between**2 + self.within**2 / loads) / starts)


@dataclass(frozen=True, slots=True)
class Drift:
    """How far two runs differ where nothing was changed, from ``cells`` cells that both of them measured.

    ``ratio`` is the mean of new over base: what the machine as a whole did. ``sd`` is the standard deviation of the
    cells' log ratios about it (0.01 is 1 %), what the noise of their trials adds included.
    """

    ratio: float
    sd: float
    cells: int

    def half_width(self, level: float) -> float:
        """Half of Student's prediction interval, on the log scale, for the log ratio of one more such cell."""
        return student_t(self.cells - 1, level) * self.sd * math.sqrt(1 + 1 / self.cells)

    def uncertainty(self, level: float) -> float:
        """Half of Student's interval, on the log scale, for the logarithm of ``ratio``."""
        return student_t(self.cells - 1, level) * self.sd / math.sqrt(self.cells)


def mean_interval(
    values: Sequence[float], *, confidence: float = 0.95, stopping: Stopping = Stopping.PRECISION
) -> Interval | None:
    """Return the interval that holds the true mean of ``values``' quantity with probability ``confidence``.

    ``None`` where there is no interval: fewer than three values, a zero among them (it has no logarithm), or all equal
    (the quantity was then measured too coarsely to show its spread, and an interval of no width would claim certainty).

    Raises:
        ValueError: a value is negative or not finite, ``confidence`` is outside [0.8, 1), or there are more than
            :data:`MAX_LOOKS` values under :attr:`Stopping.ANY`.
    """
    summary = summarise(values)
    return None if summary is None else summary.interval(confidence=confidence, stopping=stopping)


def summarise(values: Sequence[float]) -> Summary | None:
    """Return what an interval needs of the values; ``None``, and the errors, as in :func:`mean_interval`.

    Of values in several blocks (:class:`runner.judging.blocks.strata.Strata`) the mean is that of the blocks' means.
    """
    blocks = blocks_of(values)
    if any(not 0 <= value < math.inf for value in values):
        raise ValueError("an interval needs values that are positive and finite")
    n = len(values) - len(blocks) + 1
    if n < MIN_VALUES or min(values) == 0 or all(min(block) == max(block) for block in blocks):
        return None
    logs = [[math.log(value) for value in block] for block in blocks]
    means = [math.fsum(block) / len(block) for block in logs]
    squares = math.fsum((x - mean) ** 2 for block, mean in zip(logs, means, strict=True) for x in block)
    spread = math.sqrt(squares / (n - 1))
    share = math.sqrt(math.fsum(1 / len(block) for block in logs)) / len(blocks)
    return Summary(n, math.fsum(means) / len(blocks), spread * share, spread)


def ratio_interval(
    base: Sequence[float],
    new: Sequence[float],
    *,
    confidence: float = 0.95,
    stopping: Stopping = Stopping.PRECISION,
    comparisons: int = 1,
    drift: Drift | None = None,
) -> Interval | None:
    """Return the interval of ``new``'s mean over ``base``'s.

    The half-width, on the log scale, is the root of the sum of the squares of the two means' own half-widths. For a
    fixed number of trials that holds the truth with at least ``confidence``, whatever the two spreads and however few
    the values (Banerjee 1960), which Welch's approximation does not. With ``comparisons`` above one, that many
    such intervals hold together (Bonferroni). With ``drift``, where the two sides are of different runs, the ratio is
    over that of the cells that show the drift, and its interval no narrower than Student's for one more cell among
    them.

    ``None`` where either mean has no interval, and the errors, as in :func:`mean_interval`.
    """
    confidence = 1 - (1 - confidence) / comparisons
    first, second = summarise(base), summarise(new)
    if first is None or second is None:
        return None
    half_width = math.hypot(
        *(
            critical_value(side.n, confidence=confidence, stopping=stopping) * side.standard_error
            for side in (first, second)
        )
    )
    log_ratio = second.mean - first.mean
    if drift is not None:
        log_ratio -= math.log(drift.ratio)
        half_width = math.hypot(half_width, drift.uncertainty(1 - confidence))
        half_width = max(half_width, drift.half_width(1 - confidence))
    return _interval(log_ratio, half_width)


def ratio_intervals(
    pairs: Mapping[K, tuple[Sequence[float], Sequence[float]]],
    unchanged: Collection[K],
    *,
    confidence: float = 0.95,
    stopping: Stopping = Stopping.PRECISION,
) -> dict[K, Interval | None]:
    """Return the interval of new over base for each cell of two runs: (base, new) values by cell.

    Those of ``unchanged`` cells tell the drift, over which all ratios are; a cell is not among its own witnesses,
    unless they are fewer than :data:`MIN_VALUES` without it. The intervals of the changed cells hold all at once with
    ``confidence``, and so do those of the unchanged ones: the latter are no findings of the comparison but its
    yardstick, and must not blur it.
    """
    shifts = {key: _log_ratio(*pairs[key]) for key in pairs if key in unchanged}
    changed = len(pairs) - len(shifts)
    of_all = _drift(shifts.values())
    found = {}
    for key, (base, new) in pairs.items():
        others = _drift(shift for one, shift in shifts.items() if one != key) if key in unchanged else of_all
        found[key] = ratio_interval(
            base,
            new,
            confidence=confidence,
            stopping=stopping,
            comparisons=len(shifts) if key in unchanged else changed,
            drift=others or of_all,
        )
    return found


def drift(pairs: Iterable[tuple[Sequence[float], Sequence[float]]]) -> Drift | None:
    """Return how far two runs drifted apart, from the values of cells in which nothing was changed: (base, new) pairs.

    ``None`` for fewer than :data:`MIN_VALUES` pairs that have a spread.
    """
    return _drift(_log_ratio(base, new) for base, new in pairs)


def difference(ratio: Interval | None, *, higher_is_better: bool = True) -> Difference:
    """Read the verdict off the interval of new over base; ``higher_is_better`` is false for a cost such as CPU time.

    No interval, no difference found.
    """
    if ratio is None or ratio.holds(1.0):
        return Difference.NONE_FOUND
    return Difference.FASTER if (ratio.low > 1.0) == higher_is_better else Difference.SLOWER


def rank_ranges(
    samples: Mapping[K, Sequence[float]],
    *,
    confidence: float = 0.95,
    stopping: Stopping = Stopping.PRECISION,
    higher_is_better: bool = True,
    lower_bounds: Collection[K] = (),
) -> dict[K, RankRange]:
    """Return a range of ranks for each sample; with probability ``confidence`` all of them hold the true rank at once.

    Every mean gets an interval so wide that all hold together (Šidák); one sample ranks before another where their
    intervals do not touch (Klein, Wright and Wieczorek 2020). A sample with no interval may have any rank. Samples of
    truly equal means share all the ranks of their tie, and each range then holds all of these. The values of
    ``lower_bounds`` are no more than that: the true mean may be anything above, so nothing ranks above them.

    Raises:
        ValueError: as :func:`mean_interval` does.
    """
    each = each_of(len(samples), confidence)
    intervals = {key: mean_interval(values, confidence=each, stopping=stopping) for key, values in samples.items()}
    intervals |= {
        key: Interval(interval.mean, interval.low, math.inf)
        for key, interval in intervals.items()
        if interval is not None and key in lower_bounds
    }
    known = [interval for interval in intervals.values() if interval is not None]
    ranges = {}
    for key, own in intervals.items():
        above = below = 0
        if own is not None:
            above = sum(other.low > own.high for other in known)
            below = sum(other.high < own.low for other in known)
        better, worse = (above, below) if higher_is_better else (below, above)
        ranges[key] = RankRange(1 + better, len(samples) - worse)
    return ranges


def each_of(number: int, confidence: float = 0.95) -> float:
    """Return the confidence of each of so many independent intervals that all hold together (Šidák)."""
    return float(confidence ** (1 / max(1, number)))


def variance_components(groups: Iterable[Sequence[float]]) -> VarianceComponents | None:
    """Split the spread of values, grouped by the start of the server they were measured on, in two.

    One-way random effects on the logarithms, the analysis-of-variance estimator, for groups of any size (Searle,
    Casella and McCulloch 1992, chapter 3). ``None`` for fewer than two groups, or none with two values.

    Raises:
        ValueError: a value is not positive and finite.
    """
    logs = [[_log(value) for value in group] for group in groups if group]
    sizes = [len(group) for group in logs]
    total = sum(sizes)
    between_df, within_df = len(logs) - 1, total - len(logs)
    if between_df < 1 or within_df < 1:
        return None
    means = [math.fsum(group) / len(group) for group in logs]
    grand = math.fsum(math.fsum(group) for group in logs) / total
    within = math.fsum((x - mean) ** 2 for group, mean in zip(logs, means, strict=True) for x in group) / within_df
    between = math.fsum(n * (mean - grand) ** 2 for n, mean in zip(sizes, means, strict=True)) / between_df
    typical_size = (total - sum(n * n for n in sizes) / total) / between_df
    return VarianceComponents(math.sqrt(within), math.sqrt(max(0.0, (between - within) / typical_size)))


def _drift(shifts: Iterable[float | None]) -> Drift | None:
    known = [shift for shift in shifts if shift is not None]
    if len(known) < MIN_VALUES:
        return None
    return Drift(math.exp(statistics.fmean(known)), statistics.stdev(known), len(known))


def _log_ratio(base: Sequence[float], new: Sequence[float]) -> float | None:
    """The logarithm of new over base; ``None`` where either has no interval."""
    first, second = summarise(base), summarise(new)
    return second.mean - first.mean if first and second else None


def _interval(log_mean: float, log_half_width: float) -> Interval:
    log_half_width = min(log_half_width, 600.0)  # beyond it, nothing is known, and exp overflows
    return Interval(math.exp(log_mean), math.exp(log_mean - log_half_width), math.exp(log_mean + log_half_width))


def _log(value: float) -> float:
    if not 0 < value < math.inf:
        raise ValueError("the spread of a quantity needs values that are positive and finite")
    return math.log(value)
