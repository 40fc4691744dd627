"""The levels that ``runner/judging/stats.py`` tabulates, computed by numerical integration; nothing here is random.

Two questions about normal values, asked at 3, 4, … values. Neither mean nor variance matters to the first, nor the
mean to the second, so that each is about a Markov chain on a line, solved backwards from the last look:

* ``ANY``: with which probability does ``|t|`` exceed its critical value at one look at least? With ``S`` and ``Q``
  the sums of the values (the true mean taken off) and of their squares, let ``U = S/√Q``. The next is
  ``U·cos φ + sin φ``, where ``φ`` has a density proportional to ``cosⁿ⁻¹ φ`` and depends on nothing before, because the
  direction of a normal vector does not depend on its length. At three values ``U`` is uniform (Archimedes).
* ``PRECISION``: with which probability does the interval miss at the first look at which it is narrow enough? The mean
  of ``n`` values does not depend on the standard deviations seen up to then, so the stop leaves it normal (Robbins
  1959, Starr 1966). The sum of squared residuals grows by a squared standard normal at each value (Helmert). What
  matters is ``ratio``, the true standard deviation over the wanted half-width; a level must hold for the worst.

``python -m tests.judging.test_stopping_levels`` prints the tables (some minutes).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import pytest

from runner.judging.levels import MAX_LOOKS, Stopping, nominal_level, student_t

RATIOS = (0.8, 1.2, 1.4, 1.6, 1.8, 2.2, 3.0)
"""The worst lies between 1.2 (for the smallest levels) and 2.2 (for the largest)."""


def legendre(n: int) -> list[tuple[float, float]]:
    """Nodes and weights of Gauss-Legendre quadrature on [-1, 1]."""
    rule = []
    for i in range(n):
        x, step = math.cos(math.pi * (i + 0.75) / (n + 0.5)), 1.0
        while abs(step) > 1e-15:
            before, value = 1.0, x
            for k in range(2, n + 1):
                before, value = value, ((2 * k - 1) * x * value - (k - 1) * before) / k
            slope = n * (x * value - before) / (x * x - 1)
            step = value / slope
            x -= step
        rule.append((x, 2 / ((1 - x * x) * slope * slope)))
    return rule


def nodes(low: float, high: float, pieces: int, rule: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Nodes and weights on [low, high], cut into equal pieces."""
    half = (high - low) / pieces / 2
    for piece in range(pieces):
        middle = low + (2 * piece + 1) * half
        for x, weight in rule:
            yield middle + half * x, half * weight


def interpolated(grid: Sequence[float], x: float) -> float:
    """The value at ``x`` in [0, 1] of what stands on an even grid, by cubics."""
    steps = len(grid) - 1
    first = min(max(int(x * steps) - 1, 0), steps - 3)
    y = x * steps - first
    a, b, c, d = grid[first : first + 4]
    cubic = -a * (y - 1) * (y - 2) * (y - 3) + 3 * b * y * (y - 2) * (y - 3)
    return (cubic - 3 * c * y * (y - 1) * (y - 3) + d * y * (y - 1) * (y - 2)) / 6


def ever_misses(level: float, looks: int = MAX_LOOKS, grid: int = 60, degree: int = 12, pieces: int = 4) -> float:
    """The probability that Student's t at ``level`` misses the truth at 3, 4, … or ``looks`` values.

    ``U = √n·sin θ`` with ``θ = atan(t/√(n-1))``; a grid over ``θ`` holds the probability of a miss still to come.
    """
    rule = legendre(degree)
    edge = {n: math.atan(student_t(n - 1, level) / math.sqrt(n - 1)) for n in range(3, looks + 1)}
    to_come = [0.0] * (grid + 1)
    for n in range(looks - 1, 2, -1):
        scale = math.exp(math.lgamma((n + 1) / 2) - math.lgamma(n / 2)) / math.sqrt(math.pi)
        following = []
        for i in range(grid + 1):
            u = math.sqrt(n) * math.sin(edge[n] * i / grid)
            # The next U is length·sin(φ + turn); it lies inside while the sine is below sin(reach) in size.
            length, turn = math.hypot(1, u), math.atan(u)
            low, high = turn - math.pi / 2, turn + math.pi / 2
            reach = math.asin(min(1.0, math.sqrt(n + 1) * math.sin(edge[n + 1]) / length))
            cuts = [low, *(cut for cut in (-reach, reach, math.pi - reach) if low < cut < high), high]
            miss = 0.0
            for left, right in pairwise(cuts):
                inside = abs(math.sin((left + right) / 2)) <= math.sin(reach)
                for psi, weight in nodes(left, right, pieces, rule):
                    density = weight * abs(math.cos(psi - turn)) ** (n - 1)
                    if inside:
                        theta = math.asin(min(1.0, abs(length * math.sin(psi)) / math.sqrt(n + 1)))
                        density *= interpolated(to_come, min(1.0, theta / edge[n + 1]))
                    miss += density
            following.append(scale * miss)
        to_come = following
    later = sum(w * math.cos(x) * interpolated(to_come, x / edge[3]) for x, w in nodes(0, edge[3], pieces, rule))
    return 1 - math.sin(edge[3]) + later


