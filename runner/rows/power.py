"""What a comparison could not have seen: the smallest slowdown it would have shown, and the trials for one. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from runner.judging.levels import MIN_VALUES, Stopping, critical_value
from runner.judging.stats import Drift, Interval

FOUND = 1.2816
"""Standard errors above the edge of an interval at which nine in ten estimates lie beyond it."""
SOUGHT = 0.05
"""The slowdown that a reader is told the trials for: 5 %."""
MOST_TRIALS = 1000


@dataclass(frozen=True, slots=True)
class Power:
    """Of one ratio: ``smallest`` is the slowdown (0.03 for 3 %) that nine in ten such comparisons would have shown.

    ``trials``: how many of either side would show one of :data:`SOUGHT`, if their spread stays; ``None`` where no
    number would, because the runs drifted apart by more.
    """

    smallest: float
    trials: int | None


def power(ratio: Interval, trials: int, *, comparisons: int, stopping: Stopping, drift: Drift | None = None) -> Power:
    """That of a ratio's interval, which holds at once with ``comparisons`` others, from ``trials`` of either side."""
    confidence = 1 - 0.05 / comparisons
    reach = critical_value(max(trials, MIN_VALUES), confidence=confidence, stopping=stopping)
    half_width = math.log(ratio.high / ratio.mean)
    least = drift.half_width(1 - confidence) if drift is not None else 0.0
    spread = math.sqrt(max(0.0, half_width**2 - least**2) if half_width > least else 0.0) * math.sqrt(trials) / reach

    def shown(number: int) -> float:
        own = spread / math.sqrt(number)
        edge = math.hypot(critical_value(number, confidence=confidence, stopping=stopping) * own, least)
        return edge + FOUND * math.hypot(own, least / reach)

    number = MIN_VALUES
    while number <= MOST_TRIALS and shown(number) > -math.log1p(-SOUGHT):
        number += max(1, number // 20)
    smallest = -math.expm1(-(half_width + FOUND * half_width / reach))
    return Power(smallest, number if number <= MOST_TRIALS else None)
