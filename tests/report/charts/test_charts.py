"""Charts: what they show, that nothing is left out silently, and that they can be drawn without a browser."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.record.adapter import Client
from runner.record.run import Run
from runner.record.trial import Exit, LogError, Trial, Upstream
from runner.report.charts import charts, palette, plots, vega
from runner.report.charts.charts import Drawing, Section
from runner.rows import figures, rows
from runner.rows.row import Row
from tests import builders
from tests.builders import SECOND_NS

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = """<script>alert(1)</script>"' ]]> &amp; </text></svg>\x00\x1b[31m"""


def drawn(head: Run, trials: Sequence[Trial]) -> dict[str, Drawing]:
    made = charts.drawings(head, rows.rows(head, trials), trials)
    assert len({drawing.name for drawing in made}) == len(made)
    return {drawing.name: drawing for drawing in made}


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def data(chart: plots.Chart) -> list[dict[str, Any]]:
    """The values behind a chart, of which it has one set."""
    (values,) = chart.to_dict(validate=False)["datasets"].values()
    return list(values)


def mixed() -> tuple[Run, list[Trial]]:
    """Two that were measured, one that is a bound, one that crashed, at two depths."""
    head, trials = builders.matrix(adapters=4, depths=(1, 16))
    died = Exit(code=None, signal="SIGABRT", killed=False, before_stop=True)
    made = []
    for trial in trials:
        assert trial.load is not None
        if trial.cell.adapter == "adapter-1":
            trial = replace(trial, load=replace(trial.load, cpu_ns=SECOND_NS))  # noqa: PLW2901
        elif trial.cell.adapter == "adapter-3":
            trial = replace(trial, exit=died, errors=(LogError("boom", 1),))  # noqa: PLW2901
        made.append(trial)
    return head, made


class TestAllCharts:
    def test_a_run_over_depth_has_each_kind_for_each_group(self) -> None:
        head, trials = builders.matrix(adapters=3, depths=(1, 5))
        assert list(drawn(head, trials)) == [
            "throughput-d1-c50-w1",
            "throughput-d5-c50-w1",
            "rate-over-depth-c50-w1",
            "cpu-over-depth-c50-w1",
            "latency-d1-c50-w1",
            "latency-d5-c50-w1",
            "printed-d1-c50-w1",
            "printed-d5-c50-w1",
        ]

    def test_what_does_not_vary_is_not_swept(self) -> None:
        head, trials = builders.matrix(adapters=2, depths=(5,))
        assert not [name for name in drawn(head, trials) if "-over-" in name]

    def test_connections_are_swept_where_they_vary(self) -> None:
        head, trials = builders.matrix(adapters=2, depths=(1,))
        more = [replace(trial, cell=replace(trial.cell, connections=100)) for trial in trials]
        found = drawn(head, [*trials, *more])
        assert [name for name in found if "-over-" in name] == [
            "rate-over-connections-d1-w1",
            "cpu-over-connections-d1-w1",
        ]

    def test_no_chart_without_rows(self) -> None:
        head = builders.run(adapters=(builders.adapter_record(unavailable="not here"),))
        assert drawn(head, []) == {}

    def test_no_latency_is_drawn_that_was_not_proved(self) -> None:
        head, trials = builders.matrix(adapters=1, depths=(5,))
        halved = [
            replace(trial, load=replace(trial.load, histogram=trial.load.histogram[:5]))
            for trial in trials
            if trial.load
        ]
        found = drawn(head, halved)
        assert "throughput-d5-c50-w1" in found
        assert "latency-d5-c50-w1" not in found


class TestThroughput:
    @pytest.fixture
    def drawing(self) -> Drawing:
        return drawn(*mixed())["throughput-d16-c50-w1"]

    def test_every_server_stands_there_with_its_figure_or_why_it_has_none(self, drawing: Drawing) -> None:
        head, trials = mixed()
        shown = texts(vega.svg(drawing.chart))
        for row in rows.rows(head, trials):
            if row.depth == 16:
                assert row.title in shown
                assert (figures.rate(row) if row.requests_per_second else row.verdict.value) in shown
        assert [cells[0] for cells in drawing.cells] == ["adapter 0", "adapter 1", "adapter 2", "adapter 3"]

    def test_a_bar_has_its_interval_and_a_bound_is_hollow(self, drawing: Drawing) -> None:
        head, trials = mixed()
        by_title = {row.title: row for row in rows.rows(head, trials) if row.depth == 16}
        for value in data(drawing.chart):
            rate = by_title[value["label"]].requests_per_second
            assert (value["value"], value["low"], value["high"]) == (
                (rate.mean, rate.low, rate.high) if rate else (None, None, None)
            )
            assert value["bound"] is (value["label"] == "adapter 1")
        bars = [
            element
            for element in ElementTree.fromstring(vega.svg(drawing.chart)).iter(f"{SVG}path")
            if element.get("fill") == palette.ACCENT
        ]
        assert sorted(bar.get("fill-opacity") == "0" for bar in bars) == [False, False, True]

    def test_it_is_said_in_words(self, drawing: Drawing) -> None:
        assert drawing.description.startswith(
            "Requests per second, depth 16, 50 connections: bars from adapter 0 with "
        )
        assert drawing.description.endswith("without a rate: adapter 3 (crashed)")


