"""Trials on real loads: what a server does wrong is the verdict, and what it does right is measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from runner.conformance.running import check
from runner.errors import RecordError
from runner.hosts.loading import Settings
from runner.judging import latency, settling, verdict
from runner.judging.latency import Proofs
from runner.load import wrk
from runner.machine import facts
from runner.record.adapter import Environment
from runner.record.plan import Generator, Headers, Purpose
from runner.record.trial import Failure, Trial, Verdict
from runner.serving import server
from runner.suite import trial
from tests import builders
from tests.programs import mentioning
from tests.serving.test_server_live import toy
from tests.toys import OK

pytestmark = pytest.mark.live

ATTEMPTS = 4
"""So many trials are made to find one that nothing else on the machine disturbed."""


def measure(folder: Path, made: str | Environment, depth: int = 5, connections: int = 10, **settings: Any) -> Trial:
    """One trial of a second, into a folder that is there or made."""
    folder.mkdir(exist_ok=True)
    environment = toy(made) if isinstance(made, str) else made
    given = Settings(placement=facts.place(1, 1), threads=1, duration_s=1, warm_up_s=0, folder=folder)
    cell = builders.cell(adapter=environment.adapter.name, python=None, depth=depth, connections=connections)
    return trial.measure(environment, cell, replace(given, **settings), number=1, round_=1)


def calm_trials(trials: Iterable[Trial]) -> Iterator[Trial]:
    """The trials that nothing else disturbed, as far as is known; skips the test where there is none among them.

    What other work can turn is asserted of one of several, never of a single one.
    """
    calm = 0
    for done in trials:
        if verdict.disturbance(done) is None:
            calm += 1
            yield done
    if not calm:
        pytest.skip("something else was at work in each of the trials")


def verdict_of(folder: Path, mode: str, depth: int = 5) -> tuple[Trial, Failure]:
    done = measure(folder, mode, depth)
    assert done.exit is None or not mentioning(str(folder))
    return done, verdict.of_trial(done)


class TestRight:
    def test_a_good_server_has_figures_and_a_verdict_with_a_rate(self, tmp_path: Path) -> None:
        done = measure(tmp_path, "Good")
        found = verdict.of_trial(done)
        assert found.verdict.has_rate, found
        assert (done.number, done.round, done.purpose, done.failure) == (1, 1, Purpose.MEASURE, None)
        assert done.check == builders.check(
            sent=5, received=5, response_bytes=len(OK), fields=("content-type", "content-length")
        )
        assert done.exit == builders.stopped()
        assert (done.log, done.errors) == (None, ())
        assert done.load is not None
        assert (done.load.generator, done.load.array_source, done.load.errors.total) == ("wrk", "ffi", 0)
        assert done.load.requests > 100
        assert 0.9 <= done.load.duration_us / 1e6 <= 2
        assert done.server is not None
        assert done.server.cpu_ns is not None
        assert 0 < done.server.cpu_ns <= 1.3e3 * done.load.duration_us
        assert (done.server.processes, done.server.processes_lost) == (1, 0)
        assert done.phases.load > 0
        assert done.phases.start > 0
        assert done.surroundings is not None
        assert done.surroundings.other_cpu_ns is not None

    def test_what_a_response_holds_is_kept(self, tmp_path: Path) -> None:
        done = measure(tmp_path, "Good")
        assert done.check is not None
        assert done.check.fields == ("content-type", "content-length")

    def test_a_server_that_compiles_is_loaded_until_its_rate_settles(self, tmp_path: Path) -> None:
        compiling = replace(toy("Good"), adapter=builders.adapter(compiles=True))
        done = measure(tmp_path, compiling, settle_s=3)
        assert done.warm_up is not None
        assert done.warm_up.step_s == 1
        assert 2 <= len(done.warm_up.rates) <= 3
        assert done.warm_up.settled is settling.settled(done.warm_up.rates)
        assert done.warm_up.settled or len(done.warm_up.rates) == 3
        assert done.phases.warm_up > 0
        assert verdict.of_trial(done).verdict.has_rate

    @pytest.mark.parametrize(
        ("compiles", "settings"), [(False, {}), (True, {"purpose": Purpose.VERIFY}), (True, {"settle_s": 0})]
    )
    def test_no_other_is(self, tmp_path: Path, compiles: bool, settings: dict[str, Any]) -> None:
        made = replace(toy("Good"), adapter=builders.adapter(compiles=compiles))
        done = measure(tmp_path, made, **({"settle_s": 2} | settings))
        assert (done.warm_up, done.phases.warm_up) == (None, 0)

    @pytest.mark.parametrize(
        ("generator", "said"),
        [
            (Generator.WRK, "lua/browser.txt"),
            (Generator.H2LOAD, "--header=Accept-Encoding: gzip, deflate, br, zstd"),
        ],
    )
    def test_a_browsers_header_fields_are_in_the_recorded_command(
        self, tmp_path: Path, generator: Generator, said: str
    ) -> None:
        given = Settings(facts.place(1, 1), threads=1, duration_s=1, warm_up_s=0, folder=tmp_path, generator=generator)
        cell = builders.cell(python=None, connections=10, headers=Headers.BROWSER)
        done = trial.measure(toy("Good"), cell, given, number=1, round_=1)
        assert verdict.of_trial(done).verdict.has_rate
        assert done.load is not None
        assert said in done.load.argv

    def test_the_record_is_read_and_removed_and_an_empty_log_is_not_mentioned(self, tmp_path: Path) -> None:
        done = measure(tmp_path, "Good")
        folder = tmp_path / "logs" / done.cell.id
        assert {file.name for file in folder.iterdir()} == {"001-server.log", "001-wrk.log"}

    @pytest.mark.parametrize("depth", [1, 5, 16])
    def test_its_latency_is_proved(self, tmp_path: Path, depth: int) -> None:
        """No negative count and no sample too many in any trial; Little's law in one that nothing disturbed."""
        for attempt in range(ATTEMPTS):
            done = measure(tmp_path / str(attempt), "Works", depth)
            proofs = verdict.proofs(done)
            assert done.load is not None
            assert proofs is not None
            assert proofs.negative == 0
            assert isinstance(proofs, Proofs)
            assert 0 <= proofs.missing <= proofs.allowed
            assert proofs.samples == latency.samples(done.load.histogram) > 0
            if verdict.disturbance(done) is None:
                assert proofs.problem is None
                return
        pytest.skip("something else was at work in each of the trials")

    def test_a_warm_up_comes_before_and_is_not_in_the_figures(self, tmp_path: Path) -> None:
        done = measure(tmp_path, "Good", warm_up_s=1)
        assert done.phases.warm_up > 0.5
        assert done.load is not None
        assert done.load.duration_us < 2e6

    def test_its_port_may_be_fixed(self, tmp_path: Path) -> None:
        port = server.free_port()
        done = measure(tmp_path, "Good", port=port)
        assert done.load is not None
        assert f"http://127.0.0.1:{port}" in done.load.argv

    def test_its_workers_count_together(self, tmp_path: Path) -> None:
        environment = toy("workers")
        settings = Settings(facts.place(2, 1), threads=1, duration_s=1, warm_up_s=0, folder=tmp_path)
        cell = builders.cell(python=None, workers=2, connections=10)
        done = trial.measure(environment, cell, settings, number=1, round_=1)
        assert done.server is not None
        assert done.server.processes == 3
        assert done.placement == settings.placement
        assert verdict.of_trial(done).verdict.has_rate

    def test_one_worker_has_the_cpu_that_it_would_have_had_alone(self, tmp_path: Path) -> None:
        alone = facts.place(1, 1)
        larger = replace(alone, server=(*alone.server, *alone.generator))
        assert measure(tmp_path, "Good", placement=larger).placement == alone

    def test_one_that_sleeps_was_not_the_limit_and_nor_was_the_generator(self, tmp_path: Path) -> None:
        _, found = verdict_of(tmp_path, "Sleeps")
        assert found.verdict is Verdict.NEITHER
        assert found.reason.startswith("neither was busy")

    def test_many_threads_on_one_cpu_are_one_generator(self, tmp_path: Path) -> None:
        """The seed's ten threads, on a machine that has one CPU for them: the generator is the limit, not nobody.

        Its share is of the one CPU in every trial; that it used all of it, only where nothing else took some.
        """
        one_each = facts.place(1, 1)
        trials = (
            measure(tmp_path / str(attempt), "Good", 16, connections=50, threads=10, placement=one_each)
            for attempt in range(ATTEMPTS)
        )
        seen = []
        for done in calm_trials(trials):
            assert done.load is not None
            assert done.load.cpu_ns is not None
            share = done.load.cpu_ns / (done.load.duration_us * 1000)
            assert verdict.generator_busy(done) == pytest.approx(share)
            seen.append(verdict.of_trial(done).verdict)
            if seen[-1] is Verdict.GENERATOR_BOUND:
                return
        pytest.fail(f"of trials that looked undisturbed none was bound by its generator: {seen}")

    def test_one_that_floods_its_log_is_measured_all_the_same(self, tmp_path: Path) -> None:
        done, found = verdict_of(tmp_path, "Floods")
        assert found.verdict.has_rate, found
        assert done.log is not None
        assert (tmp_path / done.log).stat().st_size < 1.25e6


