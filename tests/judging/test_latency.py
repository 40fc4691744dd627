"""wrk's correction is undone exactly, the proofs of that fail when they should, and figures of histograms are right."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.judging import latency
from runner.judging.latency import Proofs
from runner.record.histogram import Histogram
from tests.builders import BATCH_US, BATCHES, SECOND_US

EMPTY = Histogram.of(())


def _sorted(counts: dict[int, int]) -> Histogram:
    return Histogram.of(sorted(counts.items()))


histograms = st.dictionaries(st.integers(0, 3000), st.integers(1, 10**6), max_size=40).map(_sorted)
filled = st.dictionaries(st.integers(1, 3000), st.integers(1, 50), min_size=1, max_size=40).map(_sorted)
intervals = st.integers(1, 3500)


def stats_correct(recorded: Histogram, expected: int) -> tuple[Histogram, int]:
    """wrk's stats.c, ``stats_correct``, line by line over an array as long as wrk's; with its ``count``."""
    maximum = recorded[-1][0] if recorded else 0
    data = [0] * (maximum + 1)
    for value, number in recorded:
        data[value] += number
    total = sum(data)
    n = expected * 2
    while n <= maximum:
        count = data[n]
        m = n - expected
        while count and m > expected:
            data[m] += count
            total += count
            m -= expected
        n += 1
    return Histogram.of((value, number) for value, number in enumerate(data) if number), total


class TestCorrection:
    @given(histograms, intervals)
    def test_it_is_what_wrk_does(self, recorded: Histogram, expected: int) -> None:
        corrected = latency.correct(recorded, expected)
        assert (corrected, latency.samples(corrected)) == stats_correct(recorded, expected)

    @given(histograms, intervals)
    @example(Histogram.of([(1000, 1)]), 100)
    @example(Histogram.of([(200, 1), (201, 1)]), 100)
    def test_it_is_undone_exactly(self, recorded: Histogram, expected: int) -> None:
        assert latency.undo_correction(latency.correct(recorded, expected), expected) == recorded

    @given(filled, intervals)
    @example(Histogram.of([(1000, 1)]), 100)
    def test_it_is_undone_from_what_the_script_api_shows(self, recorded: Histogram, expected: int) -> None:
        """``latency(i)`` begins at ``min``, the smallest recorded sample, and hides the phantoms below it."""
        smallest = recorded[0][0]
        visible = [pair for pair in latency.correct(recorded, expected) if pair[0] >= smallest]
        assert latency.undo_correction(visible, expected, smallest=smallest) == recorded

    @given(histograms, st.randoms(use_true_random=False))
    def test_the_order_of_the_pairs_does_not_matter(self, recorded: Histogram, random: Random) -> None:
        pairs = list(latency.correct(recorded, 7))
        random.shuffle(pairs)
        assert latency.undo_correction(pairs, 7) == recorded

    @given(histograms)
    def test_without_an_interval_nothing_is_changed(self, recorded: Histogram) -> None:
        assert latency.undo_correction(recorded, None) == recorded

    def test_a_sample_alone_drags_its_phantoms_down_to_the_interval(self) -> None:
        corrected = latency.correct(Histogram.of([(1000, 3)]), 200)
        assert list(corrected) == [(400, 3), (600, 3), (800, 3), (1000, 3)]

    def test_another_interval_shows(self) -> None:
        corrected = latency.correct(Histogram.of([(1000, 3), (1150, 2)]), 200)
        assert any(count < 0 for _, count in latency.undo_correction(corrected, 190))

    @pytest.mark.parametrize(
        ("duration_us", "requests", "connections", "expected"),
        [
            (1_000_000, 99, 100, None),  # less than one request a connection: wrk does not correct
            (1_000_000, 100, 100, 1_000_000),
            (1_000_000, 399, 100, 333_333),  # 399 / 100 = 3, 1 000 000 / 3 = 333 333, as C divides
            (5_000_123, 1_234_567, 200, 5_000_123 // 6172),
            (1_000_000, 0, 50, None),
        ],
    )
    def test_the_interval_is_wrks(
        self, duration_us: int, requests: int, connections: int, expected: int | None
    ) -> None:
        assert latency.expected_interval_us(duration_us, requests, connections) == expected


def _prove(histogram: Sequence[tuple[int, int]] = ((BATCH_US, BATCHES),), /, **changes: int) -> Proofs:
    load = {"duration_us": SECOND_US, "requests": 5 * BATCHES, "connections": 50, "depth": 5, "reconnects": 0}
    return latency.prove(Histogram.of(histogram), **(load | changes))


class TestProofs:
    def test_all_hold_for_a_load_that_kept_every_connection_busy(self) -> None:
        proofs = _prove()
        assert proofs.problem is None
        assert (proofs.negative, proofs.samples, proofs.missing) == (0, BATCHES, 0)
        assert proofs.little_ratio == pytest.approx(1)

    def test_a_negative_count_fails_and_counts(self) -> None:
        proofs = _prove(((100, -1), (200, -3), (BATCH_US, BATCHES)))
        assert proofs.negative == 2
        assert proofs.little_ratio is None
        assert proofs.problem == "2 negative counts after the recovery"

    def test_no_sample_at_all_fails(self) -> None:
        proofs = _prove((), requests=0)
        assert proofs.little_ratio is None
        assert proofs.problem == "no batch was finished"

    def test_what_was_in_flight_may_be_missing_and_no_more(self) -> None:
        # each of 50 connections may have answered 4 of the 5 requests of its last batch
        assert _prove(requests=5 * BATCHES + 50 * 4).problem is None
        assert _prove(requests=5 * BATCHES + 50 * 4 + 1).problem == "+40 samples are missing, at most 40 can be"

    def test_what_was_lost_with_connections_may_be_missing_too(self) -> None:
        more = 5 * BATCHES + 55 * 4
        assert _prove(requests=more).problem is not None
        assert _prove(requests=more, reconnects=5).problem is None
        assert _prove(requests=more + 1, reconnects=5).problem is not None

    def test_more_samples_than_finished_batches_fail(self) -> None:
        assert _prove(requests=5 * BATCHES - 1).problem == "-0 samples are missing, at most 40 can be"
        assert _prove(requests=5 * BATCHES - 50).problem == "-10 samples are missing, at most 40 can be"

    def test_at_depth_1_no_sample_may_be_missing(self) -> None:
        alone = {"depth": 1, "requests": BATCHES}
        assert _prove(**alone).problem is None
        assert _prove(**alone | {"requests": BATCHES + 1}).problem == "+1 samples are missing, at most 0 can be"

    @pytest.mark.parametrize(("factor", "holds"), [(0.94, False), (0.96, True), (1.04, True), (1.06, False)])
    def test_the_mean_must_be_what_littles_law_gives(self, factor: float, holds: bool) -> None:
        problem = _prove(((int(BATCH_US * factor), BATCHES),)).problem
        assert problem == (None if holds else f"the mean is {factor:.2f} times what Little's law gives")

    @pytest.mark.parametrize(
        ("batches", "share", "few"), [(2, 0.8, True), (2, 0.6, False), (9, 0.93, True), (10, 0.93, False)]
    )
    def test_too_few_batches_are_told_where_what_was_in_flight_may_explain_the_mean(
        self, batches: int, share: float, few: bool
    ) -> None:
        us = round(share * SECOND_US / (batches + share / 2))
        problem = _prove(((us, 50 * batches),), requests=5 * 50 * batches).problem
        assert problem is not None
        assert problem.startswith(f"{50 * batches} batches on 50 connections are too few") is few
        assert ("Little" in problem) is not few

    def test_the_first_that_fails_is_told(self) -> None:
        all_wrong = Proofs(negative=1, samples=0, missing=99, allowed=0, little_ratio=9.0, connections=1)
        assert "negative" in (all_wrong.problem or "")
        assert "no batch" in (replace(all_wrong, negative=0).problem or "")
        assert "missing" in (replace(all_wrong, negative=0, samples=1).problem or "")
        assert "Little" in (replace(all_wrong, negative=0, samples=1, missing=0).problem or "")

    @given(filled, st.integers(1, 64))
    def test_they_do_not_hold_for_what_wrk_made_of_it(self, recorded: Histogram, interval: int) -> None:
        """Phantoms are samples that no batch stands for."""
        corrected = latency.correct(recorded, interval)
        batches = latency.samples(recorded)
        proofs = _prove(corrected, requests=batches * 5)
        assert (proofs.missing < 0) == (corrected != recorded)


class TestLittle:
    def test_connections_that_were_idle_half_of_the_time_give_a_half(self) -> None:
        half = Histogram.of([(BATCH_US, BATCHES // 2)])
        assert latency.little_ratio(half, duration_us=SECOND_US, connections=50) == pytest.approx(0.5, rel=1e-3)

    def test_what_is_in_flight_at_the_end_is_taken_off_the_time(self) -> None:
        """One connection, batches of 100 ms from 0 to 1 s less the last: half a batch is in flight on average."""
        histogram = Histogram.of([(100_000, 19)])
        assert latency.little_ratio(histogram, duration_us=1_950_000, connections=1) == pytest.approx(1)

    def test_it_is_infinite_where_the_latencies_are_longer_than_the_load(self) -> None:
        slow = Histogram.of([(10 * SECOND_US, 1)])
        assert latency.little_ratio(slow, duration_us=SECOND_US, connections=1) == math.inf

    def test_it_is_nothing_without_samples(self) -> None:
        assert latency.little_ratio(EMPTY, duration_us=SECOND_US, connections=1) == 0


class TestAccounted:
    @given(st.lists(st.integers(1000, 400_000), min_size=1, max_size=40), st.integers(0, 1_000_000))
    def test_connections_that_never_stood_still_account_for_all_of_their_time(
        self, latencies: list[int], more_us: int
    ) -> None:
        """Each of two connections works off the list again and again, from either end, until the clock stops."""
        duration_us = sum(latencies) + more_us
        finished: list[int] = []
        for order in (latencies, latencies[::-1]):
            clock = 0
            for us in itertools.cycle(order):
                clock += us
                if clock > duration_us:
                    break
                finished.append(us)
        seen = Histogram.of(sorted(Counter(finished).items()))
        assert latency.time_accounted(seen, duration_us=duration_us, connections=2) >= 1

    def test_those_that_stood_still_from_the_beginning_are_missing(self) -> None:
        quarter = Histogram.of([(1000, 50 * 999 // 4)])
        assert latency.time_accounted(quarter, duration_us=SECOND_US, connections=50) == pytest.approx(0.25, rel=1e-3)

    def test_nothing_is_said_where_one_batch_took_all_the_time(self) -> None:
        assert latency.time_accounted(Histogram.of([(SECOND_US, 1)]), duration_us=SECOND_US, connections=9) == math.inf

    def test_without_samples_all_is_missing(self) -> None:
        assert latency.time_accounted(EMPTY, duration_us=SECOND_US, connections=1) == 0


class TestFigures:
    @given(filled, st.integers(0, 1000))
    def test_percentiles_are_those_of_the_sorted_list(self, histogram: Histogram, permille: int) -> None:
        values = [value for value, count in histogram for _ in range(count)]
        share = Fraction(permille, 1000)
        smallest = next(v for v in values if sum(1 for w in values if w <= v) >= share * len(values))
        assert latency.percentile_us(histogram, permille / 10) == smallest

    @given(filled)
    def test_the_hundredth_percentile_is_the_largest(self, histogram: Histogram) -> None:
        assert latency.percentile_us(histogram, 100) == histogram[-1][0]

    @given(filled)
    def test_means_and_counts_are_those_of_the_list(self, histogram: Histogram) -> None:
        values = [value for value, count in histogram for _ in range(count)]
        assert latency.samples(histogram) == len(values)
        assert latency.mean_us(histogram) == pytest.approx(sum(values) / len(values))

    @given(filled, st.integers(0, 100))
    def test_what_took_longer_is_counted(self, histogram: Histogram, us: int) -> None:
        assert latency.samples_above(histogram, us) == sum(count for value, count in histogram if value > us)

    def test_without_samples_there_is_none(self) -> None:
        assert latency.mean_us(EMPTY) is None
        assert latency.percentile_us(EMPTY, 50) is None

    @given(st.lists(filled, max_size=4))
    def test_merged_histograms_hold_all_samples(self, parts: list[Histogram]) -> None:
        values = sorted(value for part in parts for value, count in part for _ in range(count))
        merged = latency.merge(parts)
        assert [value for value, count in merged for _ in range(count)] == values
        assert [value for value, _ in merged] == sorted({value for value, _ in merged})

    @given(filled, st.lists(st.floats(0, 100), max_size=5))
    def test_several_percentiles_are_each_by_itself(self, histogram: Histogram, percents: list[float]) -> None:
        assert latency.percentiles_us(histogram, percents) == tuple(
            latency.percentile_us(histogram, percent) for percent in percents
        )
        assert latency.percentiles_us(EMPTY, percents) == (None,) * len(percents)


class TestTail:
    def test_each_nine_is_a_step_of_the_same_length(self) -> None:
        histogram = Histogram.of((us, 1) for us in range(1, 1001))
        assert latency.tail(histogram, per_decade=1) == ((1.0, 1), (10.0, 900), (100.0, 990), (1000.0, 1000))

    @given(filled)
    def test_it_rises_from_the_fastest_to_the_slowest_and_knows_nothing_beyond(self, histogram: Histogram) -> None:
        points = latency.tail(histogram)
        steps, latencies = zip(*points, strict=True)
        assert list(steps) == sorted(set(steps))
        assert list(latencies) == sorted(latencies)
        assert points[-1] == (latency.samples(histogram), histogram[-1][0])
        assert latencies[0] >= histogram[0][0]

    @given(filled)
    def test_its_points_are_percentiles(self, histogram: Histogram) -> None:
        for step, us in latency.tail(histogram)[:-1]:
            assert us == latency.percentile_us(histogram, 100 * (1 - 1 / step))

    def test_without_samples_there_is_none(self) -> None:
        assert latency.tail(EMPTY) == ()
