"""A duel of toys: one that does more for a request is found, and one that answers wrongly ends it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from runner.errors import AdapterError
from runner.record.adapter import Environment
from runner.rows.comparing import duels
from runner.rows.comparing.duels import Side
from runner.suite.changes import duelling
from runner.suite.changes.duelling import Asked
from runner.suite.progress import Quiet
from tests import builders, toys

pytestmark = pytest.mark.live
ASKED = Asked(depth=1, connections=10, precision=1.0, budget_s=60.0)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duelling, "FOURS", 2)
    monkeypatch.setattr(duelling, "WARM_UP_S", 0.1)


def toy(mode: str) -> Environment:
    path = Path(toys.__file__)
    adapter = replace(builders.environment().adapter, name=mode, path=path)
    return builders.environment(adapter=adapter, argv=(sys.executable, str(path), mode))


def test_one_that_does_more_for_a_request_takes_more_cpu_time() -> None:
    found = duelling.fight(toy("Good"), toy("Works"), Quiet(), ASKED)
    assert len(found.bouts) >= duels.MIN_BOUTS
    assert {len(bout.slices) for bout in found.bouts} == {8}
    assert [one.side for one in found.bouts[1].slices] == list(duels.order(1, 2))
    assert (found.base, found.new) == ("Good", "Works")
    assert found.idle_share < duels.IDLE
    costs = [found.level(side, lambda one: one.cpu_us) for side in Side]
    assert costs[1] > 1.2 * costs[0], "the sum of 500 numbers for each request"


def test_wrong_answers_end_it_with_what_was_wrong() -> None:
    with pytest.raises(AdapterError, match="WrongBody: "):
        duelling.fight(toy("Good"), toy("WrongBody"), Quiet(), ASKED)


def test_a_server_that_does_not_start_is_named() -> None:
    with pytest.raises(AdapterError, match="nothing-of-that-name"):
        duelling.fight(toy("nothing-of-that-name"), toy("Good"), Quiet(), ASKED)
