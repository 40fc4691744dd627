"""Servers that wait for an upstream: their model, their verdicts, their rows and tables, beside what was published."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from rich.console import Console

from runner.errors import PlanError
from runner.judging import verdict, waiting
from runner.record import store
from runner.record.adapter import Client
from runner.record.histogram import Histogram
from runner.record.plan import Cell, Plan
from runner.record.run import Run
from runner.record.trial import Failure, LogError, Opened, Placement, Trial, Verdict
from runner.report.tables import standard, upstream
from runner.rows import rows
from runner.rows.figures import NOTHING
from runner.rows.row import Row
from runner.suite import plans
from tests import builders
from tests.builders import SECOND_NS

HALF_S = 500_000


def head(*, profile: str = "upstream-ab", **record: Any) -> Run:
    return builders.run(plan=plans.PROFILES[profile], adapters=(builders.waiting_record(**record),))


def only(trial: Trial, **record: Any) -> Row:
    (row,) = rows.rows(head(**record), [trial])
    return row


def swept(*trials: Trial) -> tuple[Run, tuple[Row, ...]]:
    run = head(profile="upstream-sweep")
    return run, rows.rows(run, trials)


def at_once(trial: Trial, **changes: Any) -> Trial:
    """The trial with other counts of the upstream's."""
    assert trial.upstream is not None
    return replace(trial, upstream=replace(trial.upstream, **changes))


class TestModel:
    @pytest.mark.parametrize(
        ("client", "connections", "workers", "max_clients", "rate"),
        [
            (Client.BLOCKING, 5, 1, None, 2),
            (Client.BLOCKING, 20, 1, 100, 2),
            (Client.BLOCKING, 20, 4, None, 8),
            (Client.BLOCKING, 2, 4, None, 4),
            (Client.ASYNC, 5, 1, 10, 10),
            (Client.ASYNC, 10, 1, 10, 20),
            (Client.ASYNC, 20, 1, 10, 20),
            (Client.ASYNC, 20, 1, 100, 40),
            (Client.ASYNC, 20, 2, 10, 40),
            (Client.ASYNC, 20, 1, None, 40),
        ],
    )
    def test_the_rate(
        self, client: Client, connections: int, workers: int, max_clients: int | None, rate: float
    ) -> None:
        found = waiting.requests_per_second(
            client, delay_us=HALF_S, connections=connections, workers=workers, max_clients=max_clients
        )
        assert found == pytest.approx(rate)

    def test_without_a_delay_there_is_none(self) -> None:
        assert waiting.requests_per_second(Client.ASYNC, delay_us=0, connections=20) is None

    @pytest.mark.parametrize(
        ("ratio", "far"), [(1, False), (0.951, False), (0.949, True), (1.049, False), (1.051, True)]
    )
    def test_what_is_far(self, ratio: float, far: bool) -> None:
        assert waiting.is_far(ratio) is far

    def test_every_published_figure_is_below_its_model(self) -> None:
        """Nobody is faster than the delay allows; ab's are within 5 % of it."""
        for one in upstream.PUBLISHED:
            client = Client.BLOCKING if one.adapter.endswith("blocking") else Client.ASYNC
            model = waiting.requests_per_second(
                client, delay_us=one.delay_us, connections=one.connections, max_clients=10
            )
            assert model is not None
            assert one.requests_per_second < model
            if one.document == upstream.TORNADO_2013:
                assert not waiting.is_far(one.requests_per_second / model)


