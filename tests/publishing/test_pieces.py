"""Records made in pieces: put together, or refused where they do not belong together."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import RecordError
from runner.publishing import pieces
from runner.record.count import Count, DepthCount

ONE, TWO = Path("one"), Path("two")


def counted(name: str, *, python: str | None = None, depths: tuple[int, ...] = (1, 16)) -> Count:
    return Count(name, name, "1.0", python, tuple(DepthCount(depth, (1.0, 1.0)) for depth in depths))


def together(one: Count, two: Count) -> tuple[Count, ...]:
    return pieces.together({ONE: [one], TWO: [two]}, pieces.of_count)


def test_they_are_one_in_the_order_of_their_names() -> None:
    first, second = counted("a"), counted("b")
    assert together(second, first) == (first, second)


def test_what_stands_in_two_of_them_is_refused() -> None:
    with pytest.raises(RecordError, match=r"a is in one and in two: give one of them"):
        together(counted("a"), counted("a"))


def test_another_interpreter_is_another_server() -> None:
    assert len(together(counted("a", python="3.13"), counted("a", python="3.14"))) == 2


@pytest.mark.parametrize(("one", "lacks"), [((1,), "one"), ((1, 16, 64), "two")])
def test_what_was_not_asked_the_same_is_refused(one: tuple[int, ...], lacks: str) -> None:
    with pytest.raises(RecordError, match=rf"one and two do not belong together: {lacks} was not asked depth"):
        together(counted("a", depths=one), counted("b"))


def test_what_could_not_be_tried_was_asked_nothing_and_belongs_to_all() -> None:
    assert len(together(counted("a", depths=()), counted("b"))) == 2
