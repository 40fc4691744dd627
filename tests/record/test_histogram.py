"""A histogram is a sequence of pairs, its sums are exact whatever their size, and it is small."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.record import store
from runner.record.histogram import Histogram, Moments
from runner.report.formats import Report, printed
from tests import builders

PAIRS = [(100, 3), (2500, 19_000), (61_234, 2)]
HISTOGRAM = Histogram.of(PAIRS)
BUCKETS = 2001

pairs = st.dictionaries(st.integers(0, 2**40), st.integers(-(10**9), 10**9)).map(lambda counts: sorted(counts.items()))


class TestSequence:
    def test_it_holds_its_pairs_in_order(self) -> None:
        assert (list(HISTOGRAM), len(HISTOGRAM), HISTOGRAM[0], HISTOGRAM[-1]) == (PAIRS, 3, PAIRS[0], PAIRS[-1])
        assert HISTOGRAM[1:] == Histogram.of(PAIRS[1:])
        assert all(type(number) is int for pair in HISTOGRAM for number in pair)
        with pytest.raises(IndexError):
            HISTOGRAM[3]

    def test_those_with_the_same_pairs_are_equal(self) -> None:
        same = Histogram.of(PAIRS)
        assert (same, hash(same)) == (HISTOGRAM, hash(HISTOGRAM))
        assert Histogram.of(PAIRS[:2]) not in (HISTOGRAM, PAIRS[:2])

    def test_it_does_not_change(self) -> None:
        with pytest.raises(ValueError, match="read-only"):
            HISTOGRAM.buckets[0, 1] = 4


class TestParse:
    @given(pairs)
    def test_numbers_one_after_another_are_its_pairs(self, pairs: list[tuple[int, int]]) -> None:
        assert Histogram.parse(",".join(f"{us},{count}" for us, count in pairs)) == Histogram.of(pairs)

    @pytest.mark.parametrize("text", ["1", "1,2,3", "1,2.5", "1,x", "1,,2", "null,2"])
    def test_what_is_not_made_of_pairs_of_whole_numbers_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"shape|unmatched"):
            Histogram.parse(text)

    @pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
    def test_a_number_that_does_not_fit_is_refused(self, number: int) -> None:
        with pytest.raises(ValueError, match="more than 64 bits"):
            Histogram.parse(f"{number},1")

    @pytest.mark.parametrize("number", [2**63 - 1, -(2**63)])
    def test_the_last_that_fits_is_read(self, number: int) -> None:
        assert list(Histogram.parse(f"{number},1")) == [(number, 1)]


class TestMoments:
    @given(pairs)
    def test_they_are_exact(self, pairs: list[tuple[int, int]]) -> None:
        assert Histogram.of(pairs).moments == Moments(
            samples=sum(count for _, count in pairs),
            negative=sum(1 for _, count in pairs if count < 0),
            total_us=sum(us * count for us, count in pairs),
            squares_us2=sum(us * us * count for us, count in pairs),
        )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run of three cells with realistic histograms."""
    head, trials = builders.matrix(adapters=3, depths=(5,), trials=8, buckets=BUCKETS)
    made = store.create(tmp_path, "big")
    made.write_run(head)
    for trial in trials:
        made.append(trial)
    return made.path


def test_a_run_that_was_read_takes_little_more_than_two_numbers_a_bucket(folder: Path) -> None:
    store.read(folder)  # what is made once is made now
    tracemalloc.start()
    try:
        _, trials = store.read(folder)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    buckets = sum(len(trial.load.histogram) for trial in trials if trial.load is not None)
    assert buckets > BUCKETS / 2 * len(trials)
    assert kept / buckets < 2 * 8 + 8
    assert peak / buckets < 2 * 8 + 16


def test_a_page_sums_each_histogram_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summed: list[Histogram] = []
    cached: Any = vars(Histogram)["moments"]
    moments: Callable[[Histogram], Moments] = cached.func

    def counted(histogram: Histogram) -> Moments:
        summed.append(histogram)
        return moments(histogram)

    monkeypatch.setattr(cached, "func", counted)
    report = Report.read(folder)
    printed(report, "html")
    assert len({id(one) for one in summed}) == len(summed)
    for trial in report.trials:
        assert trial.load is not None
        assert sum(one is trial.load.histogram for one in summed) == 1