def misses_at_stop(level: float, ratio: float, looks: int = MAX_LOOKS, grid: int = 60, degree: int = 6) -> float:
    """The probability that the interval misses the truth at the first look at which it is narrow enough, or the last.

    A grid over ``w``, the sum of squared residuals in units of the variance, from where the interval is narrow enough.
    """
    rule = legendre(degree)
    critical = {n: student_t(n - 1, level) for n in range(3, looks + 1)}
    narrow = {n: n * (n - 1) / (critical[n] * ratio) ** 2 for n in range(3, looks)} | {looks: math.inf}
    extent = 9.0
    to_come: list[float] = []

    def miss(n: int, w: float) -> float:
        if w <= narrow[n]:
            return math.erfc(critical[n] * math.sqrt(w / (n - 1) / 2))
        x = math.sqrt(math.sqrt(w - narrow[n]) / extent)
        return interpolated(to_come, x) if x < 1 else 0.0

    def over_normal(value: Callable[[float], float], cut: float) -> float:
        """The integral of ``value(z)·exp(-z²/2)`` over positive ``z``, where ``value`` may jump at ``cut``."""
        edges = sorted({0.0, *(2.0**k for k in range(-8, 4)), min(cut, 8.0)})
        return sum(
            weight * math.exp(-z * z / 2) * value(z)
            for left, right in pairwise(edges)
            for z, weight in nodes(left, right, 1, rule)
        )

    def miss_later(n: int, w: float) -> float:
        cut = math.sqrt(max(0.0, narrow[n + 1] - w))
        return math.sqrt(2 / math.pi) * over_normal(lambda z: miss(n + 1, w + z * z), cut)

    for n in range(looks - 1, 2, -1):
        to_come = [miss_later(n, narrow[n] + (extent * (i / grid) ** 2) ** 2) for i in range(grid + 1)]
    return over_normal(lambda z: z * miss(3, z * z), math.sqrt(narrow[3]))


@pytest.mark.parametrize("wanted", [0.2, 0.05, 0.03, 0.01, 0.0026, 1e-4])
def test_any_stopping_misses_no_more_than_wanted(wanted: float) -> None:
    missed = ever_misses(nominal_level(wanted, Stopping.ANY))
    assert 0.9 * wanted < missed < 1.004 * wanted


@pytest.mark.parametrize("wanted", [0.2, 0.05, 0.03, 0.01, 0.0026, 1e-4])
def test_stopping_at_a_precision_misses_no_more_than_wanted(wanted: float) -> None:
    level = nominal_level(wanted, Stopping.PRECISION)
    missed = max(misses_at_stop(level, ratio) for ratio in RATIOS)
    assert 0.9 * wanted < missed < 1.004 * wanted


def test_a_later_last_look_does_no_harm_to_stopping_at_a_precision() -> None:
    level = nominal_level(0.05, Stopping.PRECISION)
    assert max(misses_at_stop(level, ratio, looks=90) for ratio in (1.6, 3.0)) < 0.05


def test_without_a_price_for_looking_the_interval_would_miss_too_often() -> None:
    """The figures that the method is there for: plain Student's t at 5 %, at its stop and at every look."""
    assert max(misses_at_stop(0.05, ratio) for ratio in (1.3, 2.0, 3.0)) > 0.09
    assert ever_misses(0.05) > 0.25


def test_one_look_is_plain_student() -> None:
    assert ever_misses(0.05, looks=3) == pytest.approx(0.05, rel=1e-9)
    assert misses_at_stop(0.05, 1.0, looks=3) == pytest.approx(0.05, rel=1e-4)


def solve(miss: Callable[[float], float], wanted: float) -> float:
    """The level at which ``miss`` is as wanted, by the secant method on logarithms."""
    last, here = math.log(wanted / 10), math.log(wanted / 3)
    error = math.log(miss(math.exp(last)) / wanted)
    for _ in range(8):
        new_error = math.log(miss(math.exp(here)) / wanted)
        if abs(new_error) < 3e-4:
            break
        last, here, error = here, here - new_error * (here - last) / (new_error - error), new_error
    return math.exp(here)


def main() -> None:
    print("wanted     ANY        PRECISION   (the table in runner/judging/stats.py is rounded down by about 1 %)")
    for wanted in (1e-4, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2):
        anything = solve(lambda level: ever_misses(level, grid=240, degree=16, pieces=6), wanted)
        precision = solve(lambda level: max(misses_at_stop(level, r / 10) for r in range(6, 36)), wanted)
        print(f"{wanted:<10g} {anything:.3e}  {precision:.3e}", flush=True)


if __name__ == "__main__":
    main()
