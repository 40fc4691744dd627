"""Releases of one adapter beside each other: which they are, in which order, and over which each figure is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.record.adapter import Change, Variant
from runner.record.run import Run
from runner.record.trial import Trial
from runner.report.charts import charts
from runner.report.charts.drawing import Drawing, Section
from runner.report.charts.shapes import Dots
from runner.report.charts.variants import releases
from runner.rows import figures, rows
from tests import builders


def drawn(head: Run, trials: list[Trial]) -> list[Drawing]:
    return [one for one in charts.drawings(head, rows.rows(head, trials), trials) if one.section is Section.RELEASES]


class TestSeries:
    def test_versions_are_in_their_order_and_the_adapter_is_among_them(self) -> None:
        (found,) = releases.series(builders.releases()[0])
        assert found.distribution == "aiohttp"
        assert [version for version, _ in found.servers] == ["3.13.9", "3.13.10", "3.14.5"]
        assert [server[2] for _, server in found.servers] == ["aiohttp==3.13.9", "aiohttp==3.13.10", None]

    @pytest.mark.parametrize(
        "variant",
        [
            Variant("../aiohttp", (Change("aiohttp"),)),
            Variant("A=1", env=(("A", "1"),)),
            Variant("aiohttp==3.9.5 yarl==1.9", (Change("aiohttp", "3.9.5"), Change("yarl", "1.9"))),
        ],
    )
    def test_a_folder_a_variable_and_two_changes_are_no_release(self, variant: Variant) -> None:
        head, _ = builders.releases(("3.13.9", "3.14.5"))
        adapters = [replace(one, variant=variant if one.variant else None) for one in head.adapters]
        assert list(releases.series(replace(head, adapters=tuple(adapters)))) == []

    def test_releases_of_what_an_adapter_pulls_in_are_called_by_it(self) -> None:
        head, trials = builders.releases(("1.0", "2.0"))
        adapters = [
            replace(
                one,
                installed={"aiohttp": "3.14.5", "yarl": one.version or ""},
                variant=Variant(one.variant.label, (Change("yarl", "1.0"),)) if one.variant else None,
            )
            for one in head.adapters
        ]
        first, _ = drawn(replace(head, adapters=tuple(adapters)), trials)
        assert first.name == "releases-aiohttp-yarl-d1-c50-w1"
        assert first.title.startswith("aiohttp by release of yarl, depth 1")


class TestDrawing:
    def test_each_figure_is_over_that_of_the_oldest(self) -> None:
        first, second = drawn(*builders.releases())
        assert (first.name, second.name) == tuple(f"releases-aiohttp-d{depth}-c50-w1" for depth in (1, 16))
        assert isinstance(first.shape, Dots)
        oldest, _, newest = first.shape.rows
        assert [(dot.value, dot.low) for dot in oldest.dots] == [(1.0, None)] * 3
        rate, cost, instructions = newest.dots
        assert (rate.mark, cost.mark, instructions.mark) == (0, 1, 2)
        assert rate.value == pytest.approx(1 / 1.21, rel=0.01)
        assert cost.value == pytest.approx(1.21, rel=0.01)
        assert instructions.value == pytest.approx(1.21, rel=1e-4)
        assert instructions.low is not None
        assert instructions.low < 1.21 < (instructions.high or 0) < 1.211
        assert first.cells[-1][-1] == "+21.00 % ±0.03 %"

    def test_without_counts_there_is_no_mark_for_them(self) -> None:
        head, trials = builders.releases()
        found = drawn(replace(head, counts=()), trials)[0]
        assert isinstance(found.shape, Dots)
        assert found.shape.marks == ("rate", "CPU time a request")
        assert found.cells[0][-2:] == (figures.NOTHING, figures.NOTHING)

    def test_one_that_could_not_be_measured_keeps_its_row_and_says_why(self) -> None:
        head, trials = builders.releases()
        broken = [
            replace(one, load=None, check=None) if one.cell.variant == "aiohttp==3.13.9" else one for one in trials
        ]
        found = drawn(head, broken)[0]
        assert isinstance(found.shape, Dots)
        oldest, second, _ = found.shape.rows
        assert [dot.mark for dot in oldest.dots] == [2]
        assert second.dots[0].value == 1.0
        assert oldest.text == found.cells[0][1] != ""

    def test_the_axis_ends_near_the_values_and_is_ruled_at_one(self) -> None:
        shape = drawn(*builders.releases())[0].shape
        assert isinstance(shape, Dots)
        low, high = shape.range
        assert 0.75 < low < 1 / 1.21
        assert 1.21 < high < 1.3
        assert 1.0 in shape.ticks
        assert 3 <= len(shape.ticks) <= 6
