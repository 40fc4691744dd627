"""What the interval of a paced cell's p99 holds: a short version of ``tests/studies/paced.py``."""

import math

import numpy as np
import pytest

from runner.judging.stats import mean_interval
from tests.judging.queues import Queue
from tests.judging.test_coverage_simulation import surely_above
from tests.studies.paced import at_stop, trials

PRECISION = 0.1


def test_the_study_stops_as_the_schedule_does() -> None:
    draws = np.random.default_rng(1).normal(2, 0.15, (50, 40))
    for row, mean, half, number in zip(draws, *at_stop(draws, PRECISION), strict=True):
        intervals = [mean_interval(list(np.exp(row[:n]))) for n in range(3, 41)]
        narrow = [i is not None and i.relative_half_width <= PRECISION for i in intervals]
        assert number == (narrow.index(True) if True in narrow else 37) + 3
        interval = intervals[number - 3]
        assert interval is not None
        assert math.log(interval.mean) == pytest.approx(mean)
        assert math.log(interval.high) == pytest.approx(mean + half)


@pytest.mark.parametrize(
    ("queue", "load"),
    [(Queue(10_000), 0.5), (Queue(10_000), 0.9), (Queue(10_000, spread=0.03), 0.75), (Queue(1_000), 0.75)],
)
def test_the_interval_holds_the_mean_log_p99_of_a_trial_and_equal_cells_seldom_differ(
    queue: Queue, load: float
) -> None:
    rng, runs = np.random.default_rng(2), 4000
    logs = np.log(trials(queue, load, 400, rng)[0])
    means, halves, _ = at_stop(rng.choice(logs, (runs, 40)), PRECISION)
    assert surely_above(int(np.sum(np.abs(means - logs.mean()) <= halves)), runs) > 0.92
    different = np.abs(means[::2] - means[1::2]) > np.hypot(halves[::2], halves[1::2])
    assert surely_above(int(np.sum(~different)), runs // 2) > 0.92


def test_it_is_not_the_p99_of_all_requests_where_a_trial_is_short() -> None:
    """One second of a slow server near its limit: most trials end before the queue is as long as it will be."""
    each, of_all = trials(Queue(1_000), 0.9, 400, np.random.default_rng(3))
    assert np.exp(np.log(each).mean()) < 0.9 * of_all


def test_it_withstands_no_trials_that_pause_or_do_not() -> None:
    """The limit that docs/statistics.md names: with one pause a second, a few alike trials end it too early."""
    queue = Queue(10_000 / 0.85, spread=0.03, pause_us=30_000, pause_share=0.0005)
    rng, runs = np.random.default_rng(4), 4000
    logs = np.log(trials(queue, 0.5, 400, rng)[0])
    means, halves, _ = at_stop(rng.choice(logs, (runs, 40)), PRECISION)
    assert np.mean(np.abs(means - logs.mean()) <= halves) < 0.9
