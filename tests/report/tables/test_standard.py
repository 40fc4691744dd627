"""The tables: what they show, and that other people's words cannot change how."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from runner.record.adapter import Build, Jit
from runner.record.plaintext import plain
from runner.record.plan import Headers
from runner.record.run import AdapterRecord, ConformanceSummary, Run
from runner.record.trial import Exit, LogError, Trial, Verdict
from runner.report.tables import standard
from runner.rows import rows
from runner.rows.figures import NOTHING
from runner.rows.row import Group, Row, Witness, WrkLatency
from tests import builders
from tests.builders import SECOND_NS
from tests.rows.test_rows import at

HOSTILE = "<script>alert(1)</script> | `a` [b](c) *d* _e_ ~~f~~ &lt; \\ [/x] [red]"


def _run(*adapters: AdapterRecord, **changes: Any) -> Run:
    return builders.run(adapters=adapters, plan=builders.plan(baseline="fasthttp"), **changes)


def _matrix() -> tuple[Run, list[Trial]]:
    """One that is a bound, one measured, one that crashed, one unavailable."""
    run = _run(
        builders.adapter_record(name="aiohttp", title="aiohttp"),
        builders.adapter_record(name="fasthttp", title="fasthttp", version="1.77.0", python=None),
        builders.adapter_record(name="japronto", title="japronto", version="0.1.2", python="3.7.16"),
        builders.adapter_record(name="gone", title="gone", unavailable="no CPython 3.2 here"),
        conformance=(
            ConformanceSummary("aiohttp", "3.13.0", "serial", "", passed=30, noted=0, failed=0),
            ConformanceSummary("japronto", "3.7.16", "broken", "loses a response", passed=3, noted=0, failed=27),
        ),
    )
    fast = at(1.5, cell=builders.cell(adapter="fasthttp", python=None))
    assert fast.load is not None
    died = Exit(code=None, signal="SIGABRT", killed=False, before_stop=True)
    japronto = builders.cell(adapter="japronto", python="3.7.16")
    return run, [
        *(at(factor) for factor in (0.99, 1.0, 1.01)),
        *(replace(fast, load=replace(fast.load, cpu_ns=SECOND_NS)) for _ in range(2)),
        at(0.01, cell=japronto, exit=died, errors=(LogError("free(): invalid pointer", 1),)),
    ]


@pytest.fixture
def matrix() -> tuple[Run, tuple[Row, ...]]:
    run, trials = _matrix()
    return run, rows.rows(run, trials)


def _golden(name: str) -> str:
    return (Path(__file__).parent / "golden" / name).read_text()


def drawn(run: Run, found: tuple[Row, ...]) -> str:
    out = io.StringIO()
    console = Console(file=out, width=300, highlight=False)
    for item in standard.terminal(run, found, standard.layout(run)):
        console.print(item)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


class TestTerminal:
    def test_the_whole_of_it(self, matrix: tuple[Run, tuple[Row, ...]]) -> None:
        text = drawn(*matrix)
        assert text[text.index("depth") :] + "\n" == _golden("terminal.txt")

    def test_words_of_others_are_shown_as_they_are(self) -> None:
        record = builders.adapter_record(title=HOSTILE, version="[1]", python="[/3]")
        trial = builders.trial(cell=builders.cell(python="[/3]"), errors=(LogError(HOSTILE, 1),))
        found = rows.rows(_run(record), [trial])
        text = drawn(_run(record), found)
        assert text.count(HOSTILE) == 3  # in the row, and in its note as name and as log
        assert "[1]" in text
        assert "[/3]" in text
        missing = replace(found[0], depth=None, connections=None, workers=None, verdict=Verdict.UNAVAILABLE)
        assert drawn(_run(record), (missing,)).count(HOSTILE) == 2

    def test_a_note_names_the_interpreter_where_there_are_several(self) -> None:
        pythons = ("3.12.1", "3.13.0")
        run = _run(*(builders.adapter_record(python=python) for python in pythons))
        logged = (LogError("ValueError: no", 1),)
        trials = [builders.trial(cell=builders.cell(python=python), errors=logged) for python in pythons]
        text = drawn(run, rows.rows(run, trials))
        for python in pythons:
            assert f"  aiohttp on CPython {python}: log: ValueError: no" in text
        assert "  aiohttp: log: ValueError: no" in drawn(run, rows.rows(run, trials[:1]))

    def test_so_is_the_baselines_name(self) -> None:
        run = replace(_run(builders.adapter_record(title="[/x]")))
        assert "[/x]" in drawn(run, rows.rows(run, [builders.trial()]))


class TestMarkdown:
    def test_the_whole_of_it(self, matrix: tuple[Run, tuple[Row, ...]]) -> None:
        text = standard.markdown(*matrix)
        assert text[text.index("### ") :] == _golden("table.md")

    @given(st.text() | st.just(HOSTILE), st.text() | st.just(HOSTILE))
    def test_words_of_others_are_shown_as_they_are_and_stay_in_their_cell(self, title: str, log: str) -> None:
        """Read by a Markdown implementation that is not ours."""
        record = builders.adapter_record(title="x" + title + "x")
        run = _run(record)
        text = standard.markdown(run, rows.rows(run, [builders.trial(errors=(LogError("x" + log + "x", 1),))]))
        html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text[text.index("### ") :])
        found = [unescape(cell.partition("</td>")[0]) for cell in html.split("<td>")[1:]]
        assert len(found) == 6, (
            html
        )  # those at the left have no style: server, version, Python, pipelining, verdict, note
        assert _plain(found[0]) == _plain("x" + title + "x")
        assert _plain(found[-1]) == _plain(f"log: x{log}x")
        assert "<script" not in html

    def test_a_run_without_rows_is_its_summary(self) -> None:
        assert "| " not in standard.markdown(_run(), ())


def _plain(text: str) -> str:
    """White space as Markdown leaves it; what is not printable is replaced, as in every table."""
    return " ".join(plain(text).split())


class TestSummary:
    def test_it_says_of_what_the_tables_are(self, matrix: tuple[Run, tuple[Row, ...]]) -> None:
        run, found = matrix
        lines = standard.summary(run, found)
        assert lines[0] == "run 20261121T000000-default, profile default, 1 s a trial, 6 trials"
        assert lines[1] == (
            "Some CPU, 2 CPUs (server on 0, load on 1), 8 GiB, Debian GNU/Linux 13 (trixie), Linux 6.1.0, wrk 4.1.0"
        )

    def test_a_clean_and_precise_run_has_nothing_else_to_say(self) -> None:
        run = _run(builders.adapter_record())
        found = rows.rows(run, [at(factor) for factor in (0.9999, 1.0, 1.0001)])
        assert len(standard.summary(run, found)) == 2

    def test_what_is_not_clean_is_said(self) -> None:
        placement = replace(builders.run().placement, shared=True)
        run = _run(builders.adapter_record(), finished_at=None, placement=placement)
        noisy = builders.surroundings(steal_ns=SECOND_NS)
        lines = standard.summary(run, rows.rows(run, [at(1.0, surroundings=noisy)]))[2:]
        assert lines == [
            "This run is not complete: pipebench run --resume 20261121T000000-default",
            "Disturbed by other work on the machine: 1 trial",
            "Server and load generator shared their CPUs: every rate is too low",
            "Not within ±3%: 1 of 1 rows",
        ]

    def test_more_workers_than_cpus_are_said(self) -> None:
        run = replace(_run(builders.adapter_record()), plan=builders.plan(workers=(1, 3)))
        assert standard.summary(run, ())[2:] == ["Workers shared CPUs: up to 3 on 1"]

    def test_a_fixed_number_of_trials_has_no_precision_to_miss(self) -> None:
        run = replace(_run(builders.adapter_record()), plan=builders.plan(trials=1))
        assert len(standard.summary(run, rows.rows(run, [at(1.0)]))) == 2


class TestCsv:
    def test_it_reads_back(self, matrix: tuple[Run, tuple[Row, ...]]) -> None:
        _, found = matrix
        read = list(csv.DictReader(io.StringIO(standard.as_csv(found))))
        assert [line["adapter"] for line in read] == ["fasthttp", "aiohttp", "japronto", "gone"]
        aiohttp = next(row for row in found if row.adapter == "aiohttp")
        assert aiohttp.requests_per_second is not None
        assert float(read[1]["requests_per_second.mean"]) == aiohttp.requests_per_second.mean
        assert read[1]["batch_latency_us.p50"] == "2500"
        assert read[0]["verdict"] == "generator-bound"

    def test_what_was_not_measured_is_empty_and_never_zero(self, matrix: tuple[Run, tuple[Row, ...]]) -> None:
        gone = list(csv.DictReader(io.StringIO(standard.as_csv(matrix[1]))))[-1]
        counted = {"trials", "disturbed_trials", "requests", "error_count"}
        known = {"adapter", "title", "version", "python", "kind", "verdict", "reason"}
        assert {name for name, value in gone.items() if value == "0"} == counted
        assert {name for name, value in gone.items() if value} == counted | known

    def test_its_columns_are_the_same_whatever_was_measured(self, matrix: tuple[Run, tuple[Row, ...]]) -> None:
        _, found = matrix
        headers = {standard.as_csv(some).splitlines()[0] for some in (found, found[:1], found[-1:], ())}
        assert len(headers) == 1
        names = headers.pop().split(",")
        assert "requests_per_second" not in names
        assert {"requests_per_second.low", "rank.high", "errors.timeout", "times_baseline.bound"} <= set(names)

    def test_words_of_others_stay_in_their_field(self) -> None:
        record = builders.adapter_record(title='a,"b" c')
        found = rows.rows(_run(record), [builders.trial()])
        (read,) = csv.DictReader(io.StringIO(standard.as_csv(found)))
        assert read["title"] == 'a,"b" c'


class TestJson:
    def test_it_reads_back(self, matrix: tuple[Run, tuple[Row, ...]]) -> None:
        run, found = matrix
        read = json.loads(standard.as_json(run, found))
        assert set(read) >= {"schema", "run", "machine", "rows"}
        assert read["machine"]["cpu_model"] == "Some CPU"
        assert read["run"]["id"] == run.id
        assert [row["adapter"] for row in read["rows"]] == [row.adapter for row in found]

    def test_every_row_has_what_the_design_promises(self, matrix: tuple[Run, tuple[Row, ...]]) -> None:
        promised = """adapter title version python kind depth connections workers trials verdict reason
            requests_per_second cpu_us_per_request rank batch_latency_us wrk_latency_us errors
            bytes_per_response peak_memory_bytes error_log"""
        read = json.loads(standard.as_json(*matrix))["rows"]
        for row in read:
            assert set(promised.split()) <= set(row)
        measured = read[1]
        assert set(measured["requests_per_second"]) == {"mean", "low", "high"}
        assert set(measured["cpu_us_per_request"]) == {"mean", "low", "high"}
        assert set(measured["batch_latency_us"]) >= {"p50", "p75", "p90", "p99", "p99_9", "max", "exact"}
        assert set(measured["wrk_latency_us"]) == {"p50", "p75", "p90", "p99"}
        assert set(measured["errors"]) == {"connect", "read", "write", "timeout", "status"}

    def test_what_was_not_measured_is_null(self, matrix: tuple[Run, tuple[Row, ...]]) -> None:
        read = {row["adapter"]: row for row in json.loads(standard.as_json(*matrix))["rows"]}
        for name in ("requests_per_second", "cpu_us_per_request", "rank", "batch_latency_us", "times_baseline"):
            assert read["gone"][name] is None
            assert read["japronto"][name] is None
        assert read["gone"]["depth"] is None


class TestSeed:
    def test_wrks_figures_stand_beside_the_true_ones(self, matrix: tuple[Run, tuple[Row, ...]]) -> None:
        assert standard.seed_table(matrix[1]) == _golden("seed.md")

    @pytest.mark.parametrize(
        ("us", "text"),
        [
            (0, "0.00us"),
            (999, "999.00us"),
            (1000, "1.00ms"),
            (12_345, "12.35ms"),
            (1_500_000, "1.50s"),
            (None, NOTHING),
        ],
    )
    def test_wrks_are_as_wrk_prints_them(self, us: int | None, text: str) -> None:
        printed = None if us is None else WrkLatency(us, us, us, us)
        (row,) = rows.rows(_run(builders.adapter_record()), [builders.trial()])
        assert f"| {text} / 2.50 ms |" in standard.seed_table([replace(row, wrk_latency_us=printed)])


class TestWitness:
    @pytest.mark.parametrize(
        ("agrees", "shown"), [(True, "yes"), (False, "NO"), (None, r"not comparable (wrk was the limit)")]
    )
    def test_both_generators_stand_side_by_side(self, agrees: bool | None, shown: str) -> None:
        (row,) = rows.rows(_run(builders.adapter_record()), [builders.trial()])
        seen = Witness(
            requests_per_second=98_000.4,
            mean_latency_us=2600.0,
            rate_ratio=None if agrees is None else 0.98,
            latency_ratio=None if agrees is None else 1.04,
            agrees=agrees,
            reason=None if agrees else "wrk was the limit",
        )
        table = standard.witness_table(builders.run(), [row, replace(row, witness=seen)])
        ratios = (NOTHING, NOTHING) if agrees is None else ("0.98", "1.04")
        assert table.startswith("| server | depth | requests/s wrk | h2load | ratio | mean latency wrk | h2load |")
        assert table.splitlines()[2:] == [
            f"| aiohttp | 5 | 99 875 | 98 000 | {ratios[0]} | 2.50 ms | 2.60 ms | {ratios[1]} | {shown} |"
        ]


def test_groups_are_titled_by_what_their_rows_share() -> None:
    assert standard.group_title(Group(1, 50, 5)) == "depth 5 · 50 connections · 1 worker"
    assert standard.group_title(Group(4, 200, 16)) == "depth 16 · 200 connections · 4 workers"
    browser = Group(1, 50, 1, Headers.BROWSER)
    assert standard.group_title(browser) == "depth 1 · 50 connections · 1 worker · a browser's headers"


def test_more_cpus_than_workers_are_told_above_the_tables() -> None:
    head = builders.run(plan=builders.plan(server_cpus=2))
    assert "CPUs of a server: 2" in standard.summary(head, ())
    assert not [line for line in standard.summary(builders.run(), ()) if "CPUs of a server" in line]


class TestBuilds:
    PLAIN = Build(False, False, False, debug=False, free_threaded=False, gil=True, jit=Jit.NONE)
    FAST = replace(PLAIN, pgo=True, lto=True)

    def headings_and_summary(self, *builds: Build) -> tuple[tuple[str, ...], list[str], tuple[Row, ...]]:
        records = tuple(
            builders.adapter_record(python=f"3.1{at}.0", build=build) for at, build in enumerate(builds, start=2)
        )
        cells = tuple(builders.cell(python=record.python) for record in records)
        run = builders.run(adapters=records, cells=cells)
        made = rows.rows(run, [at(1.5, cell=cell) for cell in cells])
        return standard.headings(run), standard.summary(run, made), made

    def test_they_have_a_column_where_they_vary(self) -> None:
        names, _, made = self.headings_and_summary(self.PLAIN, self.FAST)
        place = names.index("build")
        assert names[place - 1] == "Python"
        shown = {standard.cells(row, built=True)[place] for row in made}
        assert shown == {"not optimized", "PGO+LTO"}

    def test_one_for_all_has_none_and_is_said_where_it_is_slow(self) -> None:
        names, said, _ = self.headings_and_summary(self.PLAIN, self.PLAIN)
        assert "build" not in names
        assert "CPython built without optimizations: 3.12.0 (not optimized), 3.13.0 (not optimized)" in said
        _, said, _ = self.headings_and_summary(self.FAST)
        assert not [line for line in said if line.startswith("CPython")]
