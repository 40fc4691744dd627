"""The highest rate that a server holds with a percentile of its latency within a limit, found by few trials. Pure.

Each trial is one open-loop load of about a second. It has a rate of its own, up to which it would have stayed within
the limit; these *crossings* differ from trial to trial by the server's own ups and downs and by chance. What is
searched is their median: **the rate at which a trial is as likely to stay within the limit as not**.

The search is Bayesian, on a grid, and it is the posterior that says everything: the next rate is its median, which
halves what is still possible (probabilistic bisection: Waeber, Frazier and Henderson 2013; as QUEST does for thresholds
of the senses: Watson and Pelli 1983), and the interval its middle :data:`MASS`. Three numbers are unknown:

- ``crossing``, the median, whose prior is even from nothing to the closed-loop capacity, and falls off above it;
- ``spread``, the scale of the trials' crossings about it, logistic on logarithms;
- ``idle``, the percentile without load over the limit: with it, the percentile over the limit is taken to follow
  ``idle / (1 - (1 - idle) x rate / crossing)``, as the wait in a queue does.

A percentile near the limit (:data:`NEAR`) thus tells how far the trial's crossing was; from all others only the side is
taken, with its distance from the edge of what is near. :data:`ODD` trials in a hundred may be on any side.

The next rate and the estimate follow from the observations alone. ``docs/statistics.md`` has the simulated coverage,
and where it fails.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MIN_TRIALS = 4
"""Fewer trials than this have no estimate."""
FLOOR = 0.02
"""The lowest rate that is tried, over the closed-loop capacity."""
HEADROOM = 1.2
"""The highest rate that is tried, over the closed-loop capacity: that was measured with noise."""
NEAR = (1 / 3, 1.5)
"""Percentiles over the limit between which a trial tells how far its crossing was, and not only on which side."""
MASS = 0.97
"""What the posterior holds within a 95 % interval: the rest pays for stopping as soon as it is narrow enough."""
ODD = 0.02
"""The share of trials that tell nothing of the server."""
CHANCE = 0.18
"""The scale of what chance does to a percentile's logarithm within one second (logistic; standard deviation 0.33)."""

_STEP = 0.008
"""Of the grid of crossings, on the log scale; quantiles are interpolated."""
_ENDS = 0.04
"""The prior probability of a crossing below the lowest rate, and of one above the highest."""
_WIDE = 9.0
"""The range of logarithms in which the percentile of an odd trial may be anywhere: a factor of 8000."""
_SPREADS = np.geomspace(0.005, 0.2, 8)
_IDLES = np.geomspace(0.002, 0.9, 8)
_WEIGHTS = np.exp(-0.5 * np.log(_SPREADS / 0.02) ** 2)
_PRIOR_OF_SPREADS = np.log(_WEIGHTS / _WEIGHTS.sum() / len(_IDLES))
"""Log-normal about a scale of 0.02 (a standard deviation of 3.6 %), within a factor e; idle percentiles are alike."""
_SCALES = np.hypot(_SPREADS[:, None], CHANCE * _IDLES / (1 - _IDLES))
"""By spread and idle percentile: chance moves a percentile, and that moves the crossing the more the flatter the curve
of the percentile over the rate is."""


class Outcome(StrEnum):
    """What a search has come to."""

    FOUND = "found"
    IMPRECISE = "less precise than asked for"
    NEVER = "never within the limit"
    AT_LEAST = "at least"


@dataclass(frozen=True, slots=True)
class Observation:
    """What one open-loop trial showed.

    ``rate`` was offered, in requests per second. ``held`` is false where the server did not keep up with it: the queue
    grew as long as the load lasted. ``percentile_us`` is the percentile in question of this trial's latency, counted
    from the intended time, in microseconds; ``None`` where the rate was not held.
    A trial that is too short for the percentile (fewer than 100 batches for p99) is no observation: its greatest
    latency would be taken for it, and the search then goes astray.

    Raises:
        ValueError: the rate or the percentile is not positive, or a rate was held without a percentile.
    """

    rate: float
    held: bool
    percentile_us: float | None

    def __post_init__(self) -> None:
        if not 0 < self.rate < math.inf:
            raise ValueError(f"no trial has a rate of {self.rate:g}")
        if self.percentile_us is None and self.held:
            raise ValueError("a rate that was held has a latency, or the trial is no observation")
        if self.percentile_us is not None and not 0 < self.percentile_us < math.inf:
            raise ValueError(f"no latency is {self.percentile_us:g} µs")


