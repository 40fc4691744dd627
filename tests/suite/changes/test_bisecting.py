"""Halving a history by what each commit costs."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from runner.errors import PlanError
from runner.record.count import Count, DepthCount
from runner.suite.changes import bisecting
from runner.suite.changes.bisecting import Found

HISTORY = tuple(f"{number:040x}" for number in range(33))


def searched(first_bad: int, *, broken: frozenset[int] = frozenset(), by: float = 1.01) -> tuple[Found, int]:
    counted: list[str] = []

    def count(commit: str, near: float) -> Count:
        assert 0.0005 <= near < 0.0026
        counted.append(commit)
        at = int(commit, 16)
        cost = 1000.0 * (by if at >= first_bad else 1.0)
        if at in broken:
            return Count("a", "a", None, None, reason="does not build")
        return Count("a", "a", "1", "3.13", (DepthCount(1, (cost, cost)),))

    return bisecting.search(HISTORY, count, lambda _step: None), len(counted)


@pytest.mark.parametrize("first_bad", [1, 2, 16, 19, 31, 32])
def test_the_first_bad_commit_of_32_takes_two_ends_and_five_steps(first_bad: int) -> None:
    found, counted = searched(first_bad)
    assert found.suspects == (HISTORY[first_bad],)
    assert counted <= 2 + 5


def test_ends_that_are_near_are_counted_again_more_nearly() -> None:
    found, counted = searched(19, by=1.004)
    assert found.suspects == (HISTORY[19],)
    assert counted <= 4 + 5


def test_what_cannot_be_built_is_stepped_over() -> None:
    found, _ = searched(19, broken=frozenset({16, 24}))
    assert found.suspects == (HISTORY[19],)


def test_several_remain_where_those_between_cannot_be_told() -> None:
    found, _ = searched(19, broken=frozenset({18, 19, 20}))
    assert found.suspects == HISTORY[18:22]


@pytest.mark.parametrize("by", [1.0, 0.9])
def test_ends_that_do_not_differ_are_refused(by: float) -> None:
    with pytest.raises(PlanError, match="cannot tell"):
        searched(19, by=by)


def test_ends_that_cannot_be_counted_are_refused() -> None:
    outcomes: Mapping[str, Count] = {HISTORY[0]: Count("a", "a", None, None, reason="does not build")}
    with pytest.raises(PlanError, match="does not build"):
        bisecting.search(HISTORY[:2], lambda one, _near: outcomes.get(one, outcomes[HISTORY[0]]), lambda _step: None)
