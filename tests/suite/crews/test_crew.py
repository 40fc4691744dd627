"""Pairs that are lost, found and slow: by members that answer without a machine."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runner.errors import ToolError
from runner.hosts.host import HostLostError
from runner.hosts.loading import Settings
from runner.record.trial import Placement, Trial, Verdict
from runner.suite.crews import crew
from runner.suite.crews.crew import Job, OnPairs
from tests import builders

SETTINGS = Settings(Placement((0,), (1,), shared=False), 1, 1, 0, Path("nowhere"))


@dataclass
class Fake:
    """A pair whose trials end at once, but for those under which it is lost."""

    name: str
    deadly: set[str] = field(default_factory=set)
    lives: int = 10**9
    placement: Placement = field(default_factory=lambda: Placement((0,), (1,), shared=False))

    def measure(self, job: Job) -> Trial:
        self.lives -= 1
        if job.cell.adapter in self.deadly or self.lives < 0:
            raise HostLostError(f"{self.name} is gone: its node died")
        return builders.trial(cell=job.cell, pair=self.name)


class Listed:
    """Deals cells; what a lost pair had is dealt again."""

    def __init__(self, cells: list[str]) -> None:
        self.waiting = deque(cells)
        self.under_way: dict[str | None, str] = {}
        self.found: list[Trial] = []
        self.events: list[str] = []

    def deal(self, block: str | None) -> Job | None:
        if not self.waiting:
            return None
        name = self.under_way[block] = self.waiting.popleft()
        return Job(builders.cell(adapter=name), SETTINGS, 1, 1)

    def done(self, found: Trial) -> None:
        self.under_way.pop(found.pair, None)
        self.found.append(found)

    def joined(self, block: str) -> None:
        self.events.append(f"{block} joined")

    def left(self, block: str) -> None:
        self.events.append(f"{block} left")
        if (again := self.under_way.pop(block, None)) is not None:
            self.waiting.appendleft(again)


class Reserve:
    """Pairs that can join."""

    def __init__(self, *members: Fake) -> None:
        self.members = deque(members)
        self.losses: list[tuple[str, str]] = []

    def joining(self) -> Any:
        return self.members.popleft() if self.members else None

    def lost(self, member: Any, job: Job | None, reason: str) -> None:
        self.losses.append((member.name, job.cell.adapter if job else ""))


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "LOOKS_S", 0.01)
    monkeypatch.setattr(crew, "JOIN_PATIENCE_S", 0.3)


def work(members: list[Fake], cells: list[str], reserve: Reserve) -> Listed:
    dealer = Listed(cells)
    OnPairs(members, reserve).work(dealer)  # type: ignore[arg-type]
    return dealer


def test_all_is_measured_once_whoever_does_it() -> None:
    names = [f"server-{n}" for n in range(40)]
    dealer = work([Fake("a"), Fake("b"), Fake("c")], names, Reserve())
    assert Counter(one.cell.adapter for one in dealer.found) == Counter(names)


def test_what_a_lost_pair_had_is_measured_by_another() -> None:
    names = [f"server-{n}" for n in range(10)]
    reserve = Reserve()
    dealer = work([Fake("a", lives=2), Fake("b")], names, reserve)
    assert Counter(one.cell.adapter for one in dealer.found) == Counter(names)
    assert dealer.events == ["a left"]
    assert [who for who, _ in reserve.losses] == ["a"]
    assert all(not one.failure for one in dealer.found)


def test_a_run_without_a_pair_goes_on_with_one_that_joins() -> None:
    dealer = work([Fake("a", lives=1)], ["x", "y", "z"], Reserve(Fake("b")))
    assert sorted(one.cell.adapter for one in dealer.found) == ["x", "y", "z"]
    assert dealer.events == ["a left", "b joined"]


def test_a_run_that_no_pair_joins_ends_in_one_line() -> None:
    with pytest.raises(ToolError, match="no pair of nodes is left"):
        work([Fake("a", lives=1)], ["x", "y"], Reserve())


def test_a_cell_that_costs_pair_after_pair_has_failed() -> None:
    members = [Fake(name, deadly={"eats memory"}) for name in ("a", "b", "c")]
    dealer = work(members, ["x", "eats memory", "y"], Reserve())
    by_name = {one.cell.adapter: one for one in dealer.found}
    failure = by_name["eats memory"].failure
    assert set(by_name) == {"x", "y", "eats memory"}
    assert failure is not None
    assert failure.verdict is Verdict.UNAVAILABLE
    assert "lost 2 times while it was measured" in failure.reason


def test_a_bug_keeps_its_traceback() -> None:
    class Broken(Fake):
        def measure(self, job: Job) -> Trial:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work([Broken("a")], ["x"], Reserve())