class TestLines:
    def test_a_line_a_server_with_the_fastest_first(self) -> None:
        drawing = drawn(*mixed())["rate-over-depth-c50-w1"]
        names = [name for name in texts(vega.svg(drawing.chart)) if name.startswith("adapter")]
        assert names == ["adapter 0", "adapter 1", "adapter 2"]
        assert drawing.headings == ("server", "depth 1", "depth 16")
        assert drawing.cells[-1] == ("adapter 3", figures.NOTHING, figures.NOTHING)

    @pytest.mark.parametrize("adapters", [plots.TOGETHER, plots.TOGETHER + 1, 45])
    def test_none_is_left_out_however_many_they_are(self, adapters: int) -> None:
        head, trials = builders.matrix(adapters=adapters, depths=(1, 5))
        found = drawn(head, trials)
        for name in ("throughput-d5-c50-w1", "rate-over-depth-c50-w1", "latency-d5-c50-w1", "printed-d5-c50-w1"):
            shown = set(texts(vega.svg(found[name].chart)))
            assert {f"adapter {n}" for n in range(adapters)} <= shown, name

    def test_panels_hold_the_baseline_beside_each(self) -> None:
        head, trials = builders.matrix(adapters=plots.TOGETHER + 2, depths=(1, 5))
        values = data(drawn(head, trials)["rate-over-depth-c50-w1"].chart)
        panels = {value["label"] for value in values}
        beside = {value["label"] for value in values if value["series"] == "adapter 0"}
        assert len(panels) == plots.TOGETHER + 2
        assert beside == panels - {"adapter 0"}

    def test_a_curve_ends_at_the_slowest_batch(self) -> None:
        head, trials = builders.matrix(adapters=2, depths=(5,))
        (row, _) = rows.rows(head, trials)
        assert row.batch_latency_us is not None
        values = [v for v in data(drawn(head, trials)["latency-d5-c50-w1"].chart) if v["label"] == row.title]
        assert max(value["y"] for value in values) == row.batch_latency_us.max
        assert max(value["x"] for value in values) == row.batch_latency_us.samples

    def test_who_has_no_latency_is_named(self) -> None:
        assert drawn(*mixed())["latency-d16-c50-w1"].caption.endswith("Not measured: adapter 3.")


class TestPrinted:
    def test_a_zero_that_wrk_prints_stands_there_as_it_does(self) -> None:
        drawing = drawn(*builders.matrix(adapters=2, depths=(16,)))["printed-d16-c50-w1"]
        assert texts(vega.svg(drawing.chart)).count("0.00us") == 2
        assert drawing.description.endswith("2 of 4 that it prints are zero")
        assert [cells[2] for cells in drawing.cells] == ["0.00us", "0.00us"]

    def test_recorded_and_printed_are_those_of_the_row(self) -> None:
        head, trials = builders.matrix(adapters=1, depths=(5,))
        (row,) = rows.rows(head, trials)
        assert row.batch_latency_us is not None
        assert row.wrk_latency_us is not None
        values = data(drawn(head, trials)["printed-d5-c50-w1"].chart)
        assert {(value["percentile"], value["what"]): value["us"] for value in values} == {
            ("median", "recorded"): row.batch_latency_us.p50,
            ("median", "printed by wrk"): row.wrk_latency_us.p50,
            ("99th percentile", "recorded"): row.batch_latency_us.p99,
            ("99th percentile", "printed by wrk"): row.wrk_latency_us.p99,
        }


