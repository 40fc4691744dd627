"""Known answers as arithmetic: what is computed, against a simulation of each request; and whether a figure agrees."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.report.tables import trust
from runner.rows import known
from runner.rows.known import Answer

ANSWER = Answer("wrk 99", "open | loads", "s", computed=1.0, measured=1.01, tolerance=0.02, because="the wire")


def simulated(
    limit_s: float, *, pause_s: float, service_s: float, rate: float, duration_s: float
) -> tuple[float, float]:
    """The share above a limit and the longest latency of evenly spaced arrivals, request by request."""
    begins, free_at = duration_s / 4, 0.0
    latencies = []
    for number in range(round(rate * duration_s)):
        arrives = number / rate
        start = max(arrives, free_at)
        if begins <= start < begins + pause_s:
            start = begins + pause_s
        free_at = start + service_s
        latencies.append(free_at - arrives)
    return sum(one > limit_s for one in latencies) / len(latencies), max(latencies)


@pytest.mark.parametrize("limit_s", [0.05, 0.25, 0.5, 0.9, 1.5])
@pytest.mark.parametrize("service_s", [0.0001, 0.001, 0.004])
def test_a_pause_is_seen_by_all_that_arrive_in_it(limit_s: float, service_s: float) -> None:
    load = {"pause_s": 1.0, "service_s": service_s, "rate": 100.0}
    share, longest = simulated(limit_s, duration_s=5.0, **load)
    assert known.share_above(limit_s, duration_s=5.0, **load) == pytest.approx(share, abs=2 / 500)
    low, high = known.longest_s(**load)
    assert low <= longest <= high + 1e-9


def test_what_cannot_be_known_is_refused() -> None:
    with pytest.raises(ValueError, match="above the service time"):
        known.share_above(0.001, pause_s=1, service_s=0.001, rate=100, duration_s=4)
    with pytest.raises(ValueError, match="not overloaded"):
        known.share_above(0.5, pause_s=1, service_s=0.01, rate=100, duration_s=4)
    with pytest.raises(ValueError, match="no mean of nothing"):
        known.mean_of_one_connection_s(1, 0)


def test_the_reports_of_others() -> None:
    assert [known.place_in_batch_s(place, 0.3) for place in (1, 3)] == pytest.approx([0.3, 0.9])
    assert known.window_latency_s(2, 0.5) == 1.0
    assert known.mean_of_one_connection_s(1, 4000) == 0.00025


@pytest.mark.parametrize(
    ("measured", "agrees"), [(1.02, True), (1.021, False), (0.98, True), (0.979, False), (None, False)]
)
def test_a_figure_agrees_within_its_tolerance(measured: float | None, agrees: bool) -> None:
    answer = replace(ANSWER, tolerance=0.0200001, measured=measured)
    assert answer.agrees is agrees


def test_they_are_told_in_a_table() -> None:
    lines = trust.answers([ANSWER, replace(ANSWER, measured=None)]).splitlines()
    assert lines[2].endswith("| 1 s | 1.01 s | 0.02 (the wire) | yes |")
    assert lines[3].endswith("| 1 s | - | 0.02 (the wire) | NO |") or lines[3].endswith("| NO |")
    assert lines[-1] == "1 of 2 agree."
    assert trust.as_data(ANSWER)["agrees"] is True