class TestWitness:
    def test_h2load_sees_the_same_server(self, tmp_path: Path) -> None:
        done = measure(tmp_path, "Good", purpose=Purpose.WITNESS, generator=Generator.H2LOAD)
        assert done.purpose is Purpose.WITNESS
        assert done.load is not None
        assert done.load.generator == "h2load"
        assert done.load.requests > 100
        assert latency.samples(done.load.histogram) == pytest.approx(done.load.requests, rel=0.2)
        assert done.load.cpu_ns is not None
        assert done.load.cpu_ns > 0
        assert done.load.errors.status == 0
        assert verdict.proofs(done) is None

    def test_a_verifying_load_reads_every_response(self, tmp_path: Path) -> None:
        done = measure(tmp_path, "Good", purpose=Purpose.VERIFY)
        assert done.load is not None
        assert done.load.verified is not None
        assert (done.load.verified.wrong, done.load.verified.first) == (0, None)
        assert done.load.verified.responses >= done.load.requests


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "quick_check", partial(check.quick_check, deadline_s=0.5))


class TestWrong:
    def test_one_that_crashes_in_mid_load(self, tmp_path: Path) -> None:
        done, found = verdict_of(tmp_path, "Crashes")
        assert found == Failure(Verdict.CRASHED, "killed by SIGABRT")
        assert [error.text for error in done.errors] == ["ValueError: request 201", "free(): invalid pointer"]
        assert done.exit is not None
        assert done.exit.before_stop
        assert done.log is not None
        assert "free(): invalid pointer" in (tmp_path / done.log).read_text()

    def test_one_that_leaves_in_mid_load(self, tmp_path: Path) -> None:
        _, found = verdict_of(tmp_path, "Leaves")
        assert found == Failure(Verdict.CRASHED, "exited with code 0")

    def test_one_that_stops_answering(self, tmp_path: Path) -> None:
        done, found = verdict_of(tmp_path, "Stalls")
        assert found.verdict is Verdict.STALLED, found
        assert done.load is not None
        assert f"{done.load.requests} responses on 10 connections, then none" in found.reason
        assert done.load.requests == 10 * 5

    def test_one_that_stops_answering_on_some_connections(self, tmp_path: Path) -> None:
        """About half of the connections' time is missing; where something else took it, that is no stall."""
        seen = []
        for done in calm_trials(measure(tmp_path / str(attempt), "HalfStalls") for attempt in range(ATTEMPTS)):
            found, proofs = verdict.of_trial(done), verdict.proofs(done)
            seen.append(found)
            little = getattr(proofs, "little_ratio", None)
            if found.verdict is Verdict.STALLED and little is not None and little < 0.75:
                return
        pytest.fail(f"of trials that looked undisturbed none shows the stall: {seen}")

    def test_one_that_never_answers(self, tmp_path: Path, impatient: None) -> None:
        done, found = verdict_of(tmp_path, "StallsAtOnce")
        assert found.verdict is Verdict.STALLED
        assert found.reason.startswith("no response in")
        assert done.check is not None
        assert (done.check.sent, done.check.received) == (1, 0)

    def test_one_that_forgets_all_but_the_first_of_a_batch(self, tmp_path: Path, impatient: None) -> None:
        _, found = verdict_of(tmp_path, "FirstOnly")
        assert found.verdict is Verdict.STALLED
        assert found.reason.startswith("1 of 5 pipelined responses within")
        assert measure(tmp_path / "1", "FirstOnly", depth=1).failure is None

    def test_one_that_answers_with_an_error_under_load(self, tmp_path: Path) -> None:
        done, found = verdict_of(tmp_path, "Fails")
        assert done.load is not None
        assert found.verdict is Verdict.WRONG_RESPONSE
        assert found.reason == f"{done.load.errors.status} of {done.load.requests} responses had an error status"

    def test_one_that_answers_something_shorter_under_load(self, tmp_path: Path) -> None:
        _, found = verdict_of(tmp_path, "Shrinks")
        assert found == Failure(
            Verdict.WRONG_RESPONSE, f"{len(OK) - 11} bytes a response under load, {len(OK)} in the check"
        )

    def test_one_that_answers_something_else_from_the_beginning(self, tmp_path: Path) -> None:
        _, found = verdict_of(tmp_path, "WrongBody")
        assert found.verdict is Verdict.WRONG_RESPONSE
        assert found.reason.startswith("response 1: body b'HELLO world!'")

    @pytest.mark.parametrize("mode", ["Closes", "Resets"])
    def test_one_that_closes(self, tmp_path: Path, mode: str) -> None:
        _, found = verdict_of(tmp_path, mode)
        assert found.verdict is Verdict.CLOSES, found
        assert found.reason.endswith(" connections broken under load, each with up to 5 requests")

    def test_one_that_leaves_a_spinning_worker_is_survived(self, tmp_path: Path) -> None:
        done, _ = verdict_of(tmp_path, "SpinsOn")
        assert done.exit is not None
        assert (done.exit.killed, done.exit.before_stop) == (True, False)
        assert done.server is not None
        assert done.server.processes == 2
        assert not mentioning(str(tmp_path))

    @pytest.mark.parametrize(
        ("mode", "says"),
        [
            ("exits", "exited with code 3 before it listened: RuntimeError: no such setting: speed"),
            ("exits_silently", "exited with code 4 before it listened"),
        ],
    )
    def test_one_that_never_comes_to_listen(self, tmp_path: Path, mode: str, says: str) -> None:
        done, found = verdict_of(tmp_path, mode)
        assert found == Failure(Verdict.UNAVAILABLE, says)
        assert (done.check, done.load, done.server, done.exit, done.surroundings) == (None, None, None, None, None)


class TestGenerator:
    def test_one_that_cannot_write_its_record_is_no_fault_of_the_server(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A full disk: one line for the user, who has to make room, and not a verdict on the server."""
        real = wrk.argv

        def on_full_disk(*arguments: object, **named: object) -> tuple[str, ...]:
            made = real(*arguments, **named)  # type: ignore[arg-type]
            return tuple("/dev/full" if part == str(named["record"]) else part for part in made)

        monkeypatch.setattr(wrk, "argv", on_full_disk)
        with pytest.raises(RecordError, match="cannot write the record"):
            measure(tmp_path, "Good")
        assert not mentioning(str(tmp_path))
