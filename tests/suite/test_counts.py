"""Counts of a run: what an interrupted one has already is not counted again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from runner.counting.counting import Counted
from runner.record.adapter import Environment
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
    counting, kept = Counting(), list[Run]()
    monkeypatch.setattr(counts, "count_all", counting)
    head, _ = builders.releases(("3.13.9", "3.13.10", "3.14.5"))
    begun = replace(head, counts=head.counts[:1])
    done = counts.complete(begun, servers(head), kept.append, Quiet())
    assert sorted(counting.seen, key=str) == [None, "aiohttp==3.13.10"]
    assert [len(one.counts) for one in kept] == [2, 3]
    assert {one.server for one in done.counts} == {one.server for one in head.counts}


def test_without_being_asked_for_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting()
    monkeypatch.setattr(counts, "count_all", counting)
    head, _ = builders.releases()
    plain = replace(head, counts=(), plan=replace(head.plan, count=False))
    assert counts.complete(plain, servers(head), list[Run]().append, Quiet()) == plain
    assert counting.seen == []
