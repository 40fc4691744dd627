"""Trials by volley of servers that are wrong in one way: the measured load catches it, and shows the bytes."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from runner import project
from runner.adapters import environments
from runner.conformance.running import check
from runner.hosts import loading
from runner.hosts.loading import Settings
from runner.judging import verdict
from runner.machine import facts
from runner.record.adapter import Service
from runner.record.plan import Generator, Purpose
from runner.record.trial import Failure, Trial, Verdict
from runner.rows import rows
from runner.suite import trial
from tests import builders
from tests.serving.test_server_live import toy

pytestmark = pytest.mark.live


@cache
def volley() -> Service:
    return environments.service(project.ROOT / "go" / "volley")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is never answered is not waited for as long as in a run."""
    monkeypatch.setattr(loading, "GRACE_S", 1.0)


def measure(folder: Path, mode: str, depth: int = 8, rate: float | None = None, **settings: Any) -> Trial:
    """One trial of a second by volley, on ten connections, into a folder that is there or made."""
    folder.mkdir(exist_ok=True)
    given = Settings(
        placement=facts.place(1, 1),
        threads=1,
        duration_s=1,
        warm_up_s=0,
        folder=folder,
        generator=Generator.VOLLEY,
        volley=volley(),
    )
    cell = builders.cell(python=None, depth=depth, connections=10, rate=rate)
    return trial.measure(toy(mode), cell, replace(given, **settings), number=1, round_=1, rate=rate)


def judged(folder: Path, mode: str, depth: int = 8, **settings: Any) -> Failure:
    return verdict.of_trial(measure(folder, mode, depth, **settings))


class TestWrongResponses:
    @pytest.mark.parametrize("tokens", [False, True])
    def test_a_server_that_answers_rightly_is_not_wrong(self, tmp_path: Path, tokens: bool) -> None:
        done = measure(tmp_path, "Tokens", tokens=tokens)
        assert done.load is not None
        assert done.load.volley is not None
        assert done.load.volley.faults.total == 0
        assert done.load.volley.checked >= done.load.requests > 0
        assert verdict.of_trial(done).verdict.has_rate

    def test_every_thousandth_response_twice(self, tmp_path: Path) -> None:
        """One more response than was asked for, though it is equal to the others in every byte."""
        found = judged(tmp_path, "Repeats")
        assert found.verdict is Verdict.WRONG_RESPONSE
        assert re.search(r"responses were wrong under load: surplus: .*HTTP/1\.1 200 OK", found.reason), found

    def test_every_500th_response_short_by_a_byte(self, tmp_path: Path) -> None:
        found = judged(tmp_path, "CutsShort")
        assert found.verdict is Verdict.WRONG_RESPONSE
        assert "HTTP/1.1 200 OK" in found.reason
        assert "Hello worldH" in found.reason or "Hello world)" in found.reason, found

    def test_an_error_status(self, tmp_path: Path) -> None:
        found = judged(tmp_path, "Fails")
        assert found.verdict is Verdict.WRONG_RESPONSE
        assert "HTTP/1.1 500 Internal Server Error" in found.reason

    @pytest.mark.parametrize(("mode", "kind"), [("SwapsDeep", "order"), ("RepeatsInPlace", "repeat|order")])
    def test_what_equal_bodies_cannot_show_tokens_do_and_it_counts_for_the_measured_rows(
        self, tmp_path: Path, mode: str, kind: str
    ) -> None:
        """Responses to ``/`` are equal in every byte: whose they are shows in the load with tokens."""
        measured = measure(tmp_path / "1", mode)
        verifying = measure(tmp_path / "2", mode, tokens=True, purpose=Purpose.VERIFY)
        assert measured.load is not None
        assert measured.load.volley is not None
        assert measured.load.volley.faults.total == 0
        run = builders.run(cells=(measured.cell,), adapters=(builders.adapter_record(python=None),))
        (row,) = rows.rows(run, [verifying, measured])
        assert row.verdict is Verdict.WRONG_RESPONSE
        assert re.search(rf"responses were wrong under load: ({kind}): .*HTTP/1\.1 200 OK", row.reason), row.reason
        assert row.requests_per_second is None
        assert row.got_through_per_second is not None

    def test_a_swap_at_depth_eight_is_none_at_depth_seven(self, tmp_path: Path) -> None:
        assert judged(tmp_path / "7", "SwapsDeep", 7, tokens=True).verdict.has_rate
        assert judged(tmp_path / "8", "SwapsDeep", 8, tokens=True).verdict is Verdict.WRONG_RESPONSE


class TestSilence:
    def test_one_that_stops_half_way(self, tmp_path: Path) -> None:
        found = judged(tmp_path, "StopsHalfWay")
        assert found.verdict is Verdict.STALLED
        assert re.match(
            r"10 of \d+ batches were never answered, 10 connections silent in its second half", found.reason
        )

    def test_one_that_never_answers_under_load(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(check, "DEADLINE_S", 0.2)
        assert judged(tmp_path, "StallsAtOnce").verdict is Verdict.STALLED

    def test_one_that_closes_in_the_middle_of_batches(self, tmp_path: Path) -> None:
        done = measure(tmp_path, "ClosesEvery")
        assert done.load is not None
        assert done.load.volley is not None
        assert done.load.volley.losses.with_requests > 0
        assert done.load.volley.faults.total == 0
        found = verdict.of_trial(done)
        assert found.verdict is Verdict.CLOSES
        assert found.reason.endswith("connections broken under load, each with up to 8 requests")


class TestPaced:
    def test_a_load_above_what_a_server_can_do_is_not_measured(self, tmp_path: Path) -> None:
        """It answers a batch in 20 ms, one after the other on ten connections: 500 requests/s at depth 1."""
        found = verdict.of_trial(measure(tmp_path, "Sleeps", 1, rate=5000.0))
        assert found.verdict in {Verdict.SATURATED, Verdict.GENERATOR_BOUND}
        if found.verdict is Verdict.SATURATED:
            assert "the queue grows" in found.reason
