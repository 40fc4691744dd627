"""What a load by volley proves, and what else it shows: every proof and every verdict, from both sides of its limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runner.judging import verdict, volley
from runner.record.histogram import Histogram
from runner.record.trial import Failure, Load, Trial, Verdict
from runner.record.volley import Batches, Interval, Mode
from tests import builders
from tests.builders import BATCHES, SECOND_NS


def proved(**seen: Any) -> volley.VolleyProofs:
    load = builders.volley_load(builders.volley(**seen))
    assert load.volley is not None
    return volley.prove(load, load.volley)


def judged(load: Load) -> Failure:
    return verdict.of_trial(builders.trial(load=load))


def paced(load: Load) -> Failure:
    assert load.volley is not None
    assert load.volley.arrivals is not None
    return volley.paced(load, load.volley, load.volley.arrivals)


class TestProofs:
    def test_of_a_sound_load_all_hold(self) -> None:
        found = proved()
        assert (found.samples, found.missing, found.little_ratio, found.problem) == (BATCHES, 0, 1.0, None)
        assert found.negative == 0

    def test_a_batch_that_was_answered_has_a_sample(self) -> None:
        answered = Batches(sent=BATCHES + 3, answered=BATCHES + 2, lost=0, unanswered=1, unsent=0)
        assert proved(batches=answered).problem == "+2 samples are missing"
        assert proved(batches=replace(answered, answered=BATCHES - 1)).problem == "-1 samples are missing"

    def test_without_an_answer_there_is_nothing_to_prove(self) -> None:
        none = builders.volley(batches=Batches(sent=9, answered=0, lost=9, unanswered=0, unsent=0))
        assert volley.prove(builders.volley_load(none, histogram=()), none).problem == "no batch was answered"

    def test_the_kernel_must_have_told_when_each_read_came_in(self) -> None:
        assert proved(stamped=False, stamps_reason="ENOPROTOOPT").problem == (
            "the kernel gave no receive stamps (ENOPROTOOPT)"
        )
        assert proved(stamped=False).problem == "the kernel gave no receive stamps (none came)"
        assert proved(stamps_missing=1).problem == "1 reads had no receive stamp"

    @pytest.mark.parametrize("step_ns", [1_000_001, -1_000_001])
    def test_the_clock_must_not_have_been_stepped(self, step_ns: int) -> None:
        assert proved(clock_step_ns=step_ns).problem == f"the clock was stepped by {step_ns / 1e6:.1f} ms"
        assert proved(clock_step_ns=step_ns // 1_000_001 * 1_000_000).problem is None

    @pytest.mark.parametrize(("ratio", "holds"), [(0.9899, False), (0.9901, True), (1.0099, True), (1.0101, False)])
    def test_latencies_and_own_delays_are_all_the_time_there_was(self, ratio: float, holds: bool) -> None:
        problem = proved(little_ratio=ratio).problem
        assert problem == (None if holds else f"latencies and own delays are {ratio:.3f} of the connections' time")

    def test_a_ratio_that_is_not_known_proves_nothing(self) -> None:
        assert proved(little_ratio=None).problem == "latencies and own delays are not known of the connections' time"

    def test_an_open_load_has_no_such_ratio(self) -> None:
        assert proved(little_ratio=None, mode=Mode.OPEN).problem is None

    def test_they_are_those_of_a_trial(self) -> None:
        found = verdict.proofs(builders.trial(load=builders.volley_load()))
        assert found == volley.VolleyProofs(BATCHES, 0, 1.0, None)


class TestClosed:
    def test_a_busy_server_is_measured(self) -> None:
        assert judged(builders.volley_load()) == Failure(Verdict.MEASURED, "")

    def test_the_generators_share_is_of_the_time_over_which_its_cpu_was_taken(self) -> None:
        """A generator that waited for slow answers after the window was not idle in it."""
        load = builders.volley_load(builders.volley(cpu_span_ns=SECOND_NS // 2), cpu_ns=SECOND_NS * 48 // 100)
        assert judged(load) == Failure(Verdict.GENERATOR_BOUND, "volley used 96% of its CPU")
        assert judged(replace(load, volley=builders.volley())).verdict is Verdict.MEASURED

    def test_the_servers_cost_is_of_all_that_it_answered(self) -> None:
        """The answers that came after the window cost CPU time too."""
        load = builders.volley_load(builders.volley(checked=10 * BATCHES))
        trial = builders.trial(load=load)
        assert verdict.cpu_cost_us(trial) == pytest.approx(0.98e6 / (10 * BATCHES))
        assert verdict.server_busy(trial) == pytest.approx(0.49)

    def test_a_wrong_response_is_told_with_its_bytes(self) -> None:
        first = "body: another body (response 7 of connection 3: HTTP/1.1 200 OK)"
        load = builders.volley_load(builders.volley(faults=builders.faults(body=2, first=first)))
        load = replace(load, verified=builders.verified(wrong=2, first=first))
        found = judged(load)
        assert found.verdict is Verdict.WRONG_RESPONSE
        assert found.reason.endswith(first)

    def test_connections_that_took_requests_along_are_lost_ones(self) -> None:
        many, few = 5 * BATCHES // 1000 + 1, 5 * BATCHES // 1000
        for count, expected in ((many, Verdict.CLOSES), (few, Verdict.MEASURED)):
            load = builders.volley_load(builders.volley(losses=builders.losses(in_batch=count)))
            assert judged(load).verdict is expected
        idle = builders.volley_load(builders.volley(losses=builders.losses(idle=10 * many)))
        assert judged(idle).verdict is Verdict.MEASURED


class TestSilence:
    def unanswered(self, **changes: Any) -> Trial:
        silent = Batches(sent=BATCHES + 25, answered=BATCHES, lost=0, unanswered=25, unsent=0)
        seen = builders.volley(batches=silent, silent_connections=25, **changes)
        return builders.trial(load=builders.volley_load(seen))

    def test_batches_that_were_never_answered_are_a_stall(self) -> None:
        assert verdict.of_trial(self.unanswered()) == Failure(
            Verdict.STALLED,
            f"25 of {BATCHES + 25} batches were never answered, 25 connections silent in its second half",
        )

    def test_other_work_is_no_excuse(self) -> None:
        disturbed = builders.surroundings(other_cpu_ns=SECOND_NS)
        assert verdict.of_trial(replace(self.unanswered(), surroundings=disturbed)).verdict is Verdict.STALLED

    def test_a_server_too_slow_to_have_answered_them_is_not_silent(self) -> None:
        """250 requests in flight: at 100/s 2.5 s, the grace; at 99/s more than that."""
        trial = self.unanswered()
        assert trial.load is not None
        for requests, silent in ((100, True), (99, False)):
            load = replace(trial.load, requests=requests)
            assert load.volley is not None
            assert (volley.silence(trial, load, load.volley) is not None) is silent

    def test_a_queue_that_was_still_being_written_is_none_unless_connections_were_silent(self) -> None:
        """At the end of the waiting an overloaded server has the last of an open load in hand: it did not stop."""
        asked = builders.arrivals(answered_per_second=500.0, backlog=100)
        left = Batches(sent=300, answered=200, lost=0, unanswered=10, unsent=90)
        for silent, expected in ((0, Verdict.SATURATED), (1, Verdict.STALLED)):
            load = builders.paced_load(asked=asked, seen={"batches": left, "silent_connections": silent})
            assert judged(load).verdict is expected

    def test_of_no_response_at_all_another_verdict_tells(self) -> None:
        trial = self.unanswered()
        assert trial.load is not None
        load = replace(trial.load, requests=0)
        assert load.volley is not None
        assert volley.silence(trial, load, load.volley) is None
        assert judged(load) == Failure(Verdict.STALLED, "no response under load")


class TestPaced:
    def test_one_that_was_held_is_measured_though_nobody_was_busy(self) -> None:
        assert paced(builders.paced_load()) == Failure(Verdict.MEASURED, "")
        assert judged(builders.paced_load(cpu_ns=SECOND_NS)).verdict is Verdict.MEASURED

    @pytest.mark.parametrize(
        ("lag_us", "latency_us", "late"),
        [(100, 400, False), (101, 400, True), (101, 505, False), (200, 999, True), (200, 1000, False)],
    )
    def test_lag_must_be_small_or_small_against_the_latency(self, lag_us: int, latency_us: int, late: bool) -> None:
        found = paced(builders.paced_load(latency_us, seen={"lag": builders.spread_of(lag_us)}))
        assert found.verdict is (Verdict.GENERATOR_BOUND if late else Verdict.MEASURED)
        if late:
            assert found.reason == f"volley wrote arrivals late: {lag_us} µs at p99, of a latency of {latency_us} µs"

    def test_so_must_own_delay(self) -> None:
        found = paced(builders.paced_load(400, seen={"own_delay": builders.spread_of(101)}))
        assert found == Failure(
            Verdict.GENERATOR_BOUND, "volley left responses lying: 101 µs at p99, of a latency of 400 µs"
        )

    def test_what_is_not_known_is_not_late(self) -> None:
        assert paced(builders.paced_load(seen={"lag": None, "own_delay": None})).verdict is Verdict.MEASURED

    @pytest.mark.parametrize(
        ("answered", "backlog", "held"),
        [(989, 3, False), (989, 2, True), (991, 3, True), (500, 0, True)],
    )
    def test_a_load_that_was_neither_answered_nor_written_was_too_much(
        self, answered: float, backlog: int, held: bool
    ) -> None:
        """200 bursts of five: three that were not written are 1.5 %. Slow answers alone may come after the window."""
        asked = builders.arrivals(answered_per_second=answered, backlog=backlog)
        found = paced(builders.paced_load(asked=asked))
        assert found.verdict is (Verdict.MEASURED if held else Verdict.SATURATED)
        if not held:
            assert found.reason == (
                f"1000 requests/s were offered, {answered} answered: the queue grows as long as the load lasts"
            )

    @pytest.mark.parametrize(
        ("growth", "answered", "held"), [(3.1, 979, False), (2.9, 979, True), (3.1, 981, True), (100.0, 999, True)]
    )
    def test_latency_that_grows_with_time_is_a_growing_queue(self, growth: float, answered: int, held: bool) -> None:
        """Both must be seen: a latency that grows, and answers that stay behind."""
        means = [400.0] * 5 + [400.0 * growth] * 5
        seen = {"intervals": tuple(Interval(100, 20, mean) for mean in means)}
        found = paced(builders.paced_load(seen=seen, asked=builders.arrivals(answered_per_second=answered)))
        assert found.verdict is (Verdict.MEASURED if held else Verdict.SATURATED)

    @pytest.mark.parametrize("intervals", [(), (Interval(0, 0, None),) * 9])
    def test_of_a_load_without_answers_growth_is_not_known(self, intervals: tuple[Interval, ...]) -> None:
        asked = builders.arrivals(answered_per_second=500.0)
        assert paced(builders.paced_load(seen={"intervals": intervals}, asked=asked)).verdict is Verdict.MEASURED

    def test_the_generator_is_asked_before_the_server(self) -> None:
        asked = builders.arrivals(answered_per_second=10.0, backlog=100)
        late = paced(builders.paced_load(asked=asked, seen={"lag": builders.spread_of(5000)}))
        assert late.verdict is Verdict.GENERATOR_BOUND

    def test_an_offer_of_nothing_is_no_division(self) -> None:
        asked = builders.arrivals(offered=0, offered_per_second=0.0, answered_per_second=0.0)
        load = builders.paced_load(asked=asked)
        assert paced(replace(load, histogram=Histogram.of(()))).verdict is Verdict.MEASURED

    def test_a_wrong_response_comes_before_all_that(self) -> None:
        load = replace(builders.paced_load(), verified=builders.verified(wrong=1, first="x"))
        assert judged(load).verdict is Verdict.WRONG_RESPONSE
