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

from runner.judging import stats
from runner.record.adapter import Client
from runner.record.run import Run
from runner.record.trial import Exit, LogError, Trial, Upstream
from runner.report.charts import charts, frame, latencies, lines, palette, rates, vega
from runner.report.charts.drawing import Drawing, Section, labels
from runner.report.charts.frame import Chart
from runner.report.charts.latencies import LoadPoint
from runner.report.charts.shapes import Curves, Dots
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


def values(chart: Chart, *fields: str) -> list[dict[str, Any]]:
    """The values behind a chart that have such fields, each once."""
    sets = chart.to_dict(validate=False)["datasets"].values()
    return [dict(value) for found in sets for value in found if all(field in value for field in fields)]


def svg(drawing: Drawing, *, dark: bool = False) -> str:
    return vega.svg(drawing.chart("run 1 · 2026-11-21 · some machine"), dark=dark)


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
            "overview",
            "throughput-d1-c50-w1",
            "throughput-d5-c50-w1",
            "gain-c50-w1",
            "rate-over-depth-c50-w1",
            "cpu-over-depth-c50-w1",
            "latency-d1-c50-w1",
            "latency-d5-c50-w1",
            "printed-p50-d1-c50-w1",
            "printed-p99-d1-c50-w1",
            "printed-p50-d5-c50-w1",
            "printed-p99-d5-c50-w1",
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
        shown = texts(svg(drawing))
        for row in rows.rows(head, trials):
            if row.depth == 16:
                assert row.title in shown
                assert figures.rate_or_verdict(row) in shown  # the interval stands beside the figure
        assert [cells[0] for cells in drawing.cells] == ["adapter 0", "adapter 1", "adapter 2", "adapter 3"]

    def test_a_dot_has_its_interval_and_a_bound_is_hollow(self, drawing: Drawing) -> None:
        head, trials = mixed()
        by_title = {row.title: row for row in rows.rows(head, trials) if row.depth == 16}
        assert isinstance(drawing.shape, Dots)
        for row in drawing.shape.rows:
            rate = by_title[row.label].requests_per_second
            assert [(dot.value, dot.low, dot.high) for dot in row.dots] == (
                [(rate.mean, rate.low, rate.high)] if rate else []
            )
            assert [dot.bound for dot in row.dots] == ([row.label == "adapter 1"] if rate else [])
        dots = [
            element
            for element in ElementTree.fromstring(svg(drawing)).iter(f"{SVG}path")
            if element.get("fill") == palette.ACCENT
        ]
        assert sorted(dot.get("fill-opacity") == "0" for dot in dots) == [False, False, True]

    def test_the_scale_is_logarithmic_and_holds_every_interval(self, drawing: Drawing) -> None:
        assert isinstance(drawing.shape, Dots)
        low, high = drawing.shape.range
        edges = [edge for row in drawing.shape.rows for dot in row.dots for edge in (dot.low, dot.high) if edge]
        assert 0 < low <= min(edges) <= max(edges) <= high
        layers = drawing.chart().to_dict(validate=False)["layer"]
        assert {layer["encoding"]["x"]["scale"]["type"] for layer in layers if "scale" in layer["encoding"]["x"]} == {
            "log"
        }

    def test_it_is_said_in_words(self, drawing: Drawing) -> None:
        assert drawing.description.startswith(
            "Requests per second, depth 16, 50 connections: dots from adapter 0 with "
        )
        assert drawing.description.endswith("without a rate: adapter 3 (crashed)")


class TestOverview:
    def test_a_row_a_server_with_a_dot_for_each_depth_by_the_rate_at_the_last(self) -> None:
        drawing = drawn(*mixed())["overview"]
        head, trials = mixed()
        found = {(row.title, row.depth): row for row in rows.rows(head, trials)}
        assert isinstance(drawing.shape, Dots)
        assert drawing.shape.marks == ("depth 1", "depth 16")
        for row in drawing.shape.rows:
            expected = [found[row.label, depth].requests_per_second for depth in (1, 16)]
            assert [dot.value for dot in row.dots] == [rate.mean for rate in expected if rate]
            assert row.text == figures.rate_or_verdict(found[row.label, 16])
        last = [row.dots[-1].value for row in drawing.shape.rows if row.dots]
        assert last == sorted(last, reverse=True)
        assert drawing.shape.rows[-1].label == "adapter 3"
        assert drawing.description.startswith(
            "Requests per second by depth, 50 connections, 1 worker: a row for each of 4"
        )

    def test_of_one_load_it_is_that_of_its_throughput(self) -> None:
        found = drawn(*builders.matrix(adapters=2, depths=(5,)))
        assert found["overview"].shape == found["throughput-d5-c50-w1"].shape
        assert found["overview"].section is Section.OVERVIEW


