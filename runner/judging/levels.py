"""How wide an interval must be: Student's t, and what looking again after each trial costs. Pure.

``docs/statistics.md`` has the sources and the reasons.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

MIN_VALUES = 3
"""Fewer values than this have no interval."""

MAX_LOOKS = 40
"""The most values that :attr:`Stopping.ANY` allows: its levels were computed for looks at 3, 4, … 40 values."""


class Stopping(StrEnum):
    """What decided that there are as many trials as there are.

    ``FIXED``: a number set beforehand. ``PRECISION``: the interval was narrow enough, or the time was up; only the
    spread of the values had a say. ``ANY``: whatever it was, the values' means included.
    """

    FIXED = "fixed"
    PRECISION = "precision"
    ANY = "any"


_NOMINAL_LEVELS: Mapping[Stopping, tuple[tuple[float, float], ...]] = {
    Stopping.PRECISION: (
        (1e-4, 1.95e-5),
        (0.001, 2.39e-4),
        (0.002, 5.17e-4),
        (0.005, 1.45e-3),
        (0.01, 3.20e-3),
        (0.02, 7.18e-3),
        (0.05, 2.15e-2),
        (0.1, 5.05e-2),
        (0.2, 0.122),
    ),
    Stopping.ANY: (
        (1e-4, 5.70e-6),
        (0.001, 6.82e-5),
        (0.002, 1.45e-4),
        (0.005, 3.94e-4),
        (0.01, 8.58e-4),
        (0.02, 1.88e-3),
        (0.05, 5.46e-3),
        (0.1, 1.26e-2),
        (0.2, 3.03e-2),
    ),
}
"""Pairs ``(wanted probability of a miss, level of Student's t at every look that gives it)``, looks at 3, 4, … 40.

``tests/test_stopping_levels.py`` computes them by numerical integration, and prints them anew when run.
"""


def critical_value(n: int, *, confidence: float = 0.95, stopping: Stopping = Stopping.PRECISION) -> float:
    """Return how many standard errors the interval of ``n`` values reaches to either side.

    Raises:
        ValueError: ``n`` is below :data:`MIN_VALUES`, or above :data:`MAX_LOOKS` under :attr:`Stopping.ANY`, or
            ``confidence`` is outside [0.8, 1).
    """
    if n < MIN_VALUES:
        raise ValueError(f"{n} values have no interval, {MIN_VALUES} do")
    if n > MAX_LOOKS and stopping is Stopping.ANY:
        raise ValueError(f"{n} values: an interval that allows for any stopping takes at most {MAX_LOOKS}")
    return student_t(n - 1, nominal_level(1 - confidence, stopping))


def nominal_level(miss: float, stopping: Stopping) -> float:
    """Return the level at which Student's t must be taken so that the interval misses the truth with ``miss`` at most.

    Interpolated between the tabulated levels on the log scale. Below them Bonferroni's inequality over the looks,
    which always holds.

    Raises:
        ValueError: ``miss`` is not above 0, or is above 0.2.
    """
    table = _NOMINAL_LEVELS.get(stopping, ((1.0, 1.0),))
    if not 0 < miss <= 0.2 + 1e-12:
        raise ValueError(f"a confidence of {1 - miss:g} is outside [0.8, 1)")
    if stopping is Stopping.FIXED:
        return miss
    for (left, left_level), (right, right_level) in pairwise(table):
        if left <= miss <= right * (1 + 1e-9):
            share = math.log(miss / left) / math.log(right / left)
            return float(left_level * (right_level / left_level) ** share)
    return miss / (MAX_LOOKS - MIN_VALUES + 1)


@lru_cache(maxsize=4096)
def student_t(df: int, level: float) -> float:
    """Return the value that Student's t with ``df`` degrees of freedom exceeds in size with probability ``level``.

    Found by bisection to the last bit of the closed form for whole degrees of freedom (Abramowitz and Stegun 1964,
    26.7.3 and 26.7.4); relative error below 1e-7 for levels down to 1e-8.
    """
    low, high = 0.0, 1.0
    while _student_tails(df, high) > level:
        low, high = high, 2 * high
    while low < (middle := (low + high) / 2) < high:
        if _student_tails(df, middle) > level:
            low = middle
        else:
            high = middle
    return high


def _student_tails(df: int, t: float) -> float:
    """The probability that Student's t exceeds ``t`` in size."""
    angle = math.atan2(t, math.sqrt(df))
    cos_squared = math.cos(angle) ** 2
    odd = df % 2
    term, series = math.cos(angle) if odd else 1.0, 0.0
    for k in range(odd, df - 1, 2):
        series += term
        term *= cos_squared * (k + 1) / (k + 2)
    series *= math.sin(angle)
    return 1 - (2 / math.pi * (angle + series) if odd else series)
