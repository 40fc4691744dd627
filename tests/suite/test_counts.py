"""Counts of a run: what an interrupted one has already is not counted again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from runner import project
from runner.adapters import environments
from runner.counting import counting
from runner.counting.counting import Counted
from runner.errors import PlanError, RecordError
from runner.record.adapter import Adapter, Environment, Group
from runner.record.count import Count, DepthCount, read
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


def stood_in(monkeypatch: pytest.MonkeyPatch, depths: tuple[int, ...] = (1,)) -> list[str | None]:
    """Nothing is counted: each server has one instruction a request. Returned is who was asked for."""
    seen = list[str | None]()

    def count_one(made: Environment, **_: object) -> Counted:
        seen.append(made.python)
        found = tuple(DepthCount(depth, (1.0, 1.0)) for depth in depths)
        return Counted(Count(made.adapter.name, made.adapter.title, made.version, made.python, found))

    monkeypatch.setattr(counting, "require_valgrind", lambda: "valgrind")
    monkeypatch.setattr(counting, "count", count_one)
    return seen


def test_what_a_file_has_is_not_counted_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = [replace(builders.environment(), python=f"3.{minor}.0") for minor in (12, 13, 14)]
    kept, asked, seen = tmp_path / "counts.json", counts.Asked((1,)), stood_in(monkeypatch)
    first = counts.count_all(made[:2], asked, (), Quiet(), kept)
    assert [one.count for one in first] == list(read(kept))
    again = counts.count_all(made, asked, (), Quiet(), kept)
    assert seen == ["3.12.0", "3.13.0", "3.14.0"]
    assert [one.count.python for one in again] == seen
    assert len(read(kept)) == 3
    newer = replace(made[0], version="newer")
    counts.count_all([newer], asked, (), Quiet(), kept)
    assert len(seen) == 4, "another version is another server"
    counts.count_all([newer], counts.Asked((1, 16)), (), Quiet(), kept)
    assert len(seen) == 5, "at other depths it is not known"
    assert len(list(tmp_path.iterdir())) == 1, "nothing is left beside the file"


def test_a_file_that_holds_something_else_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stood_in(monkeypatch)
    kept = tmp_path / "notes.txt"
    kept.write_text("mine")
    with pytest.raises(RecordError, match="is not what pipebench count --format json prints"):
        counts.count_all([builders.environment()], counts.Asked(), (), Quiet(), kept)
    assert kept.read_text() == "mine"


def test_of_several_it_is_said_how_long_the_rest_will_take(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [replace(builders.environment(), python=f"3.{minor}.0") for minor in (12, 13, 14)]
    now, said = iter((0.0, 60.0, 120.0)), list[str]()
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    stood_in(monkeypatch)

    class Heard(Quiet):
        def say(self, text: str) -> None:
            said.append(text)

    counts.count_all(made, counts.Asked((1,)), (), Heard())
    places = [text.partition("(")[2] for text in said]
    assert places == ["1 of 3)", "2 of 3, about 2 min 00 s left)", "3 of 3, about 1 min 00 s left)"]


def test_an_adapter_is_named_by_its_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is called by its folder then, which the path that names it is not."""
    file = tmp_path / "mine" / "app.py"
    file.parent.mkdir()
    file.write_text((project.ROOT / "frameworks" / "aiohttp" / "app.py").read_text())

    def prepare(adapters: Sequence[Adapter], **_: object) -> tuple[Environment, ...]:
        return tuple(replace(builders.environment(), adapter=adapter) for adapter in adapters)

    monkeypatch.setattr(environments, "prepare", prepare)
    found = counts.named((str(file), "tornado"), project.ROOT, Quiet(), variants=())
    assert [made.adapter.name for made in found] == ["mine", "tornado"]


def test_an_interpreter_is_handed_on_and_what_is_none_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []

    def prepare(adapters: Sequence[Adapter], *, pythons: Sequence[str], **_: object) -> tuple[Environment, ...]:
        told.append(pythons)
        return tuple(replace(builders.environment(), adapter=adapter) for adapter in adapters)

    monkeypatch.setattr(environments, "prepare", prepare)
    for python in (None, "3.14t"):
        counts.named(("tornado",), project.ROOT, Quiet(), variants=(), python=python)
    assert told == [(), ("3.14t",)]
    with pytest.raises(PlanError, match="python is 'three': --python takes releases"):
        counts.named(("tornado",), project.ROOT, Quiet(), variants=(), python="three")


def test_a_group_stands_for_its_adapters() -> None:
    core = counts.of_groups((), (Group.CORE,), project.ROOT)
    assert {"aiohttp", "ceiling", "fasthttp"} <= set(core)
    assert "uvicorn" not in core
    assert counts.of_groups(("aio*", "uvicorn"), (Group.CORE,), project.ROOT) == ("aiohttp",)