class TestGain:
    def test_it_is_the_ratio_to_the_own_rate_at_the_lowest_depth_with_its_interval(self) -> None:
        head, trials = builders.matrix(adapters=3, depths=(1, 5, 16))
        by_cell: dict[tuple[str, int], list[float]] = {}
        for trial in trials:
            assert trial.load is not None
            by_cell.setdefault((trial.cell.adapter, trial.cell.depth), []).append(trial.load.requests_per_second)
        for gain in rates.gains(rows.rows(head, trials)):
            for depth, dot in gain.over.items():
                known = stats.ratio_interval(by_cell[gain.server[0], 1], by_cell[gain.server[0], depth])
                assert known is not None
                assert (dot.value, dot.low, dot.high) == pytest.approx((known.mean, known.low, known.high))

    def test_who_gains_most_stands_first_and_who_failed_is_named(self) -> None:
        drawing = drawn(*mixed())["gain-c50-w1"]
        assert isinstance(drawing.shape, Dots)
        gains = [row.dots[-1].value for row in drawing.shape.rows]
        assert gains == sorted(gains, reverse=True)
        assert all(row.dots[0].value == 1 for row in drawing.shape.rows)
        assert drawing.caption.endswith("Without a rate at both ends: adapter 3.")

    def test_a_ratio_of_two_lower_bounds_is_marked_to_say_nothing(self) -> None:
        (bound,) = [gain for gain in rates.gains(rows.rows(*mixed())) if gain.server[0] == "adapter-1"]
        assert bound.text.startswith("? ")

    def test_what_does_not_vary_in_depth_gains_nothing(self) -> None:
        assert not [name for name in drawn(*builders.matrix(adapters=2, depths=(5,))) if name.startswith("gain")]


def at(server: str, load: float, p99_us: float | None, wall: float | None = 50_000.0) -> LoadPoint:
    known = p99_us is not None
    return LoadPoint(server, server, load, 100.0 if known else None, p99_us, 2 * p99_us if p99_us else None, wall)


class TestLatencyOverLoad:
    POINTS = (at("b", 20_000, 400.0), at("a", 40_000, 900.0, 80_000), at("b", 40_000, 2_000.0),
              at("a", 20_000, 300.0, 80_000), at("b", 60_000, None))  # fmt: skip

    def test_panels_hold_three_percentiles_and_the_wall_and_one_chart_all_servers(self) -> None:
        panels, together = latencies.over_load(self.POINTS, "depth 16, 50 connections")
        assert isinstance(panels.shape, Curves)
        assert isinstance(together.shape, Curves)
        assert (panels.name, together.name) == (
            "over-load-depth-16-50-connections",
            "over-load-p99-depth-16-50-connections",
        )
        assert panels.shape.names == ("p50", "p99", "p99.9")
        first, second = panels.shape.panels
        assert (first.label, first.wall, second.label, second.wall) == ("a", 80_000, "b", 50_000)
        assert [(point.x, point.y) for point in first.lines[1]] == [(20_000, 300), (40_000, 900)]
        assert [len(line) for line in second.lines] == [2, 2, 2]  # no latency, no point
        assert [(point.x, point.y) for point in together.shape.panels[1].lines[0]] == [(20_000, 400), (40_000, 2_000)]
        assert "a up to 80 000 requests/s" in panels.description

    def test_the_axis_reaches_to_the_wall_and_both_can_be_drawn(self) -> None:
        for drawing in latencies.over_load(self.POINTS, "depth 16, 50 connections"):
            assert isinstance(drawing.shape, Curves)
            assert drawing.shape.x_range == (20_000, 80_000)
            drawing.chart().to_dict(validate=True)
            shown = texts(svg(drawing))
            assert {"a", "b"} <= set(shown)

    def test_the_table_says_that_a_load_was_not_held(self) -> None:
        drawing = latencies.over_load(self.POINTS, "depth 16")[0]
        assert ("b", "60 000", figures.NOTHING, figures.NOTHING, figures.NOTHING) in drawing.cells

    def test_without_a_latency_there_is_no_chart(self) -> None:
        assert latencies.over_load([at("a", 1000, None)], "depth 1") == ()
        assert latencies.over_load([], "depth 1") == ()


