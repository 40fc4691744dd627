"""When a warm-up is over."""

from __future__ import annotations

import pytest

from runner.judging.settling import settled


@pytest.mark.parametrize(
    ("rates", "over"),
    [
        ((), False),
        ((100.0,), False),
        ((50.0, 100.0), False),
        ((50.0, 100.0, 103.1), False),
        ((50.0, 100.0, 102.9), True),
        ((100.0, 97.1), True),
        ((100.0, 96.9), False),
        ((100.0, 100.0, 50.0), False),
        ((0.0, 0.0), False),
        ((0.0, 1.0), False),
    ],
)
def test_the_last_two_rates_must_be_alike(rates: tuple[float, ...], over: bool) -> None:
    assert settled(rates) is over
