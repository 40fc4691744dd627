"""What all charts by Vega-Lite have in common: sizes, the title, whose figures they are, the looks. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

import altair as alt
from altair.utils.schemapi import debug_mode

from runner.report.charts import palette

Chart = alt.Chart | alt.LayerChart | alt.FacetChart
P = ParamSpec("P")

WIDTH = 480
"""Pixels from the left edge to the right one, unless told."""
NARROWEST = 360
SCALE = 46
"""Width of a vertical axis with its labels."""


@dataclass(frozen=True, slots=True)
class Caption:
    """What stands around a chart: its title, it in words for who does not see it, and where its figures are from."""

    title: str
    description: str
    source: str


def trusted(make: Callable[P, Chart]) -> Callable[P, Chart]:
    """Altair would hold each part, and each of thousands of numbers, against its schema; a test does that once."""

    @wraps(make)
    def made(*args: P.args, **kwargs: P.kwargs) -> Chart:
        with debug_mode(False):
            return make(*args, **kwargs)

    return made


def data(values: Sequence[Mapping[str, Any]]) -> alt.InlineData:
    """Values as a chart holds them."""
    return alt.InlineData(values=[dict(value) for value in values])


def legend(names: Sequence[str], width: int) -> alt.Legend:
    """Below the plot, in as many columns as leave each name its room."""
    columns = max(1, min(len(names), 4, width // (34 + 8 * max(map(len, names), default=1))))
    return alt.Legend(
        title=None,
        orient="bottom",
        columns=columns,
        columnPadding=28,
        labelLimit=width / columns - 34,
        symbolSize=56,
        symbolOpacity=1,
    )


def hollow() -> Any:
    """A mark is filled unless it is a lower bound."""
    return alt.condition("datum.bound", alt.value(0), alt.value(1))


def finished(chart: Chart, caption: Caption) -> Chart:
    """The chart with its title, its words for those who do not see it, and the style that all charts have."""
    text = {"labelColor": palette.FAINT_INK, "titleColor": palette.FAINT_INK}
    sizes = {"labelFontSize": 11.5, "titleFontSize": 11.5, "titleFontWeight": "normal"}
    title = alt.TitleParams(
        caption.title,
        subtitle=caption.source or alt.Undefined,
        anchor="start",
        frame="bounds",
        offset=10,
        subtitleColor=palette.FAINT_INK,
        subtitleFontSize=10.5,
        subtitlePadding=4,
    )
    finished: Chart = chart.properties(title=title, description=caption.description).configure(
        aria=False,
        background="transparent",
        font="sans-serif",
        padding=4,
        view={"stroke": None},
        axis={**text, **sizes, "gridColor": palette.RULE, "domainColor": palette.RULE, "tickColor": palette.RULE},
        axisY={"labelColor": palette.INK, "labelPadding": 5},
        header={"labelColor": palette.INK, "labelFontSize": 11.5, "labelFontWeight": 600},
        legend={"labelColor": palette.INK, "labelFontSize": 11.5, "symbolStrokeColor": palette.FAINT_INK},
        text={"fontSize": 11.5},
        title={"color": palette.INK, "fontSize": 13.5, "fontWeight": 600},
    )
    return finished
