"""What a trial's figures are worth: every verdict, and every threshold from both sides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.judging import verdict
from runner.judging.latency import Proofs
from runner.record.trial import Failure, GeneratorErrors, Load, Placement, Trial, Verdict
from tests import builders
from tests.builders import BATCH_US, BATCHES, RESPONSE_BYTES, SECOND_NS, SECOND_US


def judge(trial: Trial) -> Verdict:
    return verdict.of_trial(trial).verdict


def loaded(**changes: object) -> Trial:
    return builders.trial(load=builders.load(**changes))


def placed(server: int = 1, generator: int = 1) -> Placement:
    """So many CPUs for each."""
    return Placement(tuple(range(server)), tuple(range(server, server + generator)), shared=False)


def errors(**counts: int) -> GeneratorErrors:
    return GeneratorErrors(**{"connect": 0, "read": 0, "write": 0, "timeout": 0, "status": 0} | counts)


def test_a_busy_server_that_answered_everything_is_measured() -> None:
    assert verdict.of_trial(builders.trial()) == Failure(Verdict.MEASURED, "")


class TestWhoWasTheLimit:
    def test_a_generator_without_cpu_time_to_spare_is_a_bound(self) -> None:
        assert judge(loaded(cpu_ns=SECOND_NS * 95 // 100 - 1)) is Verdict.MEASURED
        found = verdict.of_trial(loaded(cpu_ns=SECOND_NS * 95 // 100))
        assert found == Failure(Verdict.GENERATOR_BOUND, "wrk used 95% of its CPU")

    def test_each_of_its_threads_has_a_cpu_where_there_are_enough(self) -> None:
        used = builders.load(cpu_ns=SECOND_NS * 95 // 100, threads=2)
        all_of_one = builders.trial(load=used, placement=placed(generator=1))
        half_of_two = builders.trial(load=used, placement=placed(generator=2))
        both = builders.trial(load=replace(used, cpu_ns=SECOND_NS * 190 // 100), placement=placed(generator=3))
        assert judge(all_of_one) is Verdict.GENERATOR_BOUND
        assert judge(half_of_two) is Verdict.MEASURED
        assert judge(both) is Verdict.GENERATOR_BOUND

    def test_without_a_placement_each_thread_and_worker_has_one(self) -> None:
        trial = builders.trial(cell=builders.cell(workers=4), load=builders.load(threads=2), placement=None)
        assert verdict.generator_busy(trial) == pytest.approx(0.25)
        assert verdict.server_busy(trial) == pytest.approx(0.98 / 4)

    def test_it_is_a_bound_even_where_the_server_was_busy_too(self) -> None:
        both = builders.trial(load=builders.load(cpu_ns=SECOND_NS), server=builders.server_usage(cpu_ns=SECOND_NS))
        assert judge(both) is Verdict.GENERATOR_BOUND

    @pytest.mark.parametrize("server_ns", [SECOND_NS // 2, SECOND_NS])
    def test_a_generator_that_cannot_tell_leaves_open_who_was_the_limit(self, server_ns: int) -> None:
        """Not measured is not 0: neither is a busy server then the limit, nor is a share of 0 % printed."""
        trial = builders.trial(load=builders.load(cpu_ns=None), server=builders.server_usage(cpu_ns=server_ns))
        assert verdict.generator_busy(trial) is None
        found = verdict.of_trial(trial)
        assert found.verdict is Verdict.NEITHER
        assert found.reason == "the generator's CPU time was not measured: who was the limit is not known"

    def test_a_server_that_waited_was_not_the_limit(self) -> None:
        at = builders.trial(server=builders.server_usage(cpu_ns=SECOND_NS * 90 // 100))
        below = builders.trial(server=builders.server_usage(cpu_ns=SECOND_NS * 90 // 100 - 1))
        assert judge(at) is Verdict.MEASURED
        found = verdict.of_trial(below)
        assert found.verdict is Verdict.NEITHER
        assert found.reason == "neither was busy (server 90%, generator 50% of its CPU): something waits"

    @pytest.mark.parametrize(("batch_us", "nagle"), [(39_999, False), (40_000, True), (59_999, True), (60_000, False)])
    def test_a_wait_of_a_delayed_ack_is_named(self, batch_us: int, nagle: bool) -> None:
        batches = 50 * (SECOND_US - batch_us // 2) // batch_us
        slow = builders.load(
            requests=5 * batches, bytes_read=5 * batches * RESPONSE_BYTES, histogram=((batch_us, batches),)
        )
        idle = builders.server_usage(cpu_ns=SECOND_NS // 10)
        found = verdict.of_trial(builders.trial(load=slow, server=idle))
        assert found.verdict is Verdict.NEITHER
        assert ("Nagle's algorithm" in found.reason) is nagle

    def test_each_of_its_workers_has_a_cpu_where_there_are_enough(self) -> None:
        one = builders.trial(cell=builders.cell(workers=2), server=builders.server_usage(cpu_ns=SECOND_NS))
        two = replace(one, server=builders.server_usage(cpu_ns=2 * SECOND_NS))
        assert judge(replace(one, placement=placed(server=1))) is Verdict.MEASURED
        assert judge(replace(one, placement=placed(server=2))) is Verdict.NEITHER
        assert judge(replace(two, placement=placed(server=3))) is Verdict.MEASURED

    @pytest.mark.parametrize("usage", [None, builders.server_usage(cpu_ns=None, processes_lost=1)])
    def test_a_server_whose_cpu_time_is_not_known_is_not_called_the_limit(self, usage: object) -> None:
        trial = builders.trial(server=usage)
        assert verdict.server_busy(trial) is None
        assert verdict.of_trial(trial) == Failure(Verdict.NEITHER, "the server's CPU time was not measured")

    def test_what_took_the_cpu_is_named(self) -> None:
        usage = builders.server_usage(cpu_ns=SECOND_NS // 2)
        noisy = builders.surroundings(other_cpu_ns=SECOND_NS // 2)
        found = verdict.of_trial(builders.trial(server=usage, surroundings=noisy))
        assert found.verdict is Verdict.NEITHER
        assert found.reason.endswith(": other work took 50% of a CPU")


class TestDisturbances:
    def test_steal(self) -> None:
        assert verdict.disturbance(_in(steal_ns=SECOND_NS * 2 // 100)) is None
        assert verdict.disturbance(_in(steal_ns=SECOND_NS * 2 // 100 + 1)) == "the hypervisor took 2% of a CPU"

    def test_other_work(self) -> None:
        assert verdict.disturbance(_in(other_cpu_ns=SECOND_NS * 5 // 100)) is None
        assert verdict.disturbance(_in(other_cpu_ns=SECOND_NS * 5 // 100 + 1)) == "other work took 5% of a CPU"

    def test_they_are_shares_of_the_loads_duration(self) -> None:
        longer = builders.load(duration_us=5_000_000)
        calm = builders.surroundings(steal_ns=SECOND_NS * 9 // 100)
        assert verdict.disturbance(builders.trial(load=longer, surroundings=calm)) is None

    @pytest.mark.parametrize("what", ["steal_ns", "other_cpu_ns"])
    def test_it_takes_more_to_disturb_a_server_that_waits(self, what: str) -> None:
        waited = builders.waited()
        assert waited.load is not None
        half = waited.load.duration_us * 1000 // 2
        seen = builders.surroundings(**{what: half})
        assert verdict.disturbance(replace(waited, surroundings=seen)) is None
        more = builders.surroundings(**{what: half + 1})
        assert "50% of a CPU" in (verdict.disturbance(replace(waited, surroundings=more)) or "")
        assert waited.upstream is not None
        at_once = replace(waited, upstream=replace(waited.upstream, delay_us=0), surroundings=seen)
        assert "50% of a CPU" in (verdict.disturbance(at_once) or "")

    def test_what_is_not_known_disturbs_nothing(self) -> None:
        assert verdict.disturbance(_in(steal_ns=None, other_cpu_ns=None)) is None
        assert verdict.disturbance(builders.trial(surroundings=None)) is None
        assert verdict.disturbance(builders.trial(load=None)) is None

    def test_a_disturbed_trial_of_a_busy_server_keeps_its_verdict(self) -> None:
        assert judge(_in(steal_ns=SECOND_NS)) is Verdict.MEASURED


def _in(**changes: object) -> Trial:
    return builders.trial(surroundings=builders.surroundings(**changes))


class TestFailures:
    def test_a_server_that_ended_by_itself_crashed(self) -> None:
        died = builders.stopped(code=None, signal="SIGABRT", before_stop=True)
        assert verdict.of_trial(builders.trial(exit=died)) == Failure(Verdict.CRASHED, "killed by SIGABRT")
        left = builders.stopped(code=3, before_stop=True)
        assert verdict.of_trial(builders.trial(exit=left, load=None)) == Failure(Verdict.CRASHED, "exited with code 3")

    def test_a_crash_says_more_than_what_check_or_generator_saw_of_it(self) -> None:
        seen = Failure(Verdict.CLOSES, "closed the connection after 0 of 5 responses")
        trial = builders.trial(
            exit=builders.stopped(code=None, signal="SIGSEGV", before_stop=True),
            check=builders.check(received=0, failure=seen),
            failure=Failure(Verdict.REFUSED, "wrk exited with code 1"),
            load=None,
        )
        assert verdict.of_trial(trial) == Failure(Verdict.CRASHED, "killed by SIGSEGV")

    def test_a_server_that_had_to_be_killed_at_the_end_did_not_crash(self) -> None:
        killed = builders.stopped(code=None, signal="SIGKILL", killed=True)
        assert judge(builders.trial(exit=killed)) is Verdict.MEASURED

    @pytest.mark.parametrize("kind", [Verdict.STALLED, Verdict.WRONG_RESPONSE, Verdict.CLOSES, Verdict.REFUSED])
    def test_what_the_check_saw_stands_whatever_the_load_gave(self, kind: Verdict) -> None:
        seen = Failure(kind, "as seen")
        assert verdict.of_trial(builders.trial(check=builders.check(failure=seen))) == seen

    def test_what_the_check_saw_says_more_than_that_the_generator_hung(self) -> None:
        seen = Failure(Verdict.STALLED, "1 of 5 pipelined responses within 5 s")
        hung = Failure(Verdict.STALLED, "wrk did not end within 16 s")
        trial = builders.trial(check=builders.check(failure=seen), load=None, failure=hung)
        assert verdict.of_trial(trial) == seen
        assert verdict.of_trial(builders.trial(load=None, failure=hung)) == hung

    def test_a_server_that_could_not_be_started_is_unavailable(self) -> None:
        why = Failure(Verdict.UNAVAILABLE, "did not listen")
        trial = builders.trial(check=None, load=None, server=None, exit=None, surroundings=None, failure=why)
        assert verdict.of_trial(trial) == why

    def test_a_trial_without_a_load_has_no_figures(self) -> None:
        assert judge(builders.trial(load=None)) is Verdict.UNAVAILABLE


class TestFailuresUnderLoad:
    def test_no_response_is_a_stall(self) -> None:
        nothing = loaded(requests=0, bytes_read=0, histogram=())
        assert verdict.of_trial(nothing) == Failure(Verdict.STALLED, "no response under load")

    def test_no_connection_is_a_refusal(self) -> None:
        nothing = loaded(requests=0, bytes_read=0, histogram=(), errors=errors(connect=50))
        assert verdict.of_trial(nothing) == Failure(Verdict.REFUSED, "50 connections were refused")

    def test_any_error_status_is_a_wrong_response(self) -> None:
        found = verdict.of_trial(loaded(errors=errors(status=1)))
        assert found.verdict is Verdict.WRONG_RESPONSE
        assert found.reason == f"1 of {5 * BATCHES} responses had an error status"

    @pytest.mark.parametrize(("factor", "wrong"), [(0.949, True), (0.951, False), (1.049, False), (1.051, True)])
    def test_responses_of_another_size_than_in_the_check_are_wrong(self, factor: float, wrong: bool) -> None:
        found = judge(loaded(bytes_read=round(5 * BATCHES * RESPONSE_BYTES * factor)))
        assert found is (Verdict.WRONG_RESPONSE if wrong else Verdict.MEASURED)

    def test_but_not_where_hardly_any_batch_was_finished(self) -> None:
        """Responses of batches in flight are in the bytes and not in the requests."""
        requests = 10 * 5 * 50
        size = {"bytes_read": requests * RESPONSE_BYTES * 2, "histogram": ((100_000, requests // 5),)}
        assert judge(loaded(requests=requests, **size)) is Verdict.WRONG_RESPONSE
        assert judge(loaded(requests=requests - 1, **size)) is not Verdict.WRONG_RESPONSE

    def test_nor_where_the_check_saw_no_response(self) -> None:
        trial = builders.trial(check=builders.check(response_bytes=None), load=builders.load(bytes_read=1))
        assert judge(trial) is Verdict.MEASURED

    def test_lost_connections(self) -> None:
        share = 5 * BATCHES // 1000
        assert judge(loaded(errors=errors(read=share))) is Verdict.MEASURED
        found = verdict.of_trial(loaded(errors=errors(read=share, write=1)))
        assert found.verdict is Verdict.CLOSES
        assert found.reason == f"{share + 1} connections broken under load, each with up to 5 requests"

    def test_connections_that_wrk_opened_anew_without_calling_it_an_error(self) -> None:
        """Beside the 50 of the load and one of wrk's own, which are closed at its end."""
        assert verdict.reconnects(_in(connections_closed=51)) == 0
        assert verdict.reconnects(_in(connections_closed=53)) == 2
        assert verdict.reconnects(_in(connections_closed=3)) == 0
        assert verdict.reconnects(_in(connections_closed=None)) == 0
        assert judge(_in(connections_closed=51 + 5 * BATCHES // 1000)) is Verdict.MEASURED
        assert judge(_in(connections_closed=51 + 5 * BATCHES // 1000 + 1)) is Verdict.CLOSES

    def test_the_larger_of_the_two_counts_is_believed(self) -> None:
        trial = builders.trial(
            load=builders.load(errors=errors(read=7)), surroundings=builders.surroundings(connections_closed=54)
        )
        assert verdict.reconnects(trial) == 7

    def test_without_a_load_nothing_was_opened(self) -> None:
        assert verdict.reconnects(builders.trial(load=None)) == 0


class TestStalls:
    def test_responses_that_stopped_on_all_connections(self) -> None:
        stopped = loaded(**_few(499), active_intervals=1)
        assert verdict.of_trial(stopped) == Failure(Verdict.STALLED, "499 responses on 50 connections, then none")

    @pytest.mark.parametrize(
        ("requests", "intervals", "threads", "stopped"),
        [(499, 4, 1, True), (499, 5, 1, False), (500, 4, 1, False), (499, 9, 2, True), (499, 10, 2, False)],
    )
    def test_before_half_of_the_load_was_over_and_ten_came_on_each(
        self, requests: int, intervals: int, threads: int, stopped: bool
    ) -> None:
        found = verdict.of_trial(loaded(**_few(requests), active_intervals=intervals, threads=threads))
        assert found.reason.endswith(", then none") is stopped

    def test_few_responses_that_came_all_the_time_are_slow_and_no_stall(self) -> None:
        slow = _busy(builders.load(requests=495, histogram=((500_000, 99),), active_intervals=10))
        assert judge(slow) is Verdict.MEASURED

    def test_many_responses_in_few_intervals_are_no_stall_either(self) -> None:
        assert judge(loaded(active_intervals=4)) is Verdict.MEASURED

    @pytest.mark.parametrize(("share", "stalled"), [(0.74, True), (0.76, False)])
    def test_responses_that_stopped_on_some_connections(self, share: float, stalled: bool) -> None:
        """Batches account for a share of the time that connections had, while the generator was idle."""
        found = verdict.of_trial(loaded(**_part(share)))
        if stalled:
            assert found == Failure(Verdict.STALLED, "responses stopped on at least 26% of the connections")
        else:
            assert found.verdict is Verdict.MEASURED

    @pytest.mark.parametrize("batches", [1, 2, 3, 10])
    def test_batches_in_flight_at_the_end_are_no_stall_wherever_they_are_in_their_time(self, batches: int) -> None:
        """All connections begin at once and take the same time: the end finds all of them just before theirs."""
        us = SECOND_US // (batches + 1) + 1000
        slow = loaded(
            requests=250 * batches, histogram=((us, 50 * batches),), bytes_read=250 * batches * RESPONSE_BYTES
        )
        assert judge(slow) is Verdict.MEASURED

    def test_it_is_no_stall_where_the_generator_was_too_busy_to_ask(self) -> None:
        assert judge(loaded(**_part(0.5), cpu_ns=SECOND_NS * 74 // 100)) is Verdict.STALLED
        assert judge(loaded(**_part(0.5), cpu_ns=SECOND_NS * 75 // 100)) is Verdict.MEASURED
        assert judge(loaded(**_part(0.5), cpu_ns=None)) is Verdict.NEITHER

    def test_a_generator_that_cannot_tell_hides_no_silence(self) -> None:
        assert judge(loaded(**_part(0.05), cpu_ns=None, active_intervals=None)) is Verdict.STALLED

    @pytest.mark.parametrize(("active", "found"), [(1, Verdict.STALLED), (2, Verdict.NEITHER)])
    def test_no_other_work_explains_that_nine_tenths_are_silent(self, active: int, found: Verdict) -> None:
        """3 000 responses, then none: a rank and ``±0.2 %``, if noise were an excuse for all."""
        frozen = loaded(**_part(0.03), active_intervals=active, cpu_ns=SECOND_NS // 50)
        noisy = replace(_in(other_cpu_ns=SECOND_NS * 2), load=frozen.load, server=builders.server_usage(cpu_ns=1))
        assert verdict.disturbance(noisy) is not None
        assert judge(noisy) is found

    def test_a_slow_server_whose_responses_come_together_is_not_frozen(self) -> None:
        slow = builders.load(requests=750, histogram=((900_000, 50),), active_intervals=1)
        assert judge(replace(_in(other_cpu_ns=SECOND_NS), load=slow)) is Verdict.MEASURED


class TestStallInAll:
    def half(self, **changes: object) -> Trial:
        """Silent in the second half, where other work took all of a CPU."""
        return replace(_in(other_cpu_ns=SECOND_NS), load=builders.load(**_part(0.4), **changes))

    def test_silence_in_each_trial_is_not_the_machines(self) -> None:
        silent = self.half(active_intervals=4)
        assert judge(silent) is Verdict.MEASURED
        found = verdict.stall_in_all([silent, silent])
        assert found is not None
        assert found.verdict is Verdict.STALLED
        assert "in 40% of the load's time, then none" in found.reason
        assert verdict.stall_in_all([silent]) is None
        assert verdict.stall_in_all([silent, builders.trial()]) is None

    def test_a_generator_that_had_to_share_its_cpu_is_as_good_as_busy(self) -> None:
        assert verdict.stall_in_all([self.half(active_intervals=10)] * 3) is None
        calmer = replace(
            self.half(active_intervals=10), surroundings=builders.surroundings(other_cpu_ns=SECOND_NS // 3)
        )
        found = verdict.stall_in_all([calmer] * 3)
        assert found is not None
        assert "responses stopped on at least 60% of the connections" in found.reason

    def test_servers_that_wait_are_told_by_their_model(self) -> None:
        assert verdict.stall_in_all([builders.waited(3)] * 3) is None

    def test_nor_where_something_else_took_the_time(self) -> None:
        stolen = builders.surroundings(steal_ns=SECOND_NS // 10)
        assert judge(builders.trial(load=builders.load(**_part(0.5)), surroundings=stolen)) is Verdict.MEASURED

    def test_a_generator_without_batches_has_no_such_proof(self) -> None:
        other = loaded(**_part(0.5), generator="h2load")
        assert verdict.proofs(other) is None
        assert judge(other) is Verdict.MEASURED


def _few(requests: int) -> dict[str, object]:
    return {"requests": requests, "histogram": ((1000, requests // 5),), "bytes_read": requests * RESPONSE_BYTES}


def _part(share: float) -> dict[str, object]:
    batches = int(BATCHES * share)
    return {
        "requests": 5 * batches,
        "bytes_read": 5 * batches * RESPONSE_BYTES,
        "histogram": ((BATCH_US, batches),),
    }


def _busy(load: Load) -> Trial:
    return builders.trial(load=load, check=builders.check(response_bytes=None))


class TestProofs:
    def test_they_are_those_of_the_cell_and_its_lost_connections(self) -> None:
        found = verdict.proofs(loaded(errors=errors(read=10)))
        assert found is not None
        assert found.problem is None
        assert found.samples == BATCHES
        assert isinstance(found, Proofs)
        assert found.allowed == pytest.approx(60 * 4 / 5)

    def test_without_a_load_there_are_none(self) -> None:
        assert verdict.proofs(builders.trial(load=None)) is None


def test_only_verdicts_of_servers_that_worked_have_a_rate() -> None:
    assert {one for one in Verdict if one.has_rate} == {Verdict.MEASURED, Verdict.GENERATOR_BOUND, Verdict.NEITHER}
