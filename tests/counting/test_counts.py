"""What is derived from the goes of a count, and from two of them."""

from __future__ import annotations

import math

import pytest

from runner.counting import comparing, counting
from runner.record.adapter import Build, Jit
from runner.record.count import Count, DepthCount
from runner.report import counts
from runner.rows import figures
from tests import builders


def counted(
    *goes: float, batch: tuple[float, ...] = (), variant: str | None = None, reason: str | None = None
) -> Count:
    depths = (DepthCount(1, goes), *((DepthCount(16, batch),) if batch else ()))
    return Count("aiohttp", "aiohttp", "3.14.5", "3.13.0", () if reason else depths, variant=variant, reason=reason)


class TestGoes:
    def test_the_least_decides_and_the_next_says_how_far_it_is_off(self) -> None:
        found = DepthCount(1, (1000.2, 1000.0), base_apart=0.1)
        assert found.instructions == 1000.0
        assert found.apart == pytest.approx(0.0003)
        assert found.agrees

    def test_where_the_first_two_do_not_agree_three_must(self) -> None:
        assert not DepthCount(1, (1030.0, 1000.0, 1000.2)).agrees
        found = DepthCount(1, (1030.0, 1000.0, 1000.2, 1000.3))
        assert found.agrees
        assert found.apart == pytest.approx(0.0003)

    def test_two_that_were_disturbed_alike_do_not_outvote_the_least(self) -> None:
        found = DepthCount(1, (173_213.0, 173_490.0, 173_453.0))
        assert found.instructions == 173_213.0
        assert not found.agrees

    def test_one_go_agrees_with_none(self) -> None:
        found = DepthCount(1, (1000.0,))
        assert (found.instructions, found.apart, found.agrees) == (1000.0, None, False)

    def test_nothing_more_agrees_with_nothing(self) -> None:
        found = DepthCount(16, (0.0, 0.0), base_apart=0.0)
        assert found.apart == math.inf
        assert not found.agrees

    def test_two_depths_tell_a_batch_from_a_request(self) -> None:
        batch, request = counted(1100.0, batch=(150.0,)).shares or (0, 0)
        assert request == pytest.approx((16 * 150 - 1100) / 15)
        assert batch + request == pytest.approx(1100)
        assert counted(1100.0).shares is None

    def test_what_the_goes_leave_open_may_leave_no_line(self) -> None:
        """As of pyramid on waitress, whose threads wake as they like: a batch for less than nothing."""
        wide = counted(1000.0, 1200.0, batch=(1500.0, 1800.0))
        assert wide.shares is None
        assert counted(1000.0, 1000.1, batch=(150.0, 150.1)).shares is not None


class TestDifferences:
    def test_more_than_a_share_is_more_by_all_that_the_goes_leave_open(self) -> None:
        base, new = counted(1000.0, 1000.0), counted(1006.0, 1008.0)
        (found,) = comparing.differences(base, new)
        assert found.ratio == pytest.approx(1.006)
        assert found.more_than(0.0039)
        assert not found.more_than(0.0041)

    def test_what_can_no_longer_be_counted_exceeds_everything(self) -> None:
        assert comparing.exceeds(counted(1000.0, 1000.0), counted(reason="it did not end"), 10.0)
        assert not comparing.exceeds(counted(1000.0, 1000.0), counted(900.0, 900.0), 0.0)


class TestTable:
    def test_the_first_is_the_base_of_the_others(self) -> None:
        both = [counted(1000.0, 1000.0), counted(1005.0, 1005.0, variant="aiohttp==3.9.5")]
        assert counts.headings(both) == ("server", "variant", "version", "Python", "depth 1", "±", "over base")
        assert [line[-1] for line in counts.lines(both)] == [figures.NOTHING, "+0.50 %"]
        assert "aiohttp==3.9.5" in counts.markdown(both)

    def test_goes_that_do_not_agree_and_what_is_not_counted_are_said(self) -> None:
        wobbling, gone = counted(1000.0, 1010.0), counted(reason="valgrind does not run V8's code")
        assert counts.notes([wobbling, gone]) == [
            "aiohttp: 2 goes leave more open than 0.05 %: 1.00 % at depth 1",
            "aiohttp: not counted: valgrind does not run V8's code",
        ]


def test_what_compiles_while_it_serves_is_not_counted() -> None:
    pypy = Build(None, None, None, debug=False, free_threaded=False, gil=True, jit=Jit.ON, pypy="8.0.1")
    found = counting.count(builders.environment(build=pypy), tool="valgrind 3.19.0").count
    assert (found.depths, found.reason) == ((), "PyPy compiles while it serves: two loads are not of the same code")