@dataclass(frozen=True, slots=True)
class Answer:
    """The capacity under the limit: the median and a 95 % interval, in requests per second, from so many ``trials``.

    An end is ``None`` where it is open: nothing was tried beyond. ``NEVER`` has only ``high``, the lowest rate that is
    tried; ``AT_LEAST`` has only ``low``, the highest. ``mean`` is ``None`` for both.
    """

    outcome: Outcome
    mean: float | None
    low: float | None
    high: float | None
    trials: int

    @property
    def relative_half_width(self) -> float | None:
        """How far the interval reaches, relative to its middle on the log scale: 0.05 is ±5 %. ``None``: open."""
        return None if self.low is None or self.high is None else math.sqrt(self.high / self.low) - 1


@dataclass(frozen=True)
class Search:
    """The rule that a search follows.

    ``limit_us`` is the limit of the percentile in microseconds, ``closed_loop`` the server's capacity with a closed
    loop, ``generator`` the most that the generator can offer (``None``: more than the server can do), both in requests
    per second. The search ends where the interval reaches no farther than ``precision`` to either side, or after
    ``max_trials``.

    Raises:
        ValueError: the numbers ask for what cannot be searched.
    """

    limit_us: float
    closed_loop: float
    generator: float | None = None
    precision: float = 0.05
    max_trials: int = 12

    def __post_init__(self) -> None:
        if not (self.limit_us > 0 and self.closed_loop > 0 and self.precision > 0):
            raise ValueError("a search needs a limit, a capacity and a precision above 0")
        if self.generator is not None and self.generator <= self.lowest:
            raise ValueError(f"a generator of {self.generator:g} requests/s cannot load this server")
        if self.max_trials < MIN_TRIALS:
            raise ValueError(f"{self.max_trials} trials have no estimate, {MIN_TRIALS} do")

    @property
    def lowest(self) -> float:
        """The lowest rate that is tried, in requests per second."""
        return FLOOR * self.closed_loop

    @property
    def highest(self) -> float:
        """The highest rate that is tried, in requests per second."""
        most = HEADROOM * self.closed_loop
        return most if self.generator is None else min(most, self.generator)

    @property
    def generator_is_the_limit(self) -> bool:
        """Whether ``AT_LEAST`` would be the generator's doing: it cannot offer what the server's capacity is."""
        return self.highest < self.closed_loop

    def next_rate(self, observations: Sequence[Observation]) -> float | None:
        """The rate of the next trial in requests per second, to four digits; ``None`` where the search has ended."""
        posterior = self._posterior(observations)
        found = self._answer(posterior, len(observations))
        if found is not None and (found.outcome is not Outcome.IMPRECISE or found.trials >= self.max_trials):
            return None
        return min(max(float(f"{self._quantile(posterior, 0.5):.4g}"), self.lowest), self.highest)

    def estimate(self, observations: Sequence[Observation]) -> Answer | None:
        """What the observations say, whether or not the search has ended; ``None``: fewer than :data:`MIN_TRIALS`."""
        return self._answer(self._posterior(observations), len(observations))

    def _answer(self, posterior: Floats, trials: int) -> Answer | None:
        if trials < MIN_TRIALS:
            return None
        low, mean, high = (self._quantile(posterior, at) for at in ((1 - MASS) / 2, 0.5, (1 + MASS) / 2))
        if math.isinf(low):
            return Answer(Outcome.AT_LEAST, None, self.highest, None, trials)
        if high == 0:
            return Answer(Outcome.NEVER, None, None, self.lowest, trials)
        narrow = low > 0 and high < math.inf and math.sqrt(high / low) - 1 <= self.precision
        outcome = Outcome.FOUND if narrow else Outcome.IMPRECISE
        return Answer(outcome, _closed(mean), _closed(low), _closed(high), trials)

    @cached_property
    def _grid(self) -> Floats:
        """Logarithms of the crossings considered, over the closed-loop capacity."""
        steps = math.ceil(math.log(self.highest / self.lowest) / _STEP)
        return np.linspace(math.log(FLOOR), math.log(self.highest / self.closed_loop), steps + 1)

    def _posterior(self, observations: Sequence[Observation]) -> Floats:
        """The probability of a crossing below the lowest rate, of each of the grid, and of one above the highest."""
        crossings = self._grid
        grid = _log_prior(crossings)[:, None, None] + _PRIOR_OF_SPREADS[:, None] + np.zeros(len(_IDLES))
        out_of_reach = max(1 - math.exp(crossings[-1]), 0.0)  # where the generator cannot offer the capacity
        below, above = math.log(_ENDS), math.log(_ENDS + out_of_reach)
        for seen in observations:
            over = seen.percentile_us / self.limit_us if seen.held and seen.percentile_us else math.inf
            grid += np.log(_likelihood(math.log(seen.rate / self.closed_loop) - crossings, over))
            right, wrong = (0.5 * (1 - ODD), ODD / _WIDE) if NEAR[0] <= over <= NEAR[1] else (1 - ODD / 2, ODD / 2)
            above += math.log(right if over <= 1 else wrong)
            below += math.log(wrong if over <= 1 else right)
        highest = max(float(grid.max()), below, above)
        inner = np.exp(grid - highest).sum(axis=(1, 2))
        weights = np.concatenate(([math.exp(below - highest)], inner, [math.exp(above - highest)]))
        return np.asarray(weights / weights.sum(), dtype=np.float64)

    def _quantile(self, posterior: Floats, share: float) -> float:
        """The rate below which this share of the posterior lies: 0 below the lowest, infinite above the highest."""
        below = np.cumsum(posterior)
        place = int(np.searchsorted(below, share)) - 1
        if place < 0:
            return 0.0
        if place >= len(self._grid):
            return math.inf
        within = (share - below[place]) / (below[place + 1] - below[place]) - 0.5
        at = self._grid[place] + within * (self._grid[1] - self._grid[0])
        return min(max(self.closed_loop * math.exp(at), self.lowest), self.highest)