class TestLines:
    def test_a_line_a_server_with_the_fastest_first(self) -> None:
        drawing = drawn(*mixed())["rate-over-depth-c50-w1"]
        names = [name for name in texts(svg(drawing)) if name.startswith("adapter")]
        assert names == ["adapter 0", "adapter 1", "adapter 2"]
        assert drawing.headings == ("server", "depth 1", "depth 16")
        assert drawing.cells[-1] == ("adapter 3", figures.NOTHING, figures.NOTHING)

    @pytest.mark.parametrize("adapters", [lines.TOGETHER, lines.TOGETHER + 1, 45])
    def test_none_is_left_out_however_many_they_are(self, adapters: int) -> None:
        head, trials = builders.matrix(adapters=adapters, depths=(1, 5))
        found = drawn(head, trials)
        for name in ("throughput-d5-c50-w1", "rate-over-depth-c50-w1", "latency-d5-c50-w1", "printed-p50-d5-c50-w1"):
            shown = set(texts(svg(found[name])))
            assert {f"adapter {n}" for n in range(adapters)} <= shown, name

    def test_panels_hold_the_baseline_beside_each(self) -> None:
        head, trials = builders.matrix(adapters=lines.TOGETHER + 2, depths=(1, 5))
        found = values(drawn(head, trials)["rate-over-depth-c50-w1"].chart(), "series")
        panels = {value["label"] for value in found}
        beside = {value["label"] for value in found if value["series"] == "adapter 0"}
        assert len(panels) == lines.TOGETHER + 2
        assert beside == panels - {"adapter 0"}

    def test_a_curve_ends_at_the_slowest_batch(self) -> None:
        head, trials = builders.matrix(adapters=2, depths=(5,))
        (row, _) = rows.rows(head, trials)
        assert row.batch_latency_us is not None
        chart = drawn(head, trials)["latency-d5-c50-w1"].chart()
        found = [value for value in values(chart, "x", "y") if value["label"] == row.title]
        assert max(value["y"] for value in found) == row.batch_latency_us.max
        assert max(value["x"] for value in found) == row.batch_latency_us.samples

    def test_who_has_no_latency_is_named(self) -> None:
        assert drawn(*mixed())["latency-d16-c50-w1"].caption.endswith("Not measured: adapter 3.")


class TestPrinted:
    def test_a_zero_that_wrk_prints_stands_there_as_it_does(self) -> None:
        drawing = drawn(*builders.matrix(adapters=2, depths=(16,)))["printed-p50-d16-c50-w1"]
        assert texts(svg(drawing)).count("0.00us") == 2
        assert drawing.description.endswith("2 of 2 that it prints are zero")
        assert [cells[2] for cells in drawing.cells] == ["0.00us", "0.00us"]
        assert isinstance(drawing.shape, Dots)
        assert [drawing.shape.marks[dot.mark] for dot in drawing.shape.rows[0].dots] == [
            "recorded",
            "printed as 0.00us",
        ]

    def test_recorded_and_printed_are_those_of_the_row(self) -> None:
        head, trials = builders.matrix(adapters=1, depths=(5,))
        (row,) = rows.rows(head, trials)
        for name in ("p50", "p99"):
            shape = drawn(head, trials)[f"printed-{name}-d5-c50-w1"].shape
            assert isinstance(shape, Dots)
            recorded, printed = shape.rows[0].dots
            assert recorded.value == getattr(row.batch_latency_us, name)
            known = getattr(row.wrk_latency_us, name)
            assert printed.bound if known == 0 else printed.value == known


@pytest.fixture(scope="module")
def every() -> list[Drawing]:
    """All kinds of chart, with few series and with many."""
    few, many = mixed(), builders.matrix(adapters=12, depths=(1, 5))
    made = [*drawn(*few).values(), *drawn(*many).values(), *drawn(*builders.releases()).values()]
    made += latencies.over_load(TestLatencyOverLoad.POINTS, "depth 5")
    assert {drawing.section for drawing in made} == set(Section)
    return made