class TestPlans:
    AB = plans.PROFILES["upstream-ab"]

    @pytest.mark.parametrize(
        ("name", "connections", "delay_us", "duration_s", "threads"),
        [
            ("upstream-ab", (5, 10, 20), 500_000, 20, 1),
            ("upstream-siege", (10,), 150_000, 10, 1),
            ("upstream-sweep", tuple(range(1000, 11_000, 1000)), 0, 10, 2),
        ],
    )
    def test_they_are_those_that_were_published(
        self, name: str, connections: tuple[int, ...], delay_us: int, duration_s: float, threads: int
    ) -> None:
        plan = plans.PROFILES[name]
        assert (plan.connections, plan.delay_us) == (connections, delay_us)
        assert (plan.duration_s, plan.threads, plan.depths, plan.trials) == (duration_s, threads, (1,), 1)

    def test_a_limit_is_swept_for_those_that_have_one_and_none_twice(self) -> None:
        def limits(**adapter: Any) -> list[int | None]:
            ready = builders.environment(adapter=builders.adapter(**adapter))
            plan = replace(self.AB, connections=(5,), max_clients=(None, 100, 20, 100))
            return [cell.max_clients for cell in plans.cells(plan, [ready])]

        assert limits() == [None]
        assert limits(max_clients=10) == [None, 100, 20]
        assert limits(max_clients=100) == [None, 20]

    def test_a_cell_is_named_for_its_limit_where_it_has_one(self) -> None:
        cell = Cell("tornado-upstream-async", "3.13.0", 1, 20, 1)
        assert cell.id == "tornado-upstream-async-py3.13.0-d1-c20-w1"
        assert replace(cell, max_clients=100).id == "tornado-upstream-async-py3.13.0-d1-c20-w1-m100"

    def test_a_load_is_many_delays_long(self) -> None:
        assert plans.check(replace(self.AB, duration_s=20)).duration_s == 20
        with pytest.raises(PlanError, match=r"19 s are fewer than 40 of 500 ms"):
            plans.check(replace(self.AB, duration_s=19))
        assert plans.check(replace(self.AB, duration_s=2, delay_us=50_000)).delay_us == 50_000

    @pytest.mark.parametrize(
        ("text", "us"), [("500ms", 500_000), ("0.5s", 500_000), ("250us", 250), (" 1.5 ms ", 1500), ("0", 0)]
    )
    def test_delays(self, text: str, us: int) -> None:
        assert plans.delay_us(text) == us

    @pytest.mark.parametrize("text", ["", "5", "soon", "-1ms", "1m", "1e3ms"])
    def test_what_is_no_delay(self, text: str) -> None:
        with pytest.raises(ValueError, match="is no delay"):
            plans.delay_us(text)

    @pytest.mark.parametrize(("text", "limits"), [("default", (None,)), ("default, 100,100", (None, 100)), ("7", (7,))])
    def test_limits(self, text: str, limits: tuple[int | None, ...]) -> None:
        assert plans.limits(text) == limits

    def test_no_other_plan_waits(self) -> None:
        others = {name: plan for name, plan in plans.PROFILES.items() if not name.startswith("upstream-")}
        assert len(others) >= 4
        assert {(plan.delay_us, plan.max_clients) for plan in others.values()} == {(None, (None,))}


