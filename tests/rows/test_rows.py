"""Trials as rows: every figure derived, and none where nothing was measured."""

from __future__ import annotations

import itertools
from dataclasses import fields, replace
from statistics import geometric_mean
from typing import Any

import msgspec
import pytest

from runner.judging.levels import Stopping
from runner.record.adapter import Kind
from runner.record.histogram import Histogram
from runner.record.plan import Generator, Headers, Purpose
from runner.record.run import AdapterRecord, ConformanceSummary, Run
from runner.record.trial import Exit, Failure, GeneratorErrors, LogError, Trial, Verdict, Verified, WarmUp
from runner.rows import beside, cells, figures, rows
from runner.rows.row import Errors, Estimate, Multiple, Row, Sends, WarmedUp
from tests import builders
from tests.builders import BATCH_US, BATCHES, RESPONSE_BYTES, SECOND_NS

KERNEL = {number: {"system_ns": SECOND_NS * (29 + number) // 100} for number in (0, 1, 2)}
"""Ticks in the kernel of three trials, for a user's of 0.7 s."""


def at(rate: float, adapter: str = "aiohttp", **changes: Any) -> Trial:
    """A trial at ``rate`` times the usual one, in which Little's law holds too."""
    batches = round(BATCHES * rate)
    load = builders.load(
        requests=5 * batches,
        bytes_read=5 * batches * RESPONSE_BYTES,
        histogram=((round(BATCH_US / rate), batches),),
    )
    return builders.trial(**{"cell": builders.cell(adapter=adapter), "load": load} | changes)


def head(*adapters: str | AdapterRecord, **plan: object) -> Run:
    records = [builders.adapter_record(name=a, title=a) if isinstance(a, str) else a for a in adapters]
    return builders.run(adapters=tuple(records), plan=builders.plan(**plan))


def crashed(adapter: str = "aiohttp") -> Trial:
    died = Exit(code=None, signal="SIGABRT", killed=False, before_stop=True)
    return at(0.01, adapter, exit=died, errors=(LogError("free(): invalid pointer", 1),))


def only(run: Run, trials: list[Trial]) -> Row:
    (row,) = rows.rows(run, trials)
    return row


class TestFigures:
    def test_a_row_is_of_all_trials_of_its_cell(self) -> None:
        trials = [at(rate, number=number) for number, rate in enumerate((0.98, 1.0, 1.03), start=1)]
        row = only(head("aiohttp"), trials)
        assert (row.adapter, row.version, row.python, row.kind) == ("aiohttp", "3.14.5", "3.13.0", Kind.FRAMEWORK)
        assert (row.depth, row.connections, row.workers, row.trials) == (5, 50, 1, 3)
        assert (row.verdict, row.reason, row.disturbed_trials) == (Verdict.MEASURED, "", 0)
        assert row.requests == sum(trial.load.requests for trial in trials if trial.load)
        rates = [trial.load.requests for trial in trials if trial.load]
        assert row.requests_per_second is not None
        assert row.requests_per_second.mean == pytest.approx(geometric_mean(rates))
        assert row.requests_per_second.low is not None
        assert row.requests_per_second.high is not None
        assert row.requests_per_second.low < min(rates) < max(rates) < row.requests_per_second.high
        assert row.bytes_per_response == pytest.approx(RESPONSE_BYTES)
        assert row.peak_memory_bytes == 40 << 20
        assert row.server_busy == pytest.approx(0.98)
        assert row.generator_busy == pytest.approx(0.5)
        assert row.little_ratio == pytest.approx(1, abs=0.001)

    def test_cpu_cost_is_the_servers_time_over_the_requests(self) -> None:
        row = only(head("aiohttp"), [at(1.0)])
        assert row.cpu_us_per_request is not None
        assert row.cpu_us_per_request.mean == pytest.approx(0.98e6 / (5 * BATCHES))

    def test_a_load_longer_than_a_second_has_a_rate_a_second(self) -> None:
        trial = builders.trial(load=builders.load(duration_us=5_000_000))
        assert cells.rates([trial]) == [BATCHES]

    def test_fewer_trials_than_an_interval_needs_have_none(self) -> None:
        row = only(head("aiohttp"), [at(1.0), at(1.01)])
        assert row.requests_per_second is not None
        assert (row.requests_per_second.low, row.requests_per_second.high) == (None, None)
        assert row.requests_per_second.relative_half_width is None
        assert row.rank is None

    def test_the_intervals_half_width_is_relative(self) -> None:
        assert Estimate(200.0, 190.0, 212.0).relative_half_width == pytest.approx(0.06)

    def test_what_wrk_printed_is_the_median_over_trials(self) -> None:
        trials = [
            builders.trial(load=builders.load(wrk_latency=builders.wrk_latency(p50=p50, p99=2 * p50)))
            for p50 in (100, 0, 300)
        ]
        row = only(head("aiohttp"), trials)
        assert row.wrk_latency_us is not None
        assert (row.wrk_latency_us.p50, row.wrk_latency_us.p75, row.wrk_latency_us.p99) == (100, 1900, 200)

    def test_errors_are_summed(self) -> None:
        one = GeneratorErrors(connect=1, read=2, write=3, timeout=4, status=0)
        row = only(head("aiohttp"), [builders.trial(load=builders.load(errors=one))] * 2)
        assert row.errors == Errors(connect=2, read=4, write=6, timeout=8, status=0)

    def test_peak_memory_is_the_largest(self) -> None:
        trials = [builders.trial(server=builders.server_usage(peak_memory_bytes=size)) for size in (3, None, 9, 5)]
        assert only(head("aiohttp"), trials).peak_memory_bytes == 9

    def test_the_first_error_of_the_log_and_how_many_there_are(self) -> None:
        trials = [
            builders.trial(errors=()),
            builders.trial(errors=(LogError("ValueError: x", 3), LogError("KeyError: y", 1))),
            builders.trial(errors=(LogError("OSError: z", 2),)),
        ]
        row = only(head("aiohttp"), trials)
        assert (row.error_log, row.error_count) == ("ValueError: x", 6)

    def test_the_witness_is_no_trial_of_its_cell(self) -> None:
        row = only(head("aiohttp"), [at(1.0), replace(at(3.0), purpose=Purpose.WITNESS)])
        assert row.trials == 1
        assert row.requests == 5 * BATCHES


class TestResponse:
    @pytest.mark.parametrize(
        ("fields", "sent"),
        [
            (("date", "server", "content-type"), (True, True, False)),
            (("connection",), (False, False, True)),
            ((), (False, False, False)),
        ],
    )
    def test_the_fields_that_a_server_may_leave_out(self, fields: tuple[str, ...], sent: tuple[bool, ...]) -> None:
        (row,) = rows.rows(builders.run(), [builders.trial(check=builders.check(fields=fields))])
        assert row.sends == Sends(*sent)

    def test_an_older_record_says_nothing_of_them(self) -> None:
        (row,) = rows.rows(builders.run(), [builders.trial()])
        assert (row.sends, figures.sends(row)) == (None, figures.NOTHING)

    def test_they_are_named(self) -> None:
        assert Sends(date=True, server=False, connection=True).names == ("Date", "Connection")
        (row,) = rows.rows(builders.run(), [builders.trial(check=builders.check(fields=("x",)))])
        assert figures.sends(row) == "none"


class TestWarmUp:
    def test_the_longest_counts_and_what_did_not_settle_is_told(self) -> None:
        seen = [WarmUp(1.0, (50.0, 99.0, 100.0), settled=True), WarmUp(1.0, (1.0, 2.0, 4.0, 8.0), settled=False)]
        (row,) = rows.rows(builders.run(), [builders.trial(number=n, warm_up=one) for n, one in enumerate(seen)])
        assert row.warmed_up == WarmedUp(4.0, settled=1)
        assert "warmed up for up to 4 s, its rate had not settled in 1 of 2 trials" in figures.note(row)

    def test_one_that_settled_says_so(self) -> None:
        (row,) = rows.rows(builders.run(), [builders.trial(warm_up=WarmUp(1.0, (99.0, 100.0), settled=True))])
        assert figures.note(row) == "warmed up for up to 2 s, until its rate settled"

    def test_without_one_there_is_nothing_to_say(self) -> None:
        (row,) = rows.rows(builders.run(), [builders.trial()])
        assert (row.warmed_up, figures.note(row)) == (None, "")


def test_what_sets_an_adapter_apart_stands_in_its_note() -> None:
    head = builders.run(adapters=(builders.adapter_record(remark="TCP_NODELAY set by hand"),))
    (row,) = rows.rows(head, [builders.trial()])
    assert figures.note(row) == "TCP_NODELAY set by hand"


def test_other_header_fields_are_another_load() -> None:
    browser = builders.cell(headers=Headers.BROWSER)
    bare, full = rows.rows(builders.run(), [builders.trial(), builders.trial(cell=browser)])
    assert (bare.group[:3], bare.group != full.group) == (full.group[:3], True)
    assert (bare.cell, full.cell) == (builders.cell(), browser)


class TestLatency:
    def test_percentiles_are_those_of_all_samples_together(self) -> None:
        fast = builders.load(histogram=((BATCH_US - 1, BATCHES),))
        row = only(head("aiohttp"), [at(1.0), builders.trial(load=fast), at(1.0)])
        found = row.batch_latency_us
        assert found is not None
        assert (found.p50, found.p90, found.p99_9, found.max) == (BATCH_US, BATCH_US, BATCH_US, BATCH_US)
        assert (found.samples, found.exact, found.problem) == (3 * BATCHES, True, None)
        assert found.mean == pytest.approx(BATCH_US - 1 / 3)
        assert beside.batch_latency([builders.trial(load=fast)]) == replace(
            found, p50=2499, p75=2499, p90=2499, p99=2499, p99_9=2499, max=2499, mean=2499, samples=BATCHES
        )

    def test_one_trial_that_proves_nothing_takes_all_percentiles_away(self) -> None:
        wrong = builders.load(histogram=((100, -1), (BATCH_US, BATCHES)))
        found = beside.batch_latency([at(1.0), builders.trial(load=wrong)])
        assert found is not None
        assert {found.p50, found.p75, found.p90, found.p99, found.p99_9, found.max, found.mean} == {None}
        assert (found.exact, found.problem) == (False, "1 negative counts after the recovery")

    def test_a_generator_of_requests_has_no_batch_latency(self) -> None:
        assert beside.batch_latency([builders.trial(load=builders.load(generator="h2load"))]) is None
        assert beside.batch_latency([]) is None


class TestVerdicts:
    def test_one_failure_counts_and_takes_the_rate_away(self) -> None:
        row = only(head("aiohttp"), [at(1.0), crashed(), at(1.0)])
        assert (row.verdict, row.reason) == (Verdict.CRASHED, "killed by SIGABRT (in 1 of 3 trials)")
        assert (row.requests_per_second, row.cpu_us_per_request, row.batch_latency_us) == (None, None, None)
        assert (row.rank, row.times_baseline) == (None, None)
        assert row.requests > 2 * BATCHES * 5
        assert row.error_log == "free(): invalid pointer"

    def test_of_failures_the_commonest_is_told(self) -> None:
        stalled = builders.trial(load=None, failure=Failure(Verdict.STALLED, "wrk did not end within 16 s"))
        assert cells.cell_verdict([crashed(), stalled, stalled], []).verdict is Verdict.STALLED
        assert cells.cell_verdict([crashed(), crashed()], []) == Failure(Verdict.CRASHED, "killed by SIGABRT")

    def test_of_limits_the_commonest_is_told_and_the_careful_one_in_a_tie(self) -> None:
        bound = builders.trial(load=builders.load(cpu_ns=SECOND_NS))
        neither = builders.trial(server=builders.server_usage(cpu_ns=SECOND_NS // 2))
        measured = builders.trial()
        for trials, expected in (
            ([measured, measured, bound], Verdict.MEASURED),
            ([measured, bound], Verdict.GENERATOR_BOUND),
            ([measured, neither], Verdict.NEITHER),
            ([bound, neither], Verdict.GENERATOR_BOUND),
            ([bound, neither, neither], Verdict.NEITHER),
        ):
            for order in itertools.permutations(trials):
                assert cells.cell_verdict(order, order).verdict is expected

    def test_disturbed_trials_do_not_count_where_there_are_enough_others(self) -> None:
        noisy = builders.surroundings(other_cpu_ns=SECOND_NS)
        calm, disturbed = [at(1.0)] * 3, [at(0.5, surroundings=noisy)]
        row = only(head("aiohttp"), [*calm, *disturbed])
        assert (row.trials, row.disturbed_trials) == (4, 1)
        assert row.requests_per_second is not None
        assert row.requests_per_second.mean == pytest.approx(5 * BATCHES)
        few = only(head("aiohttp"), [*calm[:2], *disturbed])
        assert few.requests_per_second is not None
        assert few.requests_per_second.mean < 5 * BATCHES

    def test_of_a_fixed_number_of_trials_so_many_are_enough(self) -> None:
        trials = (at(1.0), at(0.5, surroundings=builders.surroundings(other_cpu_ns=SECOND_NS)))
        assert cells.usable(trials, 1) == trials[:1]
        assert cells.usable(trials[1:], 1) == trials[1:]
        assert cells.usable(trials) == trials
        row = only(head("aiohttp", trials=1), list(trials))
        assert row.requests_per_second is not None
        assert row.requests_per_second.mean == pytest.approx(5 * BATCHES)

    def test_the_verdict_is_of_the_trials_that_count(self) -> None:
        noisy = builders.surroundings(other_cpu_ns=SECOND_NS)
        neither = at(1.0, surroundings=noisy, server=builders.server_usage(cpu_ns=SECOND_NS // 2))
        assert only(head("aiohttp"), [at(1.0)] * 3 + [neither] * 5).verdict is Verdict.MEASURED

    def test_a_wrong_response_that_only_the_verifying_load_saw_counts_for_all_cells(self) -> None:
        checked = builders.load(verified=Verified(responses=1000, wrong=3, first="body 'Hello'"))
        verifying = builders.trial(load=checked, purpose=Purpose.VERIFY)
        deep = at(1.0, cell=builders.cell(depth=16))
        found = rows.rows(head("aiohttp"), [at(1.0), deep, verifying])
        assert [(row.trials, row.verdict) for row in found] == [(1, Verdict.WRONG_RESPONSE)] * 2
        assert all("3 of 1000" in row.reason for row in found)
        right = replace(verifying, load=replace(checked, verified=Verified(responses=1000, wrong=0, first=None)))
        assert only(head("aiohttp"), [at(1.0), right]).verdict is Verdict.MEASURED

    def test_a_stall_of_the_verifying_load_counts_in_its_cell_alone(self) -> None:
        largest = builders.cell(depth=16)
        frozen = builders.load(requests=2000, histogram=((BATCH_US, 400),), active_intervals=1, cpu_ns=10_000_000)
        trials = [
            builders.trial(cell=largest, load=frozen, purpose=Purpose.VERIFY),
            *(builders.trial(cell=cell, number=n) for cell in (largest, builders.cell()) for n in (1, 2, 3)),
        ]
        found = {row.depth: row for row in rows.rows(builders.run(cells=(largest, builders.cell())), trials)}
        assert {depth: row.verdict for depth, row in found.items()} == {
            5: Verdict.MEASURED,
            16: Verdict.STALLED,
        }
        assert found[16].reason.endswith("then none (where each was read)")

    def test_a_stall_that_all_trials_show_is_not_excused_by_noise(self) -> None:
        load = at(0.25).load
        assert load is not None
        fewer = Histogram.of([(BATCH_US, load.requests // 5)])
        silent = replace(load, histogram=fewer, active_intervals=4, cpu_ns=SECOND_NS // 100)
        noisy = builders.surroundings(other_cpu_ns=SECOND_NS)
        trials = [builders.trial(number=n, load=silent, surroundings=noisy) for n in (1, 2, 3)]
        (row,) = rows.rows(builders.run(), trials)
        assert (row.verdict, row.requests_per_second) == (Verdict.STALLED, None)

    def test_a_disturbed_trial_that_failed_counts(self) -> None:
        noisy = replace(crashed(), surroundings=builders.surroundings(other_cpu_ns=SECOND_NS))
        assert only(head("aiohttp"), [at(1.0), noisy]).verdict is Verdict.CRASHED


class TestComparison:
    def test_rows_come_by_group_and_rate_and_failures_last(self) -> None:
        trials = [at(0.5, "slow"), crashed("broken"), at(2.0, "fast")]
        deep = [replace(trial, cell=replace(trial.cell, depth=16)) for trial in trials[:1]]
        found = rows.rows(head("slow", "broken", "fast"), [*deep, *trials])
        assert [(row.depth, row.adapter) for row in found] == [(5, "fast"), (5, "slow"), (5, "broken"), (16, "slow")]

    def test_a_rate_is_told_in_multiples_of_the_baselines(self) -> None:
        found = rows.rows(head("a", "base", baseline="base"), [at(3.0, "a"), at(1.5, "base")])
        assert [row.adapter for row in found] == ["a", "base"]
        assert [row.times_baseline and row.times_baseline.bound for row in found] == [None, None]
        assert [row.times_baseline and row.times_baseline.value for row in found] == pytest.approx([2, 1], rel=1e-3)

    def test_without_a_baseline_of_the_same_group_there_are_none(self) -> None:
        other = at(1.0, "base")
        deep = replace(other, cell=replace(other.cell, depth=16))
        found = rows.rows(head("a", "base", baseline="base"), [at(3.0, "a"), deep])
        assert {row.adapter: row.times_baseline is None for row in found} == {"a": True, "base": False}
        assert only(head("a", baseline="base"), [at(3.0, "a")]).times_baseline is None
        broken = rows.rows(head("a", "base", baseline="base"), [at(3.0, "a"), crashed("base")])
        assert [row.times_baseline for row in broken] == [None, None]

    def test_multiples_of_bounds_are_bounds(self) -> None:
        def bound(adapter: str) -> Trial:
            trial = at(1.0, adapter)
            assert trial.load is not None
            return replace(trial, load=replace(trial.load, cpu_ns=SECOND_NS))

        run = head("a", "base", baseline="base")
        for a, base, expected in (
            (at(1.0, "a"), bound("base"), "≤"),
            (bound("a"), at(1.0, "base"), "≥"),
            (at(1.0, "a"), at(1.0, "base"), None),
        ):
            row = next(row for row in rows.rows(run, [a, base]) if row.adapter == "a")
            assert row.times_baseline == Multiple(1, expected)
        both = {row.adapter: row.times_baseline for row in rows.rows(run, [bound("a"), bound("base")])}
        assert both == {"a": None, "base": Multiple(1, None)}

    def test_ranks_are_of_those_that_worked_and_are_ranked(self) -> None:
        unranked = builders.adapter_record(name="ceiling", ranked=False)
        trials = [
            at(factor * rate, adapter)
            for adapter, rate in (("fast", 4.0), ("slow", 1.0), ("ceiling", 9.0))
            for factor in (0.99, 1.0, 1.01)
        ]
        found = rows.rows(head("fast", "slow", "broken", unranked), [*trials, crashed("broken")])
        assert {row.adapter: str(row.rank) for row in found} == {
            "ceiling": "None",
            "fast": "1",
            "slow": "2",
            "broken": "None",
        }

    def test_ranks_wait_for_the_intervals_of_all(self) -> None:
        trials = [at(f * r, a) for a, r in (("fast", 4.0), ("slow", 1.0)) for f in (0.99, 1.0, 1.01)]
        assert {row.rank for row in rows.rows(head("fast", "slow"), trials[:-1])} == {None}

    @pytest.mark.parametrize(("trials", "how"), [(None, Stopping.PRECISION), (5, Stopping.FIXED)])
    def test_what_ended_the_trials_widens_the_interval(self, trials: int | None, how: Stopping) -> None:
        assert cells.stopping(builders.plan(trials=trials)) is how


class TestWitness:
    def heard(self, rate: float, **changes: Any) -> Trial:
        """h2load at ``rate`` times wrk's, whose requests take as long as wrk's batches at the same rate would."""
        trial = at(rate, **changes)
        assert trial.load is not None
        load = replace(trial.load, generator="h2load", wrk_latency=None)
        return replace(trial, load=load, purpose=Purpose.WITNESS)

    @pytest.mark.parametrize(("rate", "agrees"), [(0.84, False), (0.88, True), (1.0, True), (1.14, True), (1.2, False)])
    def test_it_agrees_where_rate_and_mean_are_close(self, rate: float, agrees: bool) -> None:
        row = only(head("aiohttp"), [at(1.0), self.heard(rate)])
        assert row.witness is not None
        assert row.witness.agrees is agrees
        assert (row.witness.reason is None) is agrees
        assert row.witness.rate_ratio == pytest.approx(rate, rel=1e-3)
        assert row.witness.latency_ratio == pytest.approx(1 / rate, rel=1e-3)
        assert row.verdict is Verdict.MEASURED

    def test_it_says_nothing_where_the_server_was_not_the_limit_for_both(self) -> None:
        idle = builders.server_usage(cpu_ns=SECOND_NS // 2)
        for ours, theirs, reason in (
            (at(1.0), self.heard(2.0, server=idle), "h2load: neither"),
            (at(1.0, server=idle), self.heard(2.0), "wrk: neither"),
        ):
            row = only(head("aiohttp"), [ours, theirs])
            assert row.witness is not None
            assert (row.witness.agrees, row.witness.reason) == (None, reason)

    def test_its_figures_are_over_its_trials_those_that_were_not_disturbed(self) -> None:
        disturbed = self.heard(0.5, surroundings=builders.surroundings(other_cpu_ns=SECOND_NS))
        row = only(head("aiohttp"), [at(1.0), self.heard(0.8), self.heard(1.25), disturbed])
        assert row.witness is not None
        assert row.witness.rate_ratio == pytest.approx(1.0, rel=1e-3)
        assert row.witness.agrees is True

    def test_one_of_its_trials_that_was_its_own_limit_is_not_the_commonest(self) -> None:
        bound = self.heard(1.0)
        assert bound.load is not None
        bound = replace(bound, load=replace(bound.load, cpu_ns=SECOND_NS))
        row = only(head("aiohttp"), [at(1.0), self.heard(1.0), bound, self.heard(1.0)])
        assert row.witness is not None
        assert row.witness.agrees is True

    def test_one_that_failed_says_so(self) -> None:
        assert only(head("aiohttp"), [at(1.0)]).witness is None
        why = Failure(Verdict.UNAVAILABLE, "the generator failed, not the server: h2load exited with code 1, saying: X")
        for silent in (
            replace(self.heard(1.0), load=None, failure=why),
            replace(self.heard(1.0), load=builders.load(generator="h2load", requests=0, histogram=()), failure=why),
        ):
            row = only(head("aiohttp"), [at(1.0), silent])
            assert row.witness is not None
            assert (row.witness.requests_per_second, row.witness.agrees) == (None, None)
            assert f"no witness: unavailable: {why.reason}" in figures.note(row)


class TestConformance:
    def test_a_row_has_its_servers_class(self) -> None:
        summary = ConformanceSummary("aiohttp", "3.13.0", "serial", "", passed=30, noted=1, failed=0)
        run = replace(head("aiohttp"), conformance=(summary,))
        assert only(run, [at(1.0)]).server_class == "serial"
        assert only(head("aiohttp"), [at(1.0)]).server_class is None


class TestNotMeasured:
    def test_an_adapter_that_cannot_run_has_a_row_with_the_reason(self) -> None:
        record = builders.adapter_record(
            name="gone",
            version=None,
            unavailable="uv pip install exited with code 1",
            log_tail=("a", "no such version"),
        )
        measured, row = rows.rows(head("aiohttp", record), [at(1.0)])
        assert measured.adapter == "aiohttp"
        assert (row.adapter, row.verdict) == ("gone", Verdict.UNAVAILABLE)
        assert (row.reason, row.error_log) == ("uv pip install exited with code 1", "no such version")

    def test_nothing_that_was_not_measured_is_a_zero(self) -> None:
        """Every figure of an adapter that never ran is null; only what was counted (trials, requests, errors) is 0."""
        row = only(head(builders.adapter_record(unavailable="gone")), [])
        known = {"adapter", "title", "version", "python", "kind", "verdict", "reason", "paced", "limited"}
        counted = {"trials", "disturbed_trials", "requests", "error_count"}
        assert {field.name for field in fields(row) if getattr(row, field.name) == 0} == counted
        assert {field.name for field in fields(row) if getattr(row, field.name) is not None} == known | counted

    def test_nor_is_one_of_a_trial_in_which_nothing_could_be_read(self) -> None:
        blind = builders.trial(
            load=builders.load(cpu_ns=None, wrk_latency=None, histogram=(), generator="h2load"),
            server=builders.server_usage(cpu_ns=None, peak_memory_bytes=None),
            surroundings=None,
        )
        row = only(head("aiohttp"), [blind])
        assert row.requests_per_second is not None
        unknown = {
            "cpu_us_per_request",
            "server_busy",
            "generator_busy",
            "batch_latency_us",
            "little_ratio",
            "wrk_latency_us",
            "peak_memory_bytes",
        }
        assert unknown == {name for name in unknown if getattr(row, name) is None}

    def test_nor_of_a_server_that_never_listened(self) -> None:
        why = Failure(Verdict.UNAVAILABLE, "did not listen")
        trial = builders.trial(check=None, load=None, server=None, exit=None, surroundings=None, failure=why)
        row = only(head("aiohttp"), [trial])
        assert (row.verdict, row.reason, row.requests) == (Verdict.UNAVAILABLE, "did not listen", 0)
        assert (row.errors, row.bytes_per_response, row.requests_per_second) == (None, None, None)

    def test_every_row_can_be_written(self) -> None:
        found = rows.rows(head("aiohttp", builders.adapter_record(name="x", unavailable="gone")), [at(1.0), crashed()])
        assert msgspec.json.decode(msgspec.json.encode(found))[1]["requests_per_second"] is None


class TestWrongServers:
    """What was found wrong decides the verdict; the rate stands there as what got through."""

    BROKEN = ConformanceSummary("aiohttp", "3.13.0", "broken", "swaps responses", passed=30, noted=0, failed=5)

    def test_a_broken_class_takes_the_rate_and_shows_what_got_through(self) -> None:
        run = replace(head("aiohttp"), conformance=(self.BROKEN,))
        row = only(run, [at(rate) for rate in (0.99, 1.0, 1.01)])
        assert (row.verdict, row.reason, row.server_class) == (Verdict.BROKEN, "swaps responses", "broken")
        assert (row.requests_per_second, row.cpu_us_per_request, row.batch_latency_us) == (None, None, None)
        assert (row.rank, row.times_baseline) == (None, None)
        assert row.got_through_per_second is not None
        assert row.got_through_per_second.mean == pytest.approx(5 * BATCHES, rel=1e-3)

    def test_a_failure_under_load_says_more_than_the_class(self) -> None:
        run = replace(head("aiohttp"), conformance=(self.BROKEN,))
        row = only(run, [crashed(), crashed()])
        assert (row.verdict, row.got_through_per_second) == (Verdict.CRASHED, None)

    def test_another_interpreters_class_is_not_its(self) -> None:
        run = replace(head("aiohttp"), conformance=(replace(self.BROKEN, python="3.12.1"),))
        assert only(run, [at(1.0)]).verdict is Verdict.MEASURED

    def test_wrong_responses_got_through_and_right_ones_have_a_rate(self) -> None:
        wrong = builders.load(verified=Verified(responses=1000, wrong=3, first="body"))
        row = only(head("aiohttp"), [builders.trial(load=wrong)])
        assert (row.verdict, row.requests_per_second) == (Verdict.WRONG_RESPONSE, None)
        assert row.got_through_per_second is not None
        assert only(head("aiohttp"), [at(1.0)]).got_through_per_second is None


class TestAskedOfVolley:
    def asked(self, **seen: Any) -> Trial:
        return builders.trial(load=builders.volley_load(builders.volley(**seen)), purpose=Purpose.WITNESS)

    def unproved(self) -> Trial:
        """Half of wrk's connections' time is in no sample: it was the limit itself."""
        return builders.trial(load=builders.load(histogram=((BATCH_US // 2, BATCHES),), cpu_ns=SECOND_NS))

    def test_latency_that_wrk_could_not_prove_is_volleys(self) -> None:
        alone = only(head("aiohttp"), [self.unproved()]).batch_latency_us
        assert alone is not None
        assert (alone.exact, alone.p99, alone.source) == (False, None, Generator.WRK)
        row = only(head("aiohttp"), [self.unproved(), self.asked()])
        found = row.batch_latency_us
        assert found is not None
        assert (found.exact, found.p99, found.source) == (True, BATCH_US, Generator.VOLLEY)
        assert row.trials == 1

    def test_what_wrk_proved_stays_wrks(self) -> None:
        found = only(head("aiohttp"), [at(1.0), self.asked()]).batch_latency_us
        assert found is not None
        assert found.source is Generator.WRK

    def test_where_neither_could_wrks_reason_stands(self) -> None:
        found = only(head("aiohttp"), [self.unproved(), self.asked(little_ratio=0.5)]).batch_latency_us
        assert found is not None
        assert (found.exact, found.source) == (False, Generator.WRK)

    def test_any_generator_may_bear_witness(self) -> None:
        row = only(head("aiohttp", witness_by=Generator.VOLLEY), [at(1.0), self.asked()])
        assert row.witness is not None
        assert (row.witness.generator, row.witness.agrees) == (Generator.VOLLEY, True)
        assert row.witness.latency_ratio == pytest.approx(1.0)
        other = only(head("aiohttp", witness_by=Generator.H2LOAD), [at(1.0), self.asked()])
        assert other.witness is None

    def test_a_row_shows_where_its_cpu_time_went(self) -> None:
        requests = 5 * builders.BATCHES
        row = only(
            head("aiohttp"), [builders.trial(number=n, server=builders.server_usage(**KERNEL[n])) for n in KERNEL]
        )
        assert row.spent is not None
        assert row.spent.user_us is not None
        assert row.spent.system_us is not None
        assert row.cpu_us_per_request is not None
        both = row.spent.user_us.mean + row.spent.system_us.mean
        assert both == pytest.approx(row.cpu_us_per_request.mean, rel=1e-3)
        assert row.spent.kernel_share == pytest.approx(0.30, abs=0.01)
        assert row.spent.system_us.low is not None
        assert row.spent.voluntary_switches == pytest.approx(builders.BATCHES / requests)

    def test_no_tick_in_the_kernel_is_no_time_with_no_interval(self) -> None:
        used = builders.server_usage(system_ns=0)
        row = only(head("aiohttp"), [builders.trial(number=n, server=used) for n in (1, 2, 3)])
        assert row.spent is not None
        assert row.spent.system_us == Estimate(0.0, None, None)
        assert row.spent.kernel_share == 0

    def test_older_records_do_not_say_where_cpu_time_went(self) -> None:
        used = builders.server_usage(user_ns=None, system_ns=None, voluntary_switches=None)
        assert only(head("aiohttp"), [builders.trial(server=used)]).spent is None

    def test_a_row_shows_what_came_over_the_wire(self) -> None:
        row = only(head("aiohttp"), [builders.trial(load=builders.volley_load())])
        assert row.wire is not None
        assert (row.wire.segments_per_batch, row.wire.reads_per_batch) == (1.0, 1.0)
        assert row.wire.first_us == BATCH_US // 5
        assert only(head("aiohttp"), [at(1.0)]).wire is None
