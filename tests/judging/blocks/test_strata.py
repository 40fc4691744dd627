"""Values in blocks: the mean of their means, and its uncertainty from within them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.judging import stats
from runner.judging.blocks.strata import Strata, stratified, typical

RATES = st.lists(st.floats(100, 200), min_size=3, max_size=6, unique=True)


@given(RATES)
def test_one_block_is_as_if_there_were_none(rates: list[float]) -> None:
    assert list(stratified(("a", rate) for rate in rates)) == rates
    assert stats.mean_interval(stratified(("a", rate) for rate in rates)) == stats.mean_interval(rates)


@given(RATES, RATES, st.floats(0.1, 10))
def test_a_faster_block_moves_the_mean_and_not_the_uncertainty(one: list[float], two: list[float], by: float) -> None:
    before = stats.summarise(Strata([one, two]))
    after = stats.summarise(Strata([one, [by * rate for rate in two]]))
    assert before is not None
    assert after is not None
    assert after.mean == pytest.approx(before.mean + math.log(by) / 2)
    assert after.standard_error == pytest.approx(before.standard_error)
    assert after.n == before.n == len(one) + len(two) - 1


@given(RATES, RATES)
def test_ratios_within_blocks_do_not_know_how_fast_a_block_is(one: list[float], two: list[float]) -> None:
    plain = stats.ratio_interval(Strata([one, one]), Strata([two, two]))
    scaled = stats.ratio_interval(*(Strata([v, [7 * rate for rate in v]]) for v in (one, two)))
    assert plain is not None
    assert scaled is not None
    assert (scaled.mean, scaled.low, scaled.high) == pytest.approx((plain.mean, plain.low, plain.high))


def test_blocks_count_alike_however_many_values_they_have() -> None:
    assert typical(Strata([[100, 100, 100], [400]])) == pytest.approx(200)


def test_two_values_in_two_blocks_tell_no_spread() -> None:
    assert stats.mean_interval(Strata([[100], [120]])) is None
    assert stats.mean_interval(Strata([[100, 101], [120]])) is None
    assert stats.mean_interval(Strata([[100, 101], [120, 121]])) is not None
