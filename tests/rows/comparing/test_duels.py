"""What slices in turns say: one ratio a pair of fresh starts, and an interval over pairs."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from runner.report import duels as printed
from runner.rows.comparing import duels
from runner.rows.comparing.duels import Bout, Duel, Side, Slice

FOURS = 8


def bouts(
    number: int, ratio: float, *, rng: random.Random, start: float = 0.005, tails: bool = True, drift: float = 0.0
) -> tuple[Bout, ...]:
    """New over base by ``ratio``; each pair of starts by ``start`` of its own, slices with tails and a drift."""
    made = []
    for at in range(number):
        own = {Side.BASE: 1.0, Side.NEW: ratio * math.exp(rng.gauss(0, start))}
        slices = []
        for place, side in enumerate(duels.order(at, FOURS)):
            noise = rng.gauss(0, 0.01) - (rng.expovariate(10) if tails and rng.random() < 0.1 else 0)
            speed = own[side] * math.exp(noise + drift * place)
            slices.append(Slice(side, 9000 * speed, 100 / speed, 0.3, 0.0))
        made.append(Bout(tuple(slices)))
    return tuple(made)


def duel(found: tuple[Bout, ...], precision: float = 0.01) -> Duel:
    return Duel("aiohttp", "aiohttp@3.9.5", 1, 50, 0.1, precision, 60.0, found)


def changed(found: Duel, change: Callable[[Slice], Slice]) -> Duel:
    return replace(found, bouts=tuple(Bout(tuple(map(change, bout.slices))) for bout in found.bouts))


def test_the_order_is_abba_and_its_mirror_in_the_next_bout() -> None:
    first, second = duels.order(0, 1), duels.order(1, 1)
    assert first == (Side.BASE, Side.NEW, Side.NEW, Side.BASE)
    assert second == (Side.NEW, Side.BASE, Side.BASE, Side.NEW)


def test_an_even_drift_is_no_difference() -> None:
    steady = duel(bouts(6, 1.0, rng=random.Random(1), start=1e-4, tails=False, drift=0.003))
    assert steady.rate.interval is not None
    assert steady.rate.interval.mean == pytest.approx(1.0, abs=0.004)


def test_what_takes_half_of_six_slices_in_thirty_two_moves_little() -> None:
    """Six slices spoil six ratios of sixteen; of ratios of four slices each they would spoil six of eight."""
    (calm,) = bouts(1, 1.0, rng=random.Random(2), start=1e-4, tails=False)
    spoiled = {place for place, one in enumerate(calm.slices) if one.side is Side.NEW and place % 4 == 1} - {1, 5}
    slices = [
        replace(one, requests_per_second=one.requests_per_second / 2) if place in spoiled else one
        for place, one in enumerate(calm.slices)
    ]
    assert len(spoiled) == 6
    found = duels.of_bout(Bout(tuple(slices)), lambda one: one.requests_per_second)
    assert found == pytest.approx(1.0, abs=0.01)


def test_intervals_hold_the_truth_in_nineteen_of_twenty() -> None:
    """Stopped when they are narrow enough, with a spread between starts and tails in the slices."""
    rng = random.Random(20)
    held, sizes = 0, []
    for _ in range(300):
        found: tuple[Bout, ...] = ()
        while not (found and duel(found).narrow) and len(found) < duels.MAX_BOUTS:
            found += bouts(1, 1.02, rng=rng)
        rate = duel(found).rate.interval
        held += rate is not None and rate.holds(1.02)
        sizes.append(len(found))
    assert held >= 274, "95 % of 300 are 285; fewer than 274 come by chance once in 500"
    assert min(sizes) >= duels.MIN_BOUTS


def test_a_planted_difference_is_told_from_none() -> None:
    slower = duel(bouts(8, 0.97, rng=random.Random(3)))
    assert slower.slower_than(0.01)
    assert not slower.slower_than(0.05)
    assert not duel(bouts(8, 1.0, rng=random.Random(4))).slower_than(0.0)


def test_a_side_that_is_not_idle_withholds_both_ratios() -> None:
    found = changed(duel(bouts(4, 1.0, rng=random.Random(5))), lambda one: replace(one, idle_share=0.03))
    assert (found.rate.interval, found.cpu.interval) == (None, None)
    assert found.rate.reason == "the other side took 3.0 % of a CPU meanwhile"
    assert found.narrow, "more of the same would not tell more"


def test_where_the_generator_is_the_limit_only_cpu_time_is_told() -> None:
    found = changed(duel(bouts(4, 1.0, rng=random.Random(6))), lambda one: replace(one, generator_busy=0.99))
    assert found.rate.reason == "the load generator was the limit: 99 % busy"
    assert found.cpu.interval is not None


def test_a_side_without_an_answer_has_no_ratio() -> None:
    found = changed(
        duel(bouts(4, 1.0, rng=random.Random(7))),
        lambda one: replace(one, requests_per_second=0.0) if one.side is Side.NEW else one,
    )
    assert found.rate.reason == "4 pairs of starts had no answer in half of a side's slices"


def test_a_slice_without_an_answer_is_slow_and_withholds_nothing() -> None:
    """As on a host that gives nothing for a tenth of a second."""
    made = bouts(4, 1.0, rng=random.Random(7))
    stalled = tuple(
        Bout(
            tuple(replace(one, requests_per_second=0.0) if at in {3, 4} else one for at, one in enumerate(bout.slices))
        )
        for bout in made
    )
    assert duel(stalled).rate.interval is not None
    assert duel(stalled).rate.reason is None


class TestPrinted:
    def test_it_says_who_and_how_and_what_was_found(self) -> None:
        found = duel(bouts(8, 0.95, rng=random.Random(8)))
        rate, cost = printed.lines(found)
        assert rate[0] == "requests/s"
        assert rate[-1] == cost[-1] == "slower"
        assert "8 pairs of fresh starts, 256 slices of 100 ms" in printed.text(found)
        assert "aiohttp@3.9.5" in printed.markdown(found)

    def test_what_is_not_narrow_enough_is_said(self) -> None:
        assert "Not within ±0.1 %" in printed.text(duel(bouts(4, 1.0, rng=random.Random(9)), precision=0.001))