class TestVerdicts:
    def test_to_wait_is_what_such_a_server_does(self) -> None:
        found = verdict.of_trial(builders.waited())
        assert found.verdict is Verdict.NEITHER
        assert found.reason == "neither was busy (server 2%, generator 0% of its CPU): it waits for its upstream"

    def test_it_is_no_stall_that_a_server_which_blocks_answers_seldom(self) -> None:
        """Two responses a second on 20 connections: as few as of a server that stalled."""
        seldom = builders.load(
            duration_us=20_000_000,
            requests=39,
            bytes_read=39 * builders.RESPONSE_BYTES,
            histogram=tuple((HALF_S * (number + 1), 1) for number in range(20)),
            active_intervals=39,
            cpu_ns=0,
        )
        cell = builders.cell(depth=1, connections=20)
        usage = builders.server_usage(cpu_ns=SECOND_NS // 10)
        pipelined = builders.trial(cell=cell, load=seldom, server=usage, surroundings=None)
        assert verdict.of_trial(pipelined).verdict is Verdict.STALLED
        waits = replace(pipelined, upstream=builders.waited().upstream)
        assert verdict.of_trial(waits).verdict is Verdict.NEITHER

    def test_connections_that_are_opened_anew_lose_nothing_at_depth_1(self) -> None:
        often = builders.surroundings(connections_closed=321)
        assert verdict.of_trial(builders.waited(surroundings=often)).verdict is Verdict.NEITHER
        row = only(builders.waited(surroundings=often))
        assert row.waiting is not None
        assert row.waiting.connections_lost == 300

    def test_an_error_status_is_wrong(self) -> None:
        made = builders.waited()
        assert made.load is not None
        failing = replace(made.load, errors=replace(made.load.errors, status=3))
        found = verdict.of_trial(replace(made, load=failing))
        assert found == Failure(Verdict.WRONG_RESPONSE, "3 of 390 responses had an error status")

    @pytest.mark.parametrize(
        ("opened", "expected"),
        [(Opened(990, 10), Verdict.NEITHER), (Opened(989, 989), Verdict.REFUSED), (None, Verdict.NEITHER)],
    )
    def test_a_load_without_all_its_connections_is_not_that_of_its_cell(
        self, opened: Opened | None, expected: Verdict
    ) -> None:
        cell = builders.cell(depth=1, connections=1000)
        quiet = builders.surroundings(connections_closed=0)
        found = verdict.of_trial(builders.waited(cell=cell, opened=opened, surroundings=quiet))
        assert found.verdict is expected
        if expected is Verdict.REFUSED:
            assert found.reason == (
                "989 of 1000 connections were open in the middle of the load, 989 accepted; "
                "the kernel keeps net.core.somaxconn for a server to accept"
            )

    def test_generator_and_upstream_share_their_cpus(self) -> None:
        made = builders.waited()
        assert made.load is not None
        half = replace(made, load=replace(made.load, cpu_ns=10 * SECOND_NS))
        assert verdict.generator_busy(at_once(half, cpu_ns=4 * SECOND_NS)) == pytest.approx(0.7)
        full = at_once(half, cpu_ns=9 * SECOND_NS)
        assert verdict.of_trial(full) == Failure(Verdict.GENERATOR_BOUND, "wrk and the upstream used 95% of their CPU")
        two = Placement(server=(0,), generator=(1, 2), shared=False)
        assert verdict.generator_busy(replace(full, placement=two)) == pytest.approx(0.5)
        assert verdict.generator_busy(at_once(half, cpu_ns=None)) == pytest.approx(0.5)


class TestRows:
    def test_what_was_measured_stands_beside_its_model(self) -> None:
        row = only(builders.waited())
        seen = row.waiting
        assert seen is not None
        assert row.requests_per_second is not None
        assert row.requests_per_second.mean == pytest.approx(19.5)
        assert (seen.client, seen.max_clients, seen.own_limit, seen.delay_us) == (Client.ASYNC, 10, True, HALF_S)
        assert (seen.model_per_second, seen.model_held, seen.held_max) == (20, 10, 10)
        assert seen.ratio == pytest.approx(0.975)
        assert seen.far is False
        assert (seen.served, seen.established, seen.accepted) == (390, 20, 20)
        assert (seen.connections_lost, seen.over_2_s, seen.idle_memory_bytes) == (0, 0, 30 << 20)

    def test_a_limit_of_the_cell_is_in_force(self) -> None:
        cell = builders.cell(adapter="tornado-upstream-async", depth=1, connections=20, max_clients=100)
        seen = only(builders.waited(cycles=78, cell=cell)).waiting
        assert seen is not None
        assert (seen.max_clients, seen.own_limit, seen.model_per_second) == (100, False, 40)
        assert seen.ratio == pytest.approx(0.975)

    @pytest.mark.parametrize(("cycles", "far"), [(39, False), (37, True), (43, True)])
    def test_a_row_far_from_its_model_is_marked(self, cycles: int, far: bool) -> None:
        row = only(builders.waited(cycles=cycles))
        assert row.waiting is not None
        assert row.waiting.far is far
        assert upstream.verdict(row) == ("OFF ITS MODEL by more than 5%" if far else "as its model says")
        assert bool(upstream.note(row)) is far

    def test_without_a_delay_there_is_no_model(self) -> None:
        seen = only(at_once(builders.waited(), delay_us=0)).waiting
        assert seen is not None
        assert (seen.model_per_second, seen.ratio, seen.far) == (None, None, None)

    def test_a_failed_row_has_no_rate_to_compare(self) -> None:
        died = builders.stopped(code=None, signal="SIGKILL", before_stop=True)
        row = only(builders.waited(exit=died))
        assert row.waiting is not None
        assert (row.waiting.model_per_second, row.waiting.ratio, row.waiting.far) == (20, None, None)

    def test_responses_beyond_wrks_own_time_out_are_counted(self) -> None:
        made = builders.waited()
        assert made.load is not None
        slow = replace(made.load, histogram=Histogram.of([(2_000_000, 5), (2_000_001, 7), (9_000_000, 1)]))
        seen = only(replace(made, load=slow)).waiting
        assert seen is not None
        assert seen.over_2_s == 8

    def test_the_fewest_that_were_open_are_told(self) -> None:
        trials = [builders.waited(opened=Opened(20, accepted)) for accepted in (20, 7, 12)]
        (row,) = rows.rows(head(), trials)
        assert row.waiting is not None
        assert row.waiting.accepted == 7

    def test_a_server_of_the_other_scenario_does_not_wait(self) -> None:
        run = builders.run()
        (row,) = rows.rows(run, [builders.trial()])
        assert row.waiting is None


class TestPublished:
    @pytest.mark.parametrize(
        ("adapter", "connections", "figure"),
        [
            ("tornado-upstream-async", 5, 9.75),
            ("tornado-upstream-async", 10, 19.06),
            ("tornado-upstream-async", 20, 19.44),
            ("tornado-upstream-blocking", 5, 1.96),
            ("tornado-upstream-blocking", 10, 1.96),
            ("tornado-upstream-blocking", 20, 1.96),
            ("aiohttp-upstream-async", 20, None),
            ("tornado-upstream-async", 50, None),
        ],
    )
    def test_each_figure_stands_at_its_row(self, adapter: str, connections: int, figure: float | None) -> None:
        cell = builders.cell(adapter=adapter, depth=1, connections=connections)
        row = only(builders.waited(cell=cell), name=adapter)
        assert upstream.published(row) == figure

    def test_siege(self) -> None:
        for adapter, figure in (("tornado-upstream-blocking", 4.48), ("tornado-upstream-async", 14.08)):
            cell = builders.cell(adapter=adapter, depth=1, connections=10)
            row = only(at_once(builders.waited(cell=cell), delay_us=150_000), name=adapter)
            assert upstream.published(row) == figure

    def test_not_at_one_with_another_limit_or_more_workers(self) -> None:
        for changes in ({"max_clients": 100}, {"workers": 2}):
            cell = builders.cell(adapter="tornado-upstream-async", depth=1, connections=20, **changes)
            assert upstream.published(only(builders.waited(cell=cell))) is None


class TestTables:
    def drawn(self, run: Run, found: tuple[Row, ...]) -> str:
        out = io.StringIO()
        console = Console(file=out, width=250, highlight=False)
        for item in standard.terminal(run, found, upstream.layout(run)):
            console.print(item)
        return out.getvalue()

    def both(self, run: Run, found: tuple[Row, ...]) -> tuple[str, str]:
        return self.drawn(run, found), upstream.markdown(run, found)

    def test_with_a_delay_the_model_and_what_was_published(self) -> None:
        run = head()
        for text in self.both(run, rows.rows(run, [builders.waited()])):
            assert "20 connections · 500 ms at the upstream · 1 worker" in text
            (line,) = (one for one in text.splitlines() if "tornado, AsyncHTTPClient" in one)
            figures = [part for part in line.replace("|", " ").split() if part[0].isdigit()]
            assert figures == ["3.14.5", "3.13.0", "10", "19.50", "19.44", "20.00", "97.5", "10"]
            assert "as its model says" in line

    def test_a_row_off_its_model_is_marked_with_the_reason(self) -> None:
        run = head()
        for text in self.both(run, rows.rows(run, [builders.waited(cycles=30)])):
            assert "OFF ITS MODEL by more than 5%" in text
            assert "neither was busy" in text

    def test_more_at_once_than_the_model_allows_is_told(self) -> None:
        run = head()
        for text in self.both(run, rows.rows(run, [at_once(builders.waited(), held_max=11)])):
            assert "the upstream held 11 at once, more than the 10 of the model" in text

    def test_a_client_without_a_limit_shows_none_and_one_that_blocks_one(self) -> None:
        for client, limit in ((Client.ASYNC, NOTHING), (Client.BLOCKING, "1")):
            row = only(builders.waited(), client=client, max_clients=None)
            assert upstream.cells(head(), row)[upstream.headings(head()).index("limit")] == limit

    def test_without_a_delay_what_became_of_the_connections(self) -> None:
        cell = builders.cell(adapter="tornado-upstream-async", depth=1, connections=1000)
        trial = at_once(builders.waited(cell=cell, opened=Opened(1000, 998)), delay_us=0)
        run, found = swept(trial)
        for text in self.both(run, found):
            assert "1000 connections · no delay at the upstream" in text.replace("1 000", "1000")
            assert "998" in text
            assert "30.0 MiB" in text
            assert "40.0 MiB" in text

    def test_several_numbers_of_connections_are_one_table_and_the_largest_in_full(self) -> None:
        def trial(connections: int, adapter: str = "tornado-upstream-async", **changes: Any) -> Trial:
            cell = builders.cell(adapter=adapter, depth=1, connections=connections)
            opened = Opened(connections, connections)
            return at_once(builders.waited(cycles=40, cell=cell, opened=opened, **changes), delay_us=0)

        died = builders.stopped(code=None, signal="SIGKILL", before_stop=True)
        run = replace(
            head(profile="upstream-sweep"),
            adapters=(builders.waiting_record(), builders.waiting_record(name="other", title="other")),
        )
        trials = [trial(1000), trial(2000), trial(1000, "other"), trial(2000, "other", exit=died)]
        text = upstream.markdown(run, rows.rows(run, trials))
        rates = "| server | 1 000 | 2 000 |\n| --- | ---: | ---: |\n| other | 20.0 | crashed |\n"
        assert rates + "| tornado, AsyncHTTPClient | 20.0 | 20.0 |\n" in text
        assert text.count("| 40.0 MiB | 40.0 MiB |") == 2
        assert "### 2 000 connections" in text
        assert "### 1 000 connections" not in text
        assert "killed by SIGKILL" in text

    def test_a_failure_tells_its_reason_and_what_got_through(self) -> None:
        died = builders.stopped(code=None, signal="SIGKILL", before_stop=True)
        run, found = swept(builders.waited(exit=died, errors=(LogError("MemoryError", 2),)))
        for text in self.both(run, found):
            assert "killed by SIGKILL; 390 requests got through; log: MemoryError (and 1 more)" in text

    def test_what_cannot_run_is_listed_with_its_reason(self) -> None:
        run = head(unavailable="no CPython >=3.6,<3.7 here")
        for text in self.both(run, rows.rows(run, [])):
            assert "Not available here" in text
            assert "3.6" in text
            assert "got through" not in text

    def test_every_row_has_a_figure_or_a_sign_for_each_heading(self) -> None:
        for profile in ("upstream-ab", "upstream-sweep"):
            run = head(profile=profile)
            (row,) = rows.rows(run, [builders.waited()])
            assert len(upstream.cells(run, row)) == len(upstream.headings(run))
            assert all(upstream.cells(run, row))


class TestRecords:
    def test_those_of_before_this_scenario_are_read(self) -> None:
        """What is not in them was not observed."""
        for record, kind, names in (
            (builders.trial(), Trial, ("upstream", "opened")),
            (builders.cell(), Cell, ("max_clients",)),
            (builders.plan(), Plan, ("delay_us", "max_clients")),
        ):
            raw = msgspec.to_builtins(record, enc_hook=list)
            for name in names:
                del raw[name]
            assert msgspec.convert(raw, kind, dec_hook=_histogram) == record

    def test_those_of_it_come_back_as_they_were(self) -> None:
        trial = builders.waited(cell=builders.cell(max_clients=100))
        assert msgspec.json.decode(store.encode(trial), type=Trial, dec_hook=_histogram) == trial


def _histogram(_kind: type[Any], pairs: Any) -> Histogram:
    return Histogram.of(pairs)
