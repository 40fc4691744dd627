"""Figures as people read them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.record.trial import Verdict
from runner.rows import figures, rows
from runner.rows.row import BatchLatency, Estimate, Multiple, Row, Witness
from tests import builders


@pytest.fixture
def row() -> Row:
    (made,) = rows.rows(builders.run(), [builders.trial()])
    return made


class TestDigits:
    @given(st.floats(1e-6, 1e9) | st.floats(9.9, 10.1) | st.floats(99, 101))
    def test_three_of_them_and_no_exponent(self, value: float) -> None:
        text = figures.significant(value)
        assert re.fullmatch(r"\d+(\.\d+)?", text)
        assert float(text) == pytest.approx(value, rel=0.00501)
        assert len(text.replace(".", "").lstrip("0")) == 3 or (value >= 999.5 and "." not in text)

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (0, "0"),
            (0.00001234, "0.0000123"),
            (0.1234, "0.123"),
            (1.005, "1.00"),
            (9.99, "9.99"),
            (9.996, "10.0"),
            (12.34, "12.3"),
            (99.95, "100"),
            (99.94, "99.9"),
            (123.4, "123"),
            (123456.7, "123457"),
        ],
    )
    def test_where_the_decimal_point_stands(self, value: float, text: str) -> None:
        assert figures.significant(value) == text

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (16.5, "16.5"),
            (9.5, "9.50"),
            (1.947, "1.95"),
            (99.94, "99.9"),
            (99.96, "100"),
            (123.4, "123"),
            (127_883, "127 883"),
        ],
    )
    def test_rates_keep_three_of_them(self, value: float, text: str) -> None:
        assert figures.rate_digits(value) == text

    @pytest.mark.parametrize(
        ("us", "text"),
        [
            (None, figures.NOTHING),
            (0, "0 µs"),
            (7, "7.00 µs"),
            (375, "375 µs"),
            (999, "999 µs"),
            (1000, "1.00 ms"),
            (12_000, "12.0 ms"),
            (999_400, "999 ms"),
            (999_600, "1.00 s"),
            (1_500_000, "1.50 s"),
            (61_000_000, "61.0 s"),
        ],
    )
    def test_latencies_have_a_unit(self, us: float | None, text: str) -> None:
        assert figures.duration(us) == text


class TestBounds:
    def test_a_rate_is_whole(self, row: Row) -> None:
        assert figures.rate(row) == "99 875"

    def test_a_lower_bound_has_its_sign(self, row: Row) -> None:
        assert figures.rate(replace(row, verdict=Verdict.GENERATOR_BOUND)) == "≥ 99 875"

    def test_so_has_a_multiple(self, row: Row) -> None:
        assert figures.times_baseline(replace(row, times_baseline=Multiple(1.234, None))) == "1.23"
        assert figures.times_baseline(replace(row, times_baseline=Multiple(1.234, "≥"))) == "≥ 1.23"
        assert figures.times_baseline(replace(row, times_baseline=Multiple(0.5, "≤"))) == "≤ 0.500"

    def test_uncertainty_is_in_per_cent(self, row: Row) -> None:
        assert figures.uncertainty(replace(row, requests_per_second=Estimate(1000, 970, 1031.2))) == "±3.1 %"

    @pytest.mark.parametrize(
        ("reach", "text"), [(1.0, "±100.0 %"), (1.001, "2.00"), (6.087, "7.09"), (1029.37, "1 030")]
    )
    def test_beyond_that_it_is_a_factor(self, reach: float, text: str) -> None:
        assert figures.plus_minus(reach) == ("" if text.startswith("±") else "×÷") + text  # noqa: RUF001


class TestNothing:
    def test_what_was_not_measured_is_a_dash_and_never_a_zero(self) -> None:
        (row,) = rows.rows(builders.run(adapters=(builders.adapter_record(unavailable="gone"),)), [])
        shown = [
            figures.rate(row),
            figures.uncertainty(row),
            figures.times_baseline(row),
            figures.cpu_cost(row),
            figures.rank(row),
            *figures.latencies(row),
        ]
        assert set(shown) == {figures.NOTHING}

    def test_one_trial_has_a_rate_and_no_uncertainty(self, row: Row) -> None:
        assert (figures.rate(row), figures.uncertainty(row)) == ("99 875", figures.NOTHING)

    def test_percentiles_that_proved_nothing_are_dashes(self, row: Row) -> None:
        unproved = BatchLatency(None, None, None, None, None, None, None, 5, exact=False, problem="negative")
        assert set(figures.latencies(replace(row, batch_latency_us=unproved))) == {figures.NOTHING}

    def test_a_zero_that_was_measured_is_one(self, row: Row) -> None:
        assert row.batch_latency_us is not None
        fast = replace(row.batch_latency_us, p50=0)
        assert figures.latencies(replace(row, batch_latency_us=fast))[0] == "0 µs"


class TestNotes:
    def test_a_clean_row_has_none(self, row: Row) -> None:
        assert figures.note(row) == ""

    def test_everything_a_reader_must_know_is_in_it(self, row: Row) -> None:
        unproved = BatchLatency(None, None, None, None, None, None, None, 5, exact=False, problem="negative counts")
        told = figures.note(
            replace(
                row,
                verdict=Verdict.CRASHED,
                reason="killed by SIGABRT",
                requests=12_345,
                trials=3,
                disturbed_trials=1,
                batch_latency_us=unproved,
                error_log="free(): invalid pointer",
                error_count=4,
            )
        )
        assert told == (
            "killed by SIGABRT; 12 345 requests got through; latency not measured: negative counts; "
            "1 of 3 trials were disturbed; log: free(): invalid pointer (and 3 more)"
        )

    def test_a_witness_that_disagrees_is_heard(self, row: Row) -> None:
        witness = Witness(50_000.0, 5000.0, 0.5, 2.0, agrees=False, reason="h2load differs from wrk")
        assert figures.note(replace(row, witness=witness)) == "h2load differs from wrk"
        assert figures.note(replace(row, witness=replace(witness, agrees=None))) == ""

    def test_one_error_has_no_more(self, row: Row) -> None:
        assert figures.note(replace(row, error_log="ValueError", error_count=1)) == "log: ValueError"

    def test_an_adapter_that_never_ran_got_no_request_through_and_does_not_say_so(self) -> None:
        (row,) = rows.rows(builders.run(adapters=(builders.adapter_record(unavailable="gone"),)), [])
        assert figures.note(row) == "gone"
