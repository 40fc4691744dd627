"""The search for the capacity under a limit: its cases, that it can be resumed, and how often it is right."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from runner.judging.capacity import MIN_TRIALS, Answer, Observation, Outcome, Search
from tests.judging.queues import Queue, crossing
from tests.judging.test_coverage_simulation import surely_above
from tests.studies.capacity import holds, search

LIMIT_US = 10_000.0
RULE = Search(LIMIT_US, closed_loop=1000.0)


def observed(rule: Search, server: Callable[[float], float | None]) -> tuple[list[Observation], Answer]:
    """All trials of a search on a server without noise: rate -> percentile, ``None`` where it is not held."""
    seen: list[Observation] = []
    while (rate := rule.next_rate(seen)) is not None:
        percentile_us = server(rate)
        seen.append(Observation(rate, percentile_us is not None, percentile_us))
    found = rule.estimate(seen)
    assert found is not None
    return seen, found


def wall(at: float) -> Callable[[float], float | None]:
    return lambda rate: 100.0 if rate < at else None


def curve(crossing_at: float, idle: float) -> Callable[[float], float | None]:
    """A percentile that grows with the rate as a wait in a queue does."""

    def percentile_us(rate: float) -> float | None:
        room = 1 - (1 - idle) * rate / crossing_at
        return LIMIT_US * idle / room if room > 0 else None

    return percentile_us


@pytest.mark.parametrize("at", [45.0, 120.0, 400.0, 700.0, 950.0, 1040.0])
def test_a_wall_is_found_wherever_it_stands(at: float) -> None:
    """A wall tells the side and nothing else, so it takes the most trials of all."""
    rule = Search(LIMIT_US, closed_loop=1000.0, precision=0.1, max_trials=20)
    seen, found = observed(rule, wall(at))
    assert found.outcome is Outcome.FOUND
    assert holds(found, at)
    assert found.relative_half_width is not None
    assert found.relative_half_width <= rule.precision
    assert found.trials == len(seen)


@pytest.mark.parametrize("idle", [0.01, 0.1])
@pytest.mark.parametrize("at", [300.0, 900.0])
def test_a_curve_is_found_with_no_more_trials_than_a_wall(at: float, idle: float) -> None:
    seen, found = observed(RULE, curve(at, idle))
    assert holds(found, at)
    assert found.mean == pytest.approx(at, rel=0.02)
    assert len(seen) <= len(observed(RULE, wall(at))[0])


def test_a_server_that_is_always_beyond() -> None:
    seen, found = observed(RULE, lambda rate: 20_000.0)
    assert found == Answer(Outcome.NEVER, mean=None, low=None, high=RULE.lowest, trials=len(seen))
    assert found.relative_half_width is None
    assert min(one.rate for one in seen) == RULE.lowest == 20.0


def test_a_server_that_is_always_within() -> None:
    seen, found = observed(RULE, lambda rate: 100.0)
    assert found == Answer(Outcome.AT_LEAST, mean=None, low=RULE.highest, high=None, trials=len(seen))
    assert RULE.highest == 1200.0
    assert not RULE.generator_is_the_limit


def test_a_generator_that_cannot_offer_the_capacity() -> None:
    rule = Search(LIMIT_US, closed_loop=1000.0, generator=333.3)
    seen, found = observed(rule, lambda rate: 100.0)
    assert found == Answer(Outcome.AT_LEAST, mean=None, low=333.3, high=None, trials=len(seen))
    assert max(one.rate for one in seen) == 333.3
    assert len(seen) <= 6
    assert rule.generator_is_the_limit
    assert not Search(LIMIT_US, closed_loop=1000.0, generator=1100.0).generator_is_the_limit


def test_trials_that_contradict_each_other_end_the_search_without_the_precision() -> None:
    answers = iter([True, False] * 20)
    seen, found = observed(RULE, lambda rate: 100.0 if next(answers) else None)
    assert found.outcome is Outcome.IMPRECISE
    assert len(seen) == RULE.max_trials
    assert found.relative_half_width is None or found.relative_half_width > RULE.precision


def test_what_comes_next_follows_from_the_observations_alone() -> None:
    seen, found = observed(RULE, curve(500.0, 0.05))
    for number, one in enumerate(seen):
        fresh = Search(LIMIT_US, closed_loop=1000.0)
        assert fresh.next_rate(tuple(seen[:number])) == one.rate
    assert Search(LIMIT_US, closed_loop=1000.0).estimate(seen) == found


def test_the_unit_of_rate_and_time_does_not_matter() -> None:
    _, small = observed(RULE, curve(500.0, 0.05))
    large = Search(LIMIT_US * 7, closed_loop=100_000.0)
    found = observed(large, lambda rate: None if (us := curve(500.0, 0.05)(rate / 100)) is None else us * 7)[1]
    assert found.mean is not None
    assert small.mean is not None
    assert found.mean / 100 == pytest.approx(small.mean, rel=1e-3)


def test_a_trial_within_raises_the_estimate_and_one_beyond_lowers_it() -> None:
    seen = observed(RULE, curve(500.0, 0.05))[0]
    middle = _mean(seen)
    assert _mean([*seen, Observation(520.0, True, 9_000.0)]) > middle
    assert _mean([*seen, Observation(520.0, True, 100.0)]) > middle
    assert _mean([*seen, Observation(480.0, True, 11_000.0)]) < middle
    assert _mean([*seen, Observation(480.0, False, None)]) < middle


def _mean(seen: Sequence[Observation]) -> float:
    found = RULE.estimate(seen)
    assert found is not None
    assert found.mean is not None
    return found.mean


def test_few_trials_have_no_estimate() -> None:
    seen = observed(RULE, wall(500.0))[0]
    assert RULE.estimate([]) is None
    assert RULE.estimate(seen[: MIN_TRIALS - 1]) is None
    assert RULE.estimate(seen[:MIN_TRIALS]) is not None


@pytest.mark.parametrize(
    ("rate", "held", "percentile_us"),
    [(0.0, True, 1.0), (math.inf, True, 1.0), (1.0, True, None), (1.0, True, 0.0), (1.0, False, math.nan)],
)
def test_what_is_no_observation(rate: float, held: bool, percentile_us: float | None) -> None:
    with pytest.raises(ValueError, match="no "):
        Observation(rate, held, percentile_us)


def test_what_cannot_be_searched() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Search(0.0, 1000.0)
    with pytest.raises(ValueError, match="cannot load"):
        Search(LIMIT_US, 1000.0, generator=20.0)
    with pytest.raises(ValueError, match="have no estimate"):
        Search(LIMIT_US, 1000.0, max_trials=3)


QUEUES = (Queue(1_000, 1, 0.03), Queue(2_000, 1, 0.08), Queue(10_000, 16, 0.03), Queue(10_000, 1, 0.01))


def test_intervals_hold_the_crossing_of_a_queue() -> None:
    rng, runs, hits = np.random.default_rng(3), 30, 0
    for queue in QUEUES:
        truth = crossing(queue, LIMIT_US, rng, trials=1300)
        found = []
        for _ in range(runs):
            closed_loop = queue.capacity * math.exp(queue.spread * rng.standard_normal() / math.sqrt(3))
            found.append(search(queue, Search(LIMIT_US, closed_loop), rng))
        hits += sum(holds(answer, truth) for answer in found)
        means = [answer.mean for answer in found if answer.mean is not None]
        assert len(means) >= 0.9 * runs
        assert np.median(means) == pytest.approx(truth, rel=0.05)
    assert surely_above(hits, runs * len(QUEUES)) > 0.82
