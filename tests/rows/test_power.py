"""What a comparison could not have seen, against simulated comparisons."""

from __future__ import annotations

import math
import random

import pytest

from runner.judging import stats
from runner.judging.levels import Stopping
from runner.judging.stats import Difference, Drift, Interval
from runner.rows.power import SOUGHT, power


def samples(generator: random.Random, mean: float, sd: float, trials: int) -> list[float]:
    return [mean * math.exp(generator.gauss(0, sd)) for _ in range(trials)]


def test_a_slowdown_of_that_size_is_found_nine_times_in_ten() -> None:
    generator = random.Random(1)
    sizes, trials = [], 12
    for _ in range(200):
        ratio = stats.ratio_interval(
            *(samples(generator, 100, 0.03, trials) for _ in range(2)), stopping=Stopping.FIXED
        )
        assert ratio is not None
        sizes.append(power(ratio, trials, comparisons=1, stopping=Stopping.FIXED).smallest)
    typical = sorted(sizes)[len(sizes) // 2]
    found = 0
    for _ in range(400):
        base, new = samples(generator, 100, 0.03, trials), samples(generator, 100 * (1 - typical), 0.03, trials)
        found += stats.difference(stats.ratio_interval(base, new, stopping=Stopping.FIXED)) is Difference.SLOWER
    assert 0.85 <= found / 400 <= 0.99


def test_more_trials_show_less_and_the_number_for_five_per_cent_does() -> None:
    wide = Interval(1.0, 1 / 1.1, 1.1)
    found = power(wide, 4, comparisons=1, stopping=Stopping.FIXED)
    assert found.smallest > SOUGHT
    assert found.trials is not None
    assert found.trials > 4
    narrow = Interval(1.0, 1 / 1.01, 1.01)
    assert power(narrow, 4, comparisons=1, stopping=Stopping.FIXED).smallest < SOUGHT


def test_no_number_of_trials_sees_below_the_drift() -> None:
    drift = Drift(ratio=1.0, sd=0.05, cells=4)
    half = math.exp(drift.half_width(0.05))
    found = power(Interval(1.0, 1 / half, half), 10, comparisons=1, stopping=Stopping.FIXED, drift=drift)
    assert found.trials is None


@pytest.mark.parametrize("comparisons", [1, 10])
def test_more_comparisons_at_once_take_more_trials(comparisons: int) -> None:
    ratio = Interval(1.0, 1 / 1.05, 1.05)
    found = power(ratio, 8, comparisons=comparisons, stopping=Stopping.PRECISION)
    assert found.trials is not None