@pytest.fixture(scope="module")
def every() -> list[Drawing]:
    """All kinds of chart, with few series and with many."""
    few, many = mixed(), builders.matrix(adapters=12, depths=(1, 5))
    made = [*drawn(*few).values(), *drawn(*many).values()]
    assert {drawing.section for drawing in made} == set(Section)
    return made


class TestDrawn:
    def test_it_is_vega_lite(self, every: list[Drawing]) -> None:
        """Held against Altair's schema here, for it is not while charts are made."""
        for drawing in every:
            drawing.chart.to_dict(validate=True)

    def test_every_colour_has_one_for_dark_paper(self, every: list[Drawing]) -> None:
        for drawing in every:
            light, dark = vega.svg(drawing.chart), vega.svg(drawing.chart, dark=True)
            used = set(re.findall(r'(?:fill|stroke)="(.*?)"', light)) - {"none", "transparent"}
            assert used <= set(palette.DARK), drawing.name
            assert set(re.findall(r'(?:fill|stroke)="(.*?)"', dark)) - {"none", "transparent"} == {
                palette.DARK[one] for one in used
            }

    def test_nothing_in_it_asks_for_a_style_or_a_network(self, every: list[Drawing]) -> None:
        for drawing in every:
            svg = vega.svg(drawing.chart)
            assert not re.search(r"\bstyle=|<style|<image|<script|\bhref=|url\((?!#)", svg), drawing.name

    def test_it_is_as_wide_as_a_phone_whatever_it_shows(self, every: list[Drawing]) -> None:
        widths = [float(ElementTree.fromstring(vega.svg(drawing.chart)).get("width", "")) for drawing in every]
        assert max(widths) <= plots.WIDTH + 20

    def test_a_table_is_as_wide_as_its_headings(self, every: list[Drawing]) -> None:
        for drawing in every:
            assert drawing.cells
            assert {len(cells) for cells in drawing.cells} == {len(drawing.headings)}

    def test_png(self, every: list[Drawing]) -> None:
        assert vega.png(every[0].chart).startswith(b"\x89PNG\r\n\x1a\n")

    def test_words_of_others_are_text(self) -> None:
        head, trials = builders.matrix(adapters=2, depths=(1, 16))
        head = replace(head, adapters=(replace(head.adapters[0], title=HOSTILE), head.adapters[1]))
        for drawing in drawn(head, trials).values():
            root = ElementTree.fromstring(vega.svg(drawing.chart))
            assert not list(root.iter(f"{SVG}script"))
            assert [text for text in texts(vega.svg(drawing.chart)) if text.startswith("<script>")], drawing.name


class TestLabels:
    def test_a_title_alone_where_it_is_unique(self) -> None:
        head, trials = builders.matrix(adapters=2, depths=(5,))
        assert set(charts.labels(rows.rows(head, trials)).values()) == {"adapter 0", "adapter 1"}

    def test_the_interpreter_where_one_server_runs_on_several(self) -> None:
        records = [builders.adapter_record(python=python) for python in ("3.12.1", "3.13.0")]
        trials = [builders.trial(cell=builders.cell(python=record.python)) for record in records]
        run = builders.run(adapters=tuple(records))
        assert set(charts.labels(rows.rows(run, trials)).values()) == {"aiohttp · 3.12.1", "aiohttp · 3.13.0"}

    def test_the_limit_of_its_client_where_one_server_runs_with_several(self) -> None:
        record = builders.adapter_record(client=Client.ASYNC)
        counted = Upstream(delay_us=1000, held_max=5, served=1, cpu_ns=None)
        trials = [builders.trial(cell=builders.cell(max_clients=limit), upstream=counted) for limit in (None, 10, 1000)]
        found = rows.rows(builders.run(adapters=(record,)), trials)
        assert {row.cell for row in found} == {trial.cell for trial in trials}
        assert set(charts.labels(found).values()) == {"aiohttp", "aiohttp · 10 clients", "aiohttp · 1000 clients"}

    @settings(max_examples=50)
    @given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["x", "x", "y"])), min_size=1, max_size=6))
    def test_no_two_servers_have_the_same(self, servers: list[tuple[str, str]]) -> None:
        made: list[Row] = []
        for number, (title, python) in enumerate(servers):
            record = builders.adapter_record(name=f"n{number}", title=title, python=python)
            cell = builders.cell(adapter=record.name, python=python)
            made += rows.rows(builders.run(adapters=(record,)), [builders.trial(cell=cell)])
        names = charts.labels(made)
        assert [server[1] for server in names] == [python for _, python in servers]
        assert len(set(names.values())) == len(servers)
