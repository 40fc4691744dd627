"""Counts of a run: what an interrupted one has already is not counted again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from runner import project
from runner.counting import counting
from runner.counting.counting import Counted
from runner.record.adapter import Environment, Group
from runner.record.count import Count
from runner.record.run import Run
from runner.suite import counts
from runner.suite.progress import Quiet
from tests import builders


class Counting:
    """Stands for valgrind: remembers who was counted."""

    def __init__(self) -> None:
        self.seen: list[str | None] = []

    def __call__(self, prepared: Sequence[Environment], *_: object) -> tuple[Counted, ...]:
        (made,) = prepared
        self.seen.append(made.variant.label if made.variant else None)
        name, python, variant = made.server
        return (Counted(Count(name, name, None, python, variant=variant)),)


def servers(head: Run) -> list[Environment]:
    return [replace(builders.environment(), python=one.python, variant=one.variant) for one in head.adapters]


def test_those_that_lack_are_counted_and_each_is_kept_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counter, kept = Counting(), list[Run]()
    monkeypatch.setattr(counts, "count_all", counter)
    head, _ = builders.releases(("3.13.9", "3.13.10", "3.14.5"))
    begun = replace(head, counts=head.counts[:1])
    done = counts.complete(begun, servers(head), kept.append, Quiet())
    assert sorted(counter.seen, key=str) == [None, "aiohttp==3.13.10"]
    assert [len(one.counts) for one in kept] == [2, 3]
    assert {one.server for one in done.counts} == {one.server for one in head.counts}


def test_without_being_asked_for_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    counter = Counting()
    monkeypatch.setattr(counts, "count_all", counter)
    head, _ = builders.releases()
    plain = replace(head, counts=(), plan=replace(head.plan, count=False))
    assert counts.complete(plain, servers(head), list[Run]().append, Quiet()) == plain
    assert counter.seen == []


def test_of_several_it_is_said_how_long_the_rest_will_take(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [replace(builders.environment(), python=f"3.{minor}.0") for minor in (12, 13, 14)]
    count, now, said = Count("x", "x", None, None), iter((0.0, 60.0, 120.0)), list[str]()
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    monkeypatch.setattr(counting, "require_valgrind", lambda: "valgrind")
    monkeypatch.setattr(counting, "count", lambda *_args, **_given: Counted(count))

    class Heard(Quiet):
        def say(self, text: str) -> None:
            said.append(text)

    counts.count_all(made, (1,), (), Heard())
    places = [text.partition("(")[2] for text in said]
    assert places == ["1 of 3)", "2 of 3, about 2 min 00 s left)", "3 of 3, about 1 min 00 s left)"]


def test_a_group_stands_for_its_adapters() -> None:
    core = counts.of_groups((), (Group.CORE,), project.ROOT)
    assert {"aiohttp", "ceiling", "fasthttp"} <= set(core)
    assert "uvicorn" not in core
    assert counts.of_groups(("aio*", "uvicorn"), (Group.CORE,), project.ROOT) == ("aiohttp",)
