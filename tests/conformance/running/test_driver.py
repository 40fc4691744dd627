"""How many spellings of a case are put to a server that waits at some of them, and for how long each."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from runner.conformance.case import Conversation, Ending, Exchange
from runner.conformance.record import BY_NAME
from runner.conformance.running import driver
from tests.conformance.test_cases import talk

CASE = replace(BY_NAME["chunk-size-no-number"], at_once=1, deadline_s=3.0)
OF = len(CASE.exchanges)


def asked(monkeypatch: pytest.MonkeyPatch, waits_at: Collection[int]) -> list[float]:
    """The deadlines, in seconds, of the exchanges that were tried on a server that answers all but those."""
    deadlines: list[float] = []

    async def converse(_address: object, exchange: Exchange, deadline_s: float, _batch: object) -> Conversation:
        deadlines.append(deadline_s)
        waits = CASE.exchanges.index(exchange) in waits_at
        return talk(ending=Ending.DEADLINE if waits else Ending.CLOSED)

    monkeypatch.setattr(driver, "converse", converse)
    asyncio.run(driver.observe(cast("Any", SimpleNamespace(address=None)), CASE, 1.0))
    return deadlines


def test_a_server_that_answers_is_asked_all_with_their_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(monkeypatch, ()) == [3.0] * OF


def test_what_comes_behind_three_silences_is_asked_with_less_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(monkeypatch, range(10)) == [3.0] * 3 + [1.0] * (OF - 3)


def test_a_server_that_answers_nothing_is_not_asked_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(monkeypatch, range(OF)) == [3.0] * 3 + [1.0] * driver.ENOUGH_HURRIED