def _log_prior(crossings: Floats) -> Floats:
    """The log prior of each crossing: even up to the capacity, and falling by a factor e each 5 % above it."""
    rates = np.exp(crossings)
    density = np.minimum(1.0, np.exp(-(rates - 1) / 0.05)) * rates  # even over rates, on a grid of their logarithms
    return np.asarray(np.log(density * (crossings[1] - crossings[0])), dtype=np.float64)


def _likelihood(above: Floats, over: float) -> Floats:
    """The likelihood of a percentile of ``over`` times the limit, by crossing, spread and idle percentile.

    ``above`` is the logarithm of the rate over each crossing. Where the percentile is not near the limit it is the
    probability of one as far or farther, else a density over the percentile's logarithm.
    """
    near = NEAR[0] <= over <= NEAR[1]
    edge = over if near else NEAR[0] if over < NEAR[0] else NEAR[1]
    possible = edge > _IDLES * 1.001
    room = np.where(possible, edge - _IDLES, 1.0)
    # The crossing that a trial with this percentile had, over its rate; none is high enough for one below the idle one.
    shift = np.where(possible, np.log((1 - _IDLES) * edge / room), 1e3)
    distance = np.clip((above[:, None, None] + shift) / _SCALES, -300.0, 300.0)
    odds = np.exp(-np.abs(distance))
    if near:
        density = odds / (1 + odds) ** 2 / _SCALES * np.where(possible, _IDLES / room, 0.0)
        return np.asarray(ODD / _WIDE + (1 - ODD) * density, dtype=np.float64)
    smaller = odds / (1 + odds)
    lower = np.where(distance > 0, 1 - smaller, smaller)  # the probability that the trial's crossing was below its rate
    return np.asarray(ODD / 2 + (1 - ODD) * (lower if over > NEAR[1] else 1 - lower), dtype=np.float64)


def _closed(rate: float) -> float | None:
    """A rate, or ``None`` for an end that is open."""
    return rate if 0 < rate < math.inf else None
