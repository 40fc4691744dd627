"""The cost of a batch and that of a request: what went in comes out, and what does not fit is told."""

from __future__ import annotations

import random

import pytest

from runner.judging.models import batching

DEPTHS = (1, 4, 16, 64)


def costs(
    batch: float, request: float, *, noise: float = 0.0, rounds: int = 5, seed: int = 1
) -> dict[int, list[float]]:
    chance = random.Random(seed)
    return {
        depth: [(batch / depth + request) * (1 + chance.gauss(0, noise)) for _ in range(rounds)] for depth in DEPTHS
    }


def test_what_went_in_comes_out() -> None:
    found = batching.line(costs(8.0, 0.5))
    assert found is not None
    assert found.batch_us.mean == pytest.approx(8.0)
    assert found.request_us.mean == pytest.approx(0.5)
    assert found.fits is True
    assert found.cost_us(16) == pytest.approx(1.0)
    assert found.left(16) == pytest.approx(2.0)


def test_its_intervals_hold_what_went_in_as_often_as_they_say() -> None:
    """Of 400 runs of five rounds with 3 % of noise 95 % should: 92 to 98 % is within three standard errors of it."""
    runs = [batching.line(costs(8.0, 0.5, noise=0.03, seed=seed)) for seed in range(400)]
    for place, true in (("batch_us", 8.0), ("request_us", 0.5)):
        values = [getattr(one, place) for one in runs]
        assert 0.92 <= sum(one.low <= true <= one.high for one in values) / len(runs) <= 0.98


def test_a_depth_that_costs_more_than_the_line_is_told() -> None:
    bent = costs(8.0, 2.0, noise=0.003)
    bent[64] = [cost * 1.5 for cost in bent[64]]
    found = batching.line(bent)
    assert found is not None
    assert found.fits is False
    assert found.off is not None
    assert found.misfit == 64
    assert found.off[64].mean > 0.1


def test_noise_is_no_misfit() -> None:
    for seed in range(20):
        noisy = batching.line(costs(8.0, 2.0, noise=0.2, rounds=3, seed=seed))
        assert noisy is not None
        assert noisy.off is not None
        assert noisy.misfit is None or abs(noisy.off[noisy.misfit].mean) > batching.TOLERANCE
    lone = batching.line({depth: [8 / depth + 2 + (depth == 64)] for depth in DEPTHS})
    assert lone is not None
    assert (lone.fits, lone.misfit) == (None, None), "a single round shows no noise"


def test_two_depths_leave_nothing_to_test() -> None:
    found = batching.line({depth: some for depth, some in costs(8.0, 0.5).items() if depth in {1, 16}})
    assert found is not None
    assert found.batch_us.mean == pytest.approx(8.0)
    assert (found.off, found.fits) == (None, None)


def test_a_single_depth_has_no_line() -> None:
    assert batching.line({16: [1.0, 1.1]}) is None
    assert batching.line({1: [1.0], 16: []}) is None


def test_too_few_rounds_have_no_interval() -> None:
    found = batching.line(costs(8.0, 0.5, rounds=2))
    assert found is not None
    assert (found.batch_us.low, found.batch_us.high) == (None, None)


def test_a_request_that_costs_nothing_leaves_no_limit() -> None:
    found = batching.line(costs(8.0, 0.0))
    assert found is not None
    assert found.request_us.mean == pytest.approx(0.0, abs=1e-9)
    assert found.left(16) is None or found.left(16) > 1e6  # type: ignore[operator]
