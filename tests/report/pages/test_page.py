"""The page: complete, the same figures as the tables, and nothing in it but its own script and style."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from runner.judging.stats import RankRange
from runner.record import store
from runner.record.adapter import Kind, Taken, Tuning
from runner.record.run import AdapterRecord, Finding, Level, Run
from runner.record.trial import Exit, LogError, Trial, Verdict
from runner.report.charts import charts, rates
from runner.report.charts.shapes import Dots
from runner.report.pages import drawn, findings, html, origin, page, results, servers
from runner.report.tables import standard
from runner.rows import figures, rows
from runner.rows.row import Estimate, Paced
from tests import builders, html_tree
from tests.html_tree import Element

PUBLISHED = Path(__file__).parents[3] / "results" / "published"
RUNS = sorted(path.parent.name for path in PUBLISHED.glob(f"*/{store.RUN_FILE}"))
DIED = Exit(code=None, signal="SIGABRT", killed=False, before_stop=True)
SCRIPT = "<script>alert(1)</script>"


def rendered(head: Run, trials: Sequence[Trial], log: str | None = None) -> str:
    found = rows.rows(head, trials)
    return page.render(head, found, trials, lambda _: log, charts.drawings(head, found, trials))


@cache
def published(name: str) -> tuple[Run, tuple[Trial, ...], str]:
    head, trials = store.read(PUBLISHED / name)
    return head, trials, rendered(head, trials)


@pytest.fixture(scope="module")
def document() -> Element:
    return html_tree.parse(rendered(*builders.matrix(adapters=3, depths=(1, 5))))


def section(document: Element, name: str) -> Element:
    (found,) = [one for one in document.every("section") if one.attributes.get("aria-labelledby") == name]
    return found


def result_cells(document: Element) -> list[list[str]]:
    body = document.by_id("results-table").only("tbody")
    return [[cell.text for cell in row.children if isinstance(cell, Element)] for row in body.every("tr")]


class TestResults:
    @pytest.mark.parametrize("name", RUNS)
    def test_every_figure_is_that_of_the_tables_to_the_digit(self, name: str) -> None:
        head, trials, text = published(name)
        found = rows.rows(head, trials)
        document = html_tree.parse(text)
        headings = [cell.text for cell in document.by_id("results-table").only("thead").every("th")]
        expected = standard.layout(head)
        shown = [dict(zip(headings, cells, strict=True)) for cells in result_cells(document)]
        shared = [heading for heading in headings if heading in expected.headings]
        assert set(expected.headings) - set(shared) <= {"p75", "p90", f"× {head.plan.baseline}"}  # noqa: RUF001
        for cells, row in zip(shown, found, strict=True):
            told = dict(zip(expected.headings, expected.cells(row), strict=True))
            told["verdict"] += figures.note(row)  # the note unfolds below it
            for heading in (one for one in shared if one.startswith("p99 at")):
                told[heading] = re.split(" [±×]", told[heading])[0]  # noqa: RUF001 - a server's view has its reach
                cells[heading] = cells[heading].removeprefix("≈ ")
            assert {heading: cells[heading] for heading in shared} == {heading: told[heading] for heading in shared}
        assert [cells["depth"] for cells in shown] == [
            figures.NOTHING if row.depth is None else str(row.depth) for row in found
        ]

    @pytest.mark.parametrize("name", RUNS)
    def test_a_servers_own_view_has_all_percentiles_of_its_rows(self, name: str) -> None:
        head, trials, text = published(name)
        document = html_tree.parse(text)
        seen = 0
        for row in rows.rows(head, trials):
            if row.depth is not None:
                view = document.by_id(row.adapter)
                lines = [[cell.text for cell in line.every("td")] for line in view.every("tr")]
                found = row.batch_latency_us
                expected = [figures.rate(row), figures.uncertainty(row), figures.rank(row), figures.cpu_cost(row)]
                names = ("p50", "p75", "p90", "p99", "p99_9", "max")
                expected += [figures.duration(getattr(found, name, None)) for name in names]
                assert any(line[: len(expected)] == expected for line in lines), row.title
                seen += 1
        assert seen

    def test_what_a_cell_is_sorted_by_is_its_figure(self, document: Element) -> None:
        head, trials = builders.matrix(adapters=3, depths=(1, 5))
        names = [column.heading for column in results.columns(head, rows.rows(head, trials))]
        for row, element in zip(
            rows.rows(head, trials), document.by_id("results-table").only("tbody").every("tr"), strict=True
        ):
            cells = [cell for cell in element.children if isinstance(cell, Element)]
            assert row.requests_per_second is not None
            assert (
                float(cells[names.index("requests/s")].attributes["data-value"] or "") == row.requests_per_second.mean
            )

    def test_what_was_not_measured_has_nothing_to_be_sorted_by(self) -> None:
        head, trials = builders.matrix(adapters=1, depths=(5,))
        crashed = [replace(trial, exit=DIED) for trial in trials]
        columns = results.columns(head, rows.rows(head, crashed))
        (row,) = rows.rows(head, crashed)
        cells = results.result_row(head, [row], row).cells
        for column, cell in zip(columns, cells, strict=True):
            assert (cell.value is None) == (cell.text == figures.NOTHING), column.heading

    def test_it_can_be_filtered_by_what_there_is(self) -> None:
        head, trials = builders.matrix(adapters=2, depths=(1, 16))
        other = replace(head.adapters[1], kind=Kind.BASELINE)
        found = rows.rows(replace(head, adapters=(head.adapters[0], other)), trials)
        assert [(choice.name, choice.values) for choice in results.choices(found)] == [
            ("depth", ("1", "16")),
            ("kind", ("baseline", "framework")),
            ("python", ("3.13.0",)),
        ]

    def test_connections_stand_there_only_where_they_vary(self) -> None:
        head, trials = builders.matrix(adapters=1, depths=(5,))
        more = [*trials, *(replace(trial, cell=replace(trial.cell, connections=100)) for trial in trials)]
        names = [[column.heading for column in results.columns(head, rows.rows(head, some))] for some in (trials, more)]
        assert ["connections" in one for one in names] == [False, True]
        assert all("depth" in one for one in names)

    def test_what_a_response_holds_stands_there_where_it_was_recorded(self) -> None:
        head, trials = builders.matrix(adapters=1, depths=(5,))
        seen = [replace(one, check=builders.check(fields=("date", "content-type"))) for one in trials]
        names = [[column.heading for column in results.columns(head, rows.rows(head, some))] for some in (trials, seen)]
        assert [{"bytes", "sends"} <= set(one) for one in names] == [False, True]
        (row,) = rows.rows(head, seen)
        cells = dict(zip(names[1], results.result_row(head, [row], row).cells, strict=True))
        assert (cells["bytes"].text, cells["bytes"].value) == (str(builders.RESPONSE_BYTES), builders.RESPONSE_BYTES)
        assert cells["sends"].text == "D"


class TestTuning:
    def test_each_recommendation_stands_beside_its_server_with_a_link(self) -> None:
        advice = (
            Tuning("uvloop", "https://example.org/a", "2026-11-26", Taken.PART, SCRIPT),
            Tuning("nothing", "javascript:alert(1)", "2026-11-26"),
        )
        head, trials = builders.matrix(adapters=1, depths=(5,))
        told = replace(head, adapters=(replace(head.adapters[0], tuning=advice),))
        document = html_tree.parse(rendered(told, trials))
        body = section(document, "tuning").only("tbody")
        first, second = [[cell.text for cell in row.children if isinstance(cell, Element)] for row in body.every("tr")]
        assert first == ["adapter 0", "uvloop", "in part", SCRIPT, "https://example.org/a, 2026-11-26"]
        assert second == ["adapter 0", "nothing", figures.NOTHING, "", "javascript:alert(1), 2026-11-26"]
        assert [link.attributes["href"] for link in body.every("a")] == [
            "#adapter-0",
            "https://example.org/a",
            "#adapter-0",
        ]
        assert "#tuning" in [link.attributes["href"] for link in document.only("nav").every("a")]

    def test_a_record_without_any_has_no_such_section(self, document: Element) -> None:
        assert not [one for one in document.every("section") if one.attributes.get("aria-labelledby") == "tuning"]


class TestContents:
    def test_sections_stand_in_their_order_and_can_be_reached(self, document: Element) -> None:
        links = [link.attributes["href"] for link in document.only("nav").every("a")]
        assert links == [
            "#results",
            "#throughput",
            "#gain",
            "#sweep",
            "#latency",
            "#printed",
            "#conformance",
            "#failures",
            "#machine",
            "#method",
            "#reproduce",
        ]
        ids = [element.attributes.get("id") for element in document.every("h2")]
        assert [f"#{name}" for name in ids if name not in {"first", None}] == links

    def test_no_id_is_given_twice(self, document: Element) -> None:
        ids = [element.attributes["id"] for element in document.every("*") if "id" in element.attributes]
        assert len(set(ids)) == len(ids)

    def test_every_reference_within_the_page_leads_somewhere(self) -> None:
        head, trials = builders.matrix(adapters=10, depths=(1, 5))
        text = rendered(head, trials)
        ids = set(re.findall(r'\bid="([^"]+)"', text))
        assert set(re.findall(r'\bhref="#([^"]+)"', text)) <= ids
        assert {f"adapter-{number}" for number in range(10)} <= ids

    def test_every_chart_is_said_in_words_and_has_its_table(self, document: Element) -> None:
        head, trials = builders.matrix(adapters=3, depths=(1, 5))
        drawings = charts.drawings(head, rows.rows(head, trials), trials)
        drawn = list(document.every("figure"))
        assert [figure.attributes["id"] for figure in drawn] == [drawing.name for drawing in drawings]
        for figure, drawing in zip(drawn, drawings, strict=True):
            assert figure.only("h3").text == drawing.title
            assert figure.only("figcaption").text == drawing.caption
            images = [one for one in figure.every("svg") if "viewBox" not in one.attributes]
            assert {image.attributes.get("aria-hidden") for image in images} <= {"true", None}
            body = figure.only("table").only("tbody")
            assert [[c.text for c in row.children if isinstance(c, Element)] for row in body.every("tr")] == [
                list(cells) for cells in drawing.cells
            ]
            assert tuple(row.attributes["data-server"] for row in body.every("tr")) == drawing.keys

    def test_a_row_of_dots_says_its_server_and_its_figure_in_words(self, document: Element) -> None:
        head, trials = builders.matrix(adapters=3, depths=(1, 5))
        for row in rows.rows(head, trials):
            lines = [
                (one.attributes.get("data-server"), one.text)
                for one in document.by_id(f"throughput-d{row.depth}-c50-w1").every("div")
                if one.attributes.get("role") == "listitem"
            ]
            assert (row.adapter, row.title + figures.rate_or_verdict(row)) in lines

    def test_where_a_dot_stands_is_its_place_on_the_axis(self) -> None:
        head, trials = builders.matrix(adapters=3, depths=(1, 5))
        (drawing,) = [one for one in charts.drawings(head, rows.rows(head, trials), trials) if one.name == "overview"]
        made = drawn.drawn(drawing)
        assert isinstance(made, drawn.DrawnDots)
        assert isinstance(drawing.shape, Dots)
        low, high = drawing.shape.range
        for row, placed in zip(drawing.shape.rows, made.columns[0], strict=True):
            for dot, mark in zip(row.dots, placed.marks, strict=True):
                assert low * (high / low) ** (mark.at / 100) == pytest.approx(dot.value, rel=0.01)

    @pytest.mark.parametrize(("servers", "columns"), [(1, [1]), (24, [24]), (25, [13, 12]), (57, [29, 28])])
    def test_many_rows_stand_in_two_columns(self, servers: int, columns: list[int]) -> None:
        head, trials = builders.matrix(adapters=servers, depths=(5,))
        (drawing, *_) = charts.drawings(head, rows.rows(head, trials), trials)
        made = drawn.drawn(drawing)
        assert isinstance(made, drawn.DrawnDots)
        assert [len(column) for column in made.columns] == columns

    def test_every_table_and_log_that_may_scroll_can_be_reached_and_has_a_name(self, document: Element) -> None:
        scrolled = [one for one in document.every("div") if "scroll" in str(one.attributes.get("class", "")).split()]
        held = {id(table) for one in scrolled for table in one.every("table")}
        assert held == {id(table) for table in document.every("table")}
        labels = [one.attributes["aria-label"] for one in scrolled]
        assert len(set(labels)) == len(labels)
        assert {(one.attributes["role"], one.attributes["tabindex"]) for one in scrolled} == {("region", "0")}

    def test_without_its_script_the_page_shows_no_control_that_does_nothing(self, document: Element) -> None:
        assert "hidden" in document.by_id("filters").attributes
        assert not list(document.by_id("results-table").every("button"))

    def test_a_clean_run_says_so(self, document: Element) -> None:
        assert document.by_id("caveats").text == "No reservations"
        assert "hidden" in document.by_id("choice").attributes

    def test_reservations_are_one_line_of_counts_that_unfolds(self) -> None:
        head, trials = builders.matrix(adapters=1)
        head = replace(
            head, finished_at=None, findings=(Finding(Level.WARNING, "load average", "3", "trials are disturbed"),)
        )
        document = html_tree.parse(rendered(head, trials))
        first = next(document.only("main").every("section"))
        (unfolds,) = [one for one in first.every("details") if one.attributes.get("class") == "caveats"]
        assert unfolds.only("summary").text == ("Before you quote a figure: run not complete · machine: load average")
        assert [item.only("strong").text for item in unfolds.every("li")] == [
            "Run not complete:",
            "Machine: load average:",
        ]

    def test_the_first_section_says_what_was_measured_who_is_where_and_three_findings(self, document: Element) -> None:
        lead = next(one for one in document.every("p") if one.attributes.get("class") == "lead")
        assert lead.text == "3 servers · depth 1, 5 · 50 connections · 18 trials of 1 s · Some CPU, 2 CPUs · 2026-11-21"
        first = next(document.only("main").every("section"))
        assert [one.text for one in first.every("h3")][:3] == [
            "Who leads, in requests/s",
            "What pipelining gives",
            "Who fails",
        ]
        assert first.only("figure").attributes["id"] == "overview"

    @pytest.mark.parametrize(("adapters", "said"), [(4, "adapter 3"), (6, "one of 3 more")])
    def test_of_many_who_share_the_first_place_three_are_named(self, adapters: int, said: str) -> None:
        head, trials = builders.matrix(adapters=adapters, depths=(1,))
        alike = [replace(trial, load=trials[0].load) for trial in trials]
        first, *_ = findings.findings(head, rows.rows(head, alike))
        (line,) = first.lines
        assert line.startswith(f"Depth 1: adapter 0 or adapter 1 or adapter 2 or {said} (")

    def test_who_may_be_first_and_may_be_anywhere_does_not_lead(self) -> None:
        head, trials = builders.matrix(adapters=6, depths=(1,))
        made = rows.rows(head, trials)
        ranks = [RankRange(1, 1), RankRange(1, 6), *(RankRange(place, place) for place in range(2, 6))]
        made = tuple(replace(row, rank=rank) for row, rank in zip(made, ranks, strict=True))
        first, *_ = findings.findings(head, made)
        leads, left = first.lines
        assert leads.startswith(f"Depth 1: {made[0].title} (")
        assert left == f"Too uncertain to be placed: {made[1].title} at depth 1 (rank {made[1].rank})."

    def test_where_nobody_is_placed_all_share_the_first_place(self) -> None:
        head, trials = builders.matrix(adapters=2, depths=(1,))
        made = [replace(row, rank=RankRange(1, 2)) for row in rows.rows(head, trials)]
        first, *_ = findings.findings(head, made)
        (line,) = first.lines
        assert " or " in line

    @pytest.mark.parametrize(("title", "apart"), [("adapter", ", "), ("weft, WSGI", "; ")])
    def test_names_with_a_comma_in_them_are_told_apart(self, title: str, apart: str) -> None:
        head, trials = builders.matrix(adapters=3)
        adapters = tuple(replace(one, title=f"{title} {place}") for place, one in enumerate(head.adapters))
        head = replace(head, adapters=adapters)
        (gains,) = (one for one in findings.findings(head, rows.rows(head, trials)) if "gives" in one.subject)
        (line, *_) = gains.lines
        assert f"{apart}{title} " in line
        assert line.count(apart) == len(adapters) - 1

    def test_the_project_is_named_and_linked_where_it_is_known(self) -> None:
        head, trials = builders.matrix(adapters=1)
        found = rows.rows(head, trials)
        for home, links in ((None, []), ("../README.md", ["../README.md"])):
            text = page.render(head, found, trials, lambda _: None, (), page.Beside(home))
            (named,) = [p for p in html_tree.parse(text).every("p") if p.attributes.get("class") == "project"]
            assert named.text == f"async-pipeline-bench · run {head.id}"
            assert [link.attributes["href"] for link in named.every("a")] == links

    def test_it_says_where_an_adapter_is_not_in_the_commit_named(self) -> None:
        head, trials = builders.matrix(adapters=1)
        found = rows.rows(head, trials)
        beside = page.Beside(uncommitted=("frameworks/new/app.py",))
        text = section(html_tree.parse(page.render(head, found, trials, lambda _: None, (), beside)), "reproduce").text
        assert "Not in commit 0123456789ab, or not as measured: frameworks/new/app.py." in text
        changed = section(html_tree.parse(rendered(replace(head, revision="0123456789ab+"), trials)), "reproduce").text
        assert "Measured with changes to 0123456789ab that no commit holds." in changed

    def test_how_to_reproduce_it(self, document: Element) -> None:
        text = section(document, "reproduce").text
        assert "git checkout 0123456789ab\nmake setup\nuv run pipebench run" in text
        assert "Not in commit" not in text
        assert "aiohttp 3.14.5" in document.by_id("adapter-0").text

    def test_a_command_can_be_pasted_whatever_it_holds(self) -> None:
        run = builders.run(command=("pipebench", "run", "--only", "aio*,fast http"), revision=None)
        assert origin.commands(run) == "make setup\nuv run pipebench run --only 'aio*,fast http'"

    def test_no_conformance_is_told(self) -> None:
        head, trials = builders.matrix(adapters=1)
        unchecked = replace(head, plan=replace(head.plan, check=False))
        assert "--no-check" in section(html_tree.parse(rendered(unchecked, trials)), "conformance").text

    def test_what_is_not_available_is_told_with_its_reason(self) -> None:
        head, trials = builders.matrix(adapters=1)
        gone = builders.adapter_record(name="g", title="gone", unavailable="no CPython 3.2", log_tail=("one", "two"))
        document = html_tree.parse(rendered(replace(head, adapters=(*head.adapters, gone)), trials))
        found = section(document, "unavailable")
        assert "no CPython 3.2" in found.text
        assert found.only("pre").text == "one\ntwo"

    def test_a_run_of_which_nothing_could_be_run_has_a_page(self) -> None:
        run = builders.run(adapters=(builders.adapter_record(unavailable="not here"),), cells=())
        document = html_tree.parse(rendered(run, []))
        assert not list(document.every("figure"))
        assert [cells[0] for cells in result_cells(document)] == ["aiohttp"]


class TestFailures:
    def crashed(self, *errors: str) -> tuple[Run, list[Trial]]:
        head, trials = builders.matrix(adapters=1, depths=(5,))
        logged = tuple(LogError(text, 2) for text in errors)
        return head, [replace(trial, exit=DIED, errors=logged, log="logs/x/001-server.log") for trial in trials]

    def test_it_is_one_line_that_leads_to_the_servers_own_view(self) -> None:
        found = section(html_tree.parse(rendered(*self.crashed("boom"))), "failures")
        (line,) = found.every("li")
        assert line.text.startswith("adapter 0, depth 5 · 50 connections · 1 worker: crashed. Killed by SIGABRT")
        assert line.only("a").attributes["href"] == "#adapter-0"

    def test_a_failure_shows_the_place_in_its_log(self) -> None:
        log = "\n".join([*(f"line {n}" for n in range(50)), "boom", *(f"after {n}" for n in range(50))])
        found = html_tree.parse(rendered(*self.crashed("boom"), log=log)).by_id("adapter-0")
        assert [one.text for one in found.every("h3")] == ["depth 5 · 50 connections · 1 worker: crashed"]
        excerpt = found.only("pre").text.splitlines()
        assert excerpt[0] == "… 46 lines above"
        assert "boom" in excerpt
        assert "6 times" in found.text  # two in each of three trials

    def test_a_log_that_is_not_kept_is_named(self) -> None:
        found = html_tree.parse(rendered(*self.crashed("boom"))).by_id("adapter-0")
        assert "logs/x/001-server.log, is not kept" in found.text
        assert not list(found.every("pre"))


class TestServersOwnView:
    def test_it_answers_whether_it_is_safe_and_what_pipelining_gives(self) -> None:
        head, trials, text = published(max(name for name in RUNS if name.endswith("-default")))
        view = html_tree.parse(text).by_id("sanic").text
        assert "It answers pipelined requests one after another, in order (serial," in view
        (gain,) = [gain for gain in rates.gains(rows.rows(head, trials)) if gain.server[0] == "sanic"]
        assert f"{gain.text} at depth {max(gain.over)}" in view

    def test_paced_loads_stand_there_where_there_are_any(self) -> None:
        head, trials = builders.matrix(adapters=1, depths=(16,))
        (row,) = rows.rows(head, trials)
        held = Paced(
            share=0.75, rate=None, burst=16, offered_per_second=750.0, answered_per_second=750.0, trials=3,
            verdict=Verdict.MEASURED, reason="", p50_us=Estimate(100.0, 90.0, 111.0),
            p99_us=Estimate(900.0, 800.0, 1012.5),
            p99_9_us=2000, max_us=3000, samples=10_000, lag_p99_us=5, cpu_us_per_request=None,
        )  # fmt: skip
        lost = replace(held, share=0.95, verdict=Verdict.STALLED, reason="the server fell behind", p50_us=None,
                       p99_us=None, p99_9_us=None, max_us=None)  # fmt: skip
        found = (replace(row, paced=(held, lost)),)
        text = page.render(head, found, trials, lambda _: None, charts.drawings(head, found, trials))
        document = html_tree.parse(text)
        lines = [
            [cell.text for cell in line.children if isinstance(cell, Element)]
            for line in document.by_id("adapter-0").every("tr")
        ]
        assert [
            "depth 16, bursts of 16, 75 % of capacity",
            "750",
            "100 µs",
            "900 µs",
            "±12.5 %",
            "2.00 ms",
            "3.00 ms",
            "measured",
        ] in lines
        assert "stalled: the server fell behind" in [line[-1] for line in lines]
        assert "#load" in [link.attributes["href"] for link in document.only("nav").every("a")]

    def test_a_name_that_a_section_has_is_another_place(self) -> None:
        run = builders.run(
            adapters=tuple(builders.adapter_record(name=name) for name in ("machine", "a b", "a-b", "x"))
        )
        assert servers.ids(run, {"machine", "results"}) == {
            "machine": "machine-server", "a b": "a-b", "a-b": "a-b-server", "x": "x"
        }  # fmt: skip

    def test_it_is_shown_by_the_style_alone(self) -> None:
        assert ".view { display: none;" in html.style()
        assert ".view:target { display: block; }" in html.style()


class TestUnbroken:
    def test_figures_stay_whole_and_words_are_escaped(self) -> None:
        said = html.unbroken("<b> ≥ 1 610 172 ±4.8 % of 3")
        assert said == "&lt;b&gt; ≥\xa01\xa0610\xa0172\xa0±4.8\xa0% of 3"


class TestWordsOfOthers:
    def test_a_log_with_a_script_is_text(self) -> None:
        text = rendered(*TestFailures().crashed(SCRIPT), log=f"before\n{SCRIPT}\n")
        document = html_tree.parse(text)
        assert document.only("script").text == html.file("page.js")
        assert SCRIPT in document.by_id("adapter-0").only("pre").text
        assert SCRIPT in next(document.by_id("adapter-0").every("code")).text

    @pytest.mark.parametrize(
        "hostile", [SCRIPT, '"><img src=x onerror=alert(1)>', "</style></script></title>", "&lt;b&gt;"]
    )
    def test_whatever_they_are_they_stay_text(self, hostile: str) -> None:
        head, trials = builders.matrix(adapters=1, depths=(1, 5))
        record: AdapterRecord = replace(
            head.adapters[0], title=hostile, version=hostile, path=hostile, installed={hostile: hostile}
        )
        head = replace(
            head,
            id=hostile,
            command=("pipebench", hostile),
            version=hostile,
            revision=hostile,
            adapters=(record, replace(record, name="gone", unavailable=hostile, log_tail=(hostile,))),
            machine=replace(head.machine, cpu_model=hostile, tools={hostile: hostile}),
            findings=(Finding(Level.WARNING, hostile, hostile, hostile, hostile),),
            created_at=hostile,
        )
        document = html_tree.parse(rendered(head, trials))
        assert not list(document.every("img"))
        assert not list(document.every("b"))
        assert len(list(document.every("script"))) == len(list(document.every("style"))) == 1
        assert not [n for e in document.every("*") for n in e.attributes if n.startswith("on") or n == "style"]
        assert result_cells(document)[0][0] == hostile

    @pytest.mark.parametrize(
        "homepage",
        ["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//x", "x", ""],
    )
    def test_only_a_web_address_becomes_a_link(self, homepage: str) -> None:
        head, trials = builders.matrix(adapters=1, depths=(5,))
        head = replace(head, adapters=(replace(head.adapters[0], homepage=homepage),))
        view = html_tree.parse(rendered(head, trials)).by_id("adapter-0")
        assert {link.attributes["href"] for link in view.every("a")} == {"#first"}

    def test_a_web_address_does(self, document: Element) -> None:
        assert "https://docs.aiohttp.org" in {
            link.attributes["href"] for link in document.by_id("adapter-0").every("a")
        }


class TestAlone:
    """Nothing is asked of a network, and nothing runs but the page's own script."""

    @pytest.mark.parametrize("name", RUNS)
    def test_nothing_is_loaded(self, name: str) -> None:
        document = html_tree.parse(published(name)[2])
        for element in document.every("*"):
            assert "src" not in element.attributes
            assert "srcset" not in element.attributes
            if element.tag not in {"a", "use"} and "href" in element.attributes:
                assert element.attributes["href"] == "data:,"
            if element.tag == "use":
                assert str(element.attributes["href"]).startswith("#")
        assert "@import" not in document.only("style").text
        assert not re.search(r"url\((?!#)", published(name)[2])

    def test_the_policy_allows_the_script_and_the_style_of_the_page_by_hash(self, document: Element) -> None:
        (policy,) = [
            str(meta.attributes["content"])
            for meta in document.every("meta")
            if meta.attributes.get("http-equiv") == "Content-Security-Policy"
        ]
        allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))
        assert allowed["default-src"] == "'none'"
        for tag in ("script", "style"):
            digest = hashlib.sha256(document.only(tag).text.encode()).digest()
            assert allowed[f"{tag}-src"] == f"'sha256-{base64.b64encode(digest).decode()}'"

    @pytest.mark.parametrize("name", RUNS)
    def test_a_published_run_is_fetched_at_once(self, name: str) -> None:
        """A site sends it compressed. Eighty servers at four depths take 0.29 MB so, and 2.6 MB as a file."""
        page = published(name)[2].encode()
        assert len(gzip.compress(page)) < 400_000
        assert len(page) < 3_000_000

    def test_a_full_matrix_stays_below_2_megabytes(self) -> None:
        text = rendered(*builders.matrix(adapters=60, depths=(1, 4, 16, 64), trials=3))
        assert len(text.encode()) < 2_000_000