class TestDrawn:
    def test_it_is_vega_lite(self, every: list[Drawing]) -> None:
        """Held against Altair's schema here, for it is not while charts are made."""
        for drawing in every:
            drawing.chart().to_dict(validate=True)

    def test_every_colour_has_one_for_dark_paper(self, every: list[Drawing]) -> None:
        for drawing in every:
            light, dark = svg(drawing), svg(drawing, dark=True)
            used = set(re.findall(r'(?:fill|stroke)="(.*?)"', light)) - {"none", "transparent"}
            assert used <= set(palette.DARK), drawing.name
            assert set(re.findall(r'(?:fill|stroke)="(.*?)"', dark)) - {"none", "transparent"} == {
                palette.DARK[one] for one in used
            }

    def test_nothing_in_it_asks_for_a_style_or_a_network(self, every: list[Drawing]) -> None:
        for drawing in every:
            assert not re.search(r"\bstyle=|<style|<image|<script|\bhref=|url\((?!#)", svg(drawing)), drawing.name

    @pytest.mark.parametrize("width", [frame.NARROWEST, frame.WIDTH, 830])
    def test_it_is_as_wide_as_it_was_asked_to_be_and_nothing_is_cut(self, every: list[Drawing], width: int) -> None:
        for drawing in every:
            root = ElementTree.fromstring(vega.svg(drawing.chart("somewhere", width)))
            assert float(root.get("width", "")) <= width + 24, drawing.name
            shape = drawing.shape
            labels = {one.label for one in (shape.rows if isinstance(shape, Dots) else shape.panels)}
            legend = set(shape.marks) - {"rate"} if isinstance(shape, Dots) else set()
            assert labels | legend <= {"".join(text.itertext()) for text in root.iter(f"{SVG}text")}, drawing.name

    def test_it_carries_whose_figures_they_are_and_what_it_shows(self, every: list[Drawing]) -> None:
        head = builders.run()
        for drawing in every:
            root = ElementTree.fromstring(vega.svg(drawing.chart(charts.source(head))))
            shown = " ".join("".join(text.itertext()) for text in root.iter(f"{SVG}text"))
            for words in (head.id, head.created_at[:10], head.machine.kind, "async-pipeline-bench"):
                assert words in shown
            assert root.get("role") == "img"
            assert root.findtext(f"{SVG}title") == drawing.title
            assert root.findtext(f"{SVG}desc") == drawing.description

    def test_a_table_is_as_wide_as_its_headings(self, every: list[Drawing]) -> None:
        for drawing in every:
            assert drawing.cells
            assert {len(cells) for cells in drawing.cells} == {len(drawing.headings)}
            assert len(drawing.keys) == len(drawing.cells)

    def test_png(self, every: list[Drawing]) -> None:
        assert vega.png(every[0].chart()).startswith(b"\x89PNG\r\n\x1a\n")

    def test_words_of_others_are_text(self) -> None:
        head, trials = builders.matrix(adapters=2, depths=(1, 16))
        head = replace(head, adapters=(replace(head.adapters[0], title=HOSTILE), head.adapters[1]))
        for drawing in drawn(head, trials).values():
            root = ElementTree.fromstring(svg(drawing))
            assert not list(root.iter(f"{SVG}script"))
            assert [text for text in texts(svg(drawing)) if text.startswith("<script>")], drawing.name


class TestLabels:
    def test_a_title_alone_where_it_is_unique(self) -> None:
        head, trials = builders.matrix(adapters=2, depths=(5,))
        assert set(labels(rows.rows(head, trials)).values()) == {"adapter 0", "adapter 1"}

    def test_the_interpreter_where_one_server_runs_on_several(self) -> None:
        records = [builders.adapter_record(python=python) for python in ("3.12.1", "3.13.0")]
        trials = [builders.trial(cell=builders.cell(python=record.python)) for record in records]
        run = builders.run(adapters=tuple(records))
        assert set(labels(rows.rows(run, trials)).values()) == {"aiohttp · 3.12.1", "aiohttp · 3.13.0"}

    def test_the_limit_of_its_client_where_one_server_runs_with_several(self) -> None:
        record = builders.adapter_record(client=Client.ASYNC)
        counted = Upstream(delay_us=1000, held_max=5, served=1, cpu_ns=None)
        trials = [builders.trial(cell=builders.cell(max_clients=limit), upstream=counted) for limit in (None, 10, 1000)]
        found = rows.rows(builders.run(adapters=(record,)), trials)
        assert {row.cell for row in found} == {trial.cell for trial in trials}
        assert set(labels(found).values()) == {"aiohttp", "aiohttp · 10 clients", "aiohttp · 1000 clients"}

    @settings(max_examples=50)
    @given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["x", "x", "y"])), min_size=1, max_size=6))
    def test_no_two_servers_have_the_same(self, servers: list[tuple[str, str]]) -> None:
        made: list[Row] = []
        for number, (title, python) in enumerate(servers):
            record = builders.adapter_record(name=f"n{number}", title=title, python=python)
            cell = builders.cell(adapter=record.name, python=python)
            made += rows.rows(builders.run(adapters=(record,)), [builders.trial(cell=cell)])
        names = labels(made)
        assert [server[1] for server in names] == [python for _, python in servers]
        assert len(set(names.values())) == len(servers)
