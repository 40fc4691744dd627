"""All published runs beside each other: what they have in common is drawn over the runs."""

from __future__ import annotations

from dataclasses import replace

from runner.publishing import overview
from runner.publishing.overview import Entry
from runner.record.adapter import Scenario
from runner.report.pages import html
from runner.rows.rows import rows
from tests import builders, html_tree


def entry(folder: str, day: str, *, adapters: int = 2, depths: tuple[int, ...] = (1, 5), **machine: object) -> Entry:
    head, trials = builders.matrix(adapters=adapters, depths=depths)
    head = replace(head, id=folder, created_at=f"{day}T00:00:00Z", machine=builders.machine(**machine))
    return Entry(folder, head, rows(head, trials), 3 * 2**19)


OLD = entry("old", "2026-11-20")
NEW = entry("new", "2026-11-21", adapters=3, depths=(5, 16))


def test_the_newest_stands_first_and_links_to_its_tables() -> None:
    lines = overview.markdown([OLD, NEW]).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["[new](new/tables.md)", "[old](old/tables.md)"]
    assert lines[2].split("|")[2:4] == [" 2026-11-21 ", " default "], "day, profile"
    figures = [" 3 ", " 6 ", " 6 ", " 18 ", " 1.50 MiB "]
    assert lines[2].split("|")[5:10] == figures, "servers, cells, measured, trials, record"


def test_a_trend_is_of_one_load_that_several_runs_of_one_machine_measured() -> None:
    other = entry("other", "2026-11-22", cpu_model="Another CPU")
    (found,) = overview.trends([NEW, OLD, other])
    assert found.title == "depth 5 · 50 connections · 1 worker"
    assert found.machine == "Some CPU, 2 CPUs"
    assert [run.folder for run in found.runs] == ["old", "new"]
    assert [server for server, _ in found.cells] == [f"adapter {n}, Python 3.13.0" for n in range(3)]
    assert found.cells[2][1][0] == "", "it was in the second run only"
    assert all("±" in rate for rate in found.cells[0][1])


def test_servers_that_wait_have_a_trend_for_each_delay() -> None:
    def waiting(folder: str, delay_us: int) -> Entry:
        plan = replace(OLD.run.plan, scenario=Scenario.UPSTREAM, delay_us=delay_us)
        return replace(OLD, folder=folder, run=replace(OLD.run, plan=plan))

    found = list(overview.trends([OLD, waiting("a", 500_000), waiting("b", 500_000), waiting("c", 150_000)]))
    assert {trend.title for trend in found} == {
        f"depth {depth} · 50 connections · 1 worker · 500 ms at the upstream" for depth in (1, 5)
    }
    assert all([run.folder for run in trend.runs] == ["a", "b"] for trend in found)


def test_only_what_has_two_rates_is_drawn() -> None:
    (found,) = overview.trends([OLD, NEW])
    assert found.chart is not None
    assert [panel.label for panel in found.chart.panels] == ["adapter 0, Python 3.13.0", "adapter 1, Python 3.13.0"]


def test_without_two_rates_there_is_no_chart() -> None:
    gone = replace(OLD, rows=[replace(row, requests_per_second=None) for row in OLD.rows])
    (found,) = overview.trends([gone, NEW])
    assert found.chart is None
    assert found.cells[0][1][0] == "measured"


def test_the_page_lets_nothing_in_but_its_own_style() -> None:
    text = overview.page([OLD, NEW])
    page = html_tree.parse(text)
    assert page.only("style").text == html.style()
    assert html.policy(html.style()) in text.replace("&#39;", "'")
    assert "unsafe-inline" not in text
    assert not list(page.every("script"))
    lists = [one.attributes["class"] for one in page.every("div") if one.attributes.get("role") == "list"]
    assert lists == ["column", "panels"], "the newest run, and the one trend"


def test_the_page_begins_with_what_the_newest_run_says() -> None:
    page = html_tree.parse(overview.page([OLD, NEW]))
    assert "rate at depth 16" in page.by_id("overview").text, "the last depth of the newest"
    assert "adapter 2" in page.by_id("overview").text
    assert page.by_id("newest").only("a").attributes["href"] == "new/index.html"


def test_words_of_others_stay_text() -> None:
    hostile = entry("<script>alert(1)</script>", "2026-11-22", cpu_model="<img src=x>")
    text = overview.page([hostile])
    assert "<script>" not in text
    assert "<img" not in text
    assert "\\<script\\>" in overview.markdown([hostile])
