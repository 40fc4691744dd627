"""Loads of several generators as one."""

from __future__ import annotations

import pytest

from runner.errors import PlanError
from runner.judging import latency
from runner.load import summing
from runner.record.histogram import Histogram
from runner.record.volley import Interval, Spread
from tests import builders


def test_the_rate_is_the_sum_of_rates_though_the_windows_differ() -> None:
    loads = [
        builders.load(requests=10_000, duration_us=1_000_000),
        builders.load(requests=22_000, duration_us=1_100_000),
    ]
    both = summing.total(loads, (25, 25))
    assert both.requests == 32_000
    assert both.requests_per_second == pytest.approx(30_000, rel=1e-5)


def test_counts_and_histograms_add_up() -> None:
    first, second = (builders.load(histogram=Histogram.of([(100, n), (200 + n, 1)])) for n in (3, 5))
    both = summing.total([first, second], (25, 25))
    assert list(both.histogram) == [(100, 8), (203, 1), (205, 1)]
    assert both.errors.total == first.errors.total + second.errors.total
    assert both.cpu_ns == (first.cpu_ns or 0) + (second.cpu_ns or 0)
    assert both.threads == first.threads + second.threads


def test_what_one_did_not_measure_is_not_known_of_both() -> None:
    assert summing.total([builders.load(), builders.load(cpu_ns=None)], (25, 25)).cpu_ns is None


def test_of_volley_what_is_exact_is_kept_and_no_percentile_is_made_up() -> None:
    fast = builders.volley(first=builders.spread_of(100, 30), intervals=(Interval(10, 2, 100.0),))
    slow = builders.volley(first=builders.spread_of(200, 10), intervals=(Interval(20, 6, 200.0), Interval(1, 0, None)))
    seen = summing.total([builders.volley_load(fast), builders.volley_load(slow)], (25, 25)).volley
    assert seen is not None
    assert seen.first == Spread(40, 125.0, None, None, None, None, 200)
    assert seen.intervals == (Interval(30, 8, 175.0), Interval(1, 0, None))
    assert seen.checked == fast.checked + slow.checked


def test_lateness_is_that_of_the_latest() -> None:
    seen = [builders.volley(own_delay=builders.spread_of(us)) for us in (5, 90)]
    both = summing.total([builders.volley_load(one) for one in seen], (25, 25)).volley
    assert both is not None
    assert both.own_delay is not None
    assert both.own_delay.p99 == 90


def test_two_halves_of_a_load_are_proved_as_the_whole_is() -> None:
    whole = builders.volley_load()
    halves = summing.total([whole, whole], (25, 25))
    assert latency.samples(halves.histogram) == 2 * latency.samples(whole.histogram)
    assert halves.volley is not None
    assert whole.volley is not None
    assert halves.volley.little_ratio == whole.volley.little_ratio


def test_connections_are_shared_evenly_or_not_at_all() -> None:
    assert summing.shares(50, 2) == (25, 25)
    with pytest.raises(PlanError, match="50 connections cannot be shared evenly by 3 generators"):
        summing.shares(50, 3)
