"""The kinds of chart, in Vega-Lite by way of Altair: values with labels in, a chart out. Pure.

A chart is as wide as a phone, so that it is read there as it is and stands beside others elsewhere. Beyond
:data:`TOGETHER` series lines are drawn in panels, one a series, with the baseline's in each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

import altair as alt
from altair.utils.schemapi import debug_mode

from runner.report.charts import palette

Chart = alt.Chart | alt.LayerChart | alt.FacetChart
P = ParamSpec("P")

TOGETHER = len(palette.SERIES)
"""Lines that can be told apart in one chart."""

LABELS, PLOT, FIGURES = 122, 172, 78
"""Widths in pixels: the names at the left, the plot, the figures at the right."""
SCALE = 46
"""Width of a vertical axis with its labels."""
WIDTH = LABELS + PLOT + FIGURES
BAND = 21
PANELS = 3
PANEL_HEIGHT = 64
PANEL_POINTS = 40
LINES_HEIGHT = 230
MARKED = 8
"""Points of a line that are marked with its shape, at most about."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar with its interval; ``text`` is its figure in words, or why there is none."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    text: str
    bound: bool


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a line with its interval; ``bound``: it is a lower bound."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    bound: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """One line; ``style`` says which colour, dash and shape it has, below :data:`TOGETHER`."""

    label: str
    points: tuple[Point, ...]
    style: int


@dataclass(frozen=True, slots=True)
class Pair:
    """What wrk printed beside what it recorded, in microseconds; ``None``: it was not recovered."""

    label: str
    percentile: str
    printed_us: int
    recorded_us: int | None


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis: title, labels as an expression, and where it is ruled (``None``: all of its range)."""

    title: str | None
    labels: str
    values: tuple[float, ...] | None = None
    logarithmic: bool = True


COUNT = "datum.value ? format(datum.value, '~s') : '0'"
FIGURE = "format(datum.value, '~r')"
"""Labels as expressions: a count with k and M for its thousands, a figure in full."""


LATENCY = Axis(
    None,
    "datum.value < 1e3 ? format(datum.value, '~r') + ' µs' : datum.value < 1e6 ? "
    "format(datum.value / 1e3, '~r') + ' ms' : format(datum.value / 1e6, '~r') + ' s'",
)


def _trusted(make: Callable[P, Chart]) -> Callable[P, Chart]:
    """Altair would hold each part, and each of thousands of numbers, against its schema; a test does that once."""

    @wraps(make)
    def made(*args: P.args, **kwargs: P.kwargs) -> Chart:
        with debug_mode(False):
            return make(*args, **kwargs)

    return made


@_trusted
def bars(bars: Sequence[Bar], *, title: str, description: str, unit: str) -> Chart:
    """Horizontal bars in the order given, from zero, with their intervals; hollow where they are lower bounds."""
    values = [
        {"label": b.label, "value": b.value, "low": b.low, "high": b.high, "text": b.text, "bound": b.bound}
        for b in bars
    ]
    rows = alt.Chart(_data(values)).encode(y=_names([b.label for b in bars]))
    axis = alt.Axis(title=unit, labelExpr=COUNT, tickCount=3, orient="bottom")
    drawn = rows.mark_bar(height={"band": 0.6}, color=palette.ACCENT, stroke=palette.ACCENT).encode(
        x=alt.X("value:Q", axis=axis), fillOpacity=_hollow()
    )
    whiskers = rows.mark_rule(color=palette.INK, strokeWidth=1.5).encode(x="low:Q", x2="high:Q")
    figures = rows.mark_text(align="right", color=palette.INK).encode(x=alt.value(PLOT + FIGURES), text="text:N")
    return _finished(
        alt.layer(drawn, whiskers, figures).properties(width=PLOT, height=alt.Step(BAND)), title, description
    )


@_trusted
def lines(
    series: Sequence[Series], *, title: str, description: str, x: Axis, y: Axis, baseline: str | None = None
) -> Chart:
    """Lines, the vertical scale logarithmic: in one chart while they can be told apart, in panels beyond."""
    if len(series) > TOGETHER:
        return _panels(series, title=title, description=description, x=x, y=y, baseline=baseline)
    marked = _marked(series)
    values = [
        {**_point(one.label, one.label, point), "marked": point.x in marked[one.label]}
        for one in series
        for point in one.points
    ]
    names = [one.label for one in series]
    legend = _legend(columns=2)
    colours = alt.Scale(domain=names, range=[palette.SERIES[one.style] for one in series])
    dashes = alt.Scale(domain=names, range=[list(palette.DASHES[one.style]) for one in series])
    shapes = alt.Scale(domain=names, range=[palette.SHAPES[one.style] for one in series])
    across, up = _scales(series, x, y)
    every = alt.Chart(_data(values)).encode(x=across, y=up, color=alt.Color("series:N", scale=colours, legend=legend))
    drawn = every.mark_line(strokeWidth=1.75).encode(strokeDash=alt.StrokeDash("series:N", scale=dashes, legend=legend))
    whiskers = every.mark_rule(strokeWidth=1.25).encode(y=alt.Y("low:Q", title=y.title), y2="high:Q")
    dots = (
        every.transform_filter("datum.marked")
        .mark_point(size=44, strokeWidth=1.25, opacity=1)
        .encode(
            fill=alt.Fill("series:N", scale=colours, legend=legend),
            shape=alt.Shape("series:N", scale=shapes, legend=legend),
            fillOpacity=_hollow(),
        )
    )
    return _finished(
        alt.layer(drawn, whiskers, dots).properties(width=WIDTH - SCALE, height=LINES_HEIGHT), title, description
    )


def _panels(series: Sequence[Series], *, title: str, description: str, x: Axis, y: Axis, baseline: str | None) -> Chart:
    """One panel a series, in the order given, each with the baseline's line dashed behind its own."""
    other = next((one for one in series if one.label == baseline), None)
    own, beside = "the server named above the panel", baseline or ""
    values = [
        {"label": one.label, "series": name, "x": point.x, "y": point.y}
        for one in series
        for name, line in ((own, one), (beside, other))
        if line is not None and (name == own or line is not one)
        for point in _thinned(line.points)
    ]
    names = [own, beside] if other is not None else [own]
    legend = _legend(columns=1)
    across, up = _scales(series, x, y, most=3)
    every = alt.Chart().encode(
        x=across,
        y=up,
        color=alt.Color(
            "series:N", scale=alt.Scale(domain=names, range=[palette.ACCENT, palette.FAINT_INK]), legend=legend
        ),
    )
    few = max(len(one.points) for one in series) <= MARKED
    dots = alt.OverlayMarkDef(size=18, filled=True) if few else False
    drawn = every.mark_line(strokeWidth=1.5, point=dots).encode(
        strokeDash=alt.StrokeDash("series:N", scale=alt.Scale(domain=names, range=[[1, 0], [3, 3]]), legend=legend)
    )
    panel = drawn.properties(width=(WIDTH - SCALE) // PANELS - 12, height=PANEL_HEIGHT)
    faceted = panel.properties(data=_data(values)).facet(
        facet=alt.Facet(
            "label:N",
            sort=[one.label for one in series],
            header=alt.Header(title=None, labelLimit=(WIDTH - SCALE) // PANELS, labelPadding=3),
        ),
        columns=PANELS,
        spacing=10,
    )
    return _finished(faceted, title, description)


@_trusted
def pairs(pairs: Sequence[Pair], *, title: str, description: str) -> Chart:
    """For each label two marks on one line: what wrk recorded, and what it printed. Zeros stand at the left edge."""
    known = [us for pair in pairs for us in (pair.printed_us, pair.recorded_us) if us]
    low, high = _around(known)
    values = [
        {
            "label": pair.label,
            "percentile": pair.percentile,
            "what": what,
            "us": us or low,
            "zero": us == 0,
            "joined": bool(pair.printed_us and pair.recorded_us),
        }
        for pair in pairs
        for what, us in (("recorded", pair.recorded_us), ("printed by wrk", pair.printed_us))
        if us is not None
    ]
    names = ["recorded", "printed by wrk"]
    axis = alt.Axis(title="batch latency", labelExpr=LATENCY.labels, values=list(_ticks(low, high, most=4)))
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    legend = _legend(columns=2)
    labels = list(dict.fromkeys(pair.label for pair in pairs))
    every = alt.Chart().encode(y=_names(labels), x=alt.X("us:Q", scale=scale, axis=axis))
    between = (
        every.transform_filter("datum.joined")
        .mark_line(color=palette.FAINT_INK, strokeWidth=1)
        .encode(detail="label:N")
    )
    dots = every.mark_point(filled=True, size=56, opacity=1).encode(
        color=alt.Color(
            "what:N", scale=alt.Scale(domain=names, range=[palette.ACCENT, palette.CONTRAST]), legend=legend
        ),
        shape=alt.Shape("what:N", scale=alt.Scale(domain=names, range=["circle", "triangle-up"]), legend=legend),
    )
    zeros = (
        every.transform_filter("datum.zero").mark_text(text="0.00us", align="left", dx=8, color=palette.INK).encode()
    )
    panel = alt.layer(between, dots, zeros).properties(
        width=PLOT + FIGURES - 10, height=alt.Step(BAND), data=_data(values)
    )
    faceted = panel.facet(
        row=alt.Row(
            "percentile:N",
            sort=list(dict.fromkeys(pair.percentile for pair in pairs)),
            header=alt.Header(title=None, labelOrient="top", labelAnchor="start", labelAngle=0, labelPadding=3),
        ),
        spacing=12,
    )
    return _finished(faceted, title, description)


def _data(values: Sequence[Mapping[str, Any]]) -> alt.InlineData:
    return alt.InlineData(values=[dict(value) for value in values])


def _names(labels: Sequence[str]) -> alt.Y:
    """The names at the left, in a column of its own width whatever they are."""
    axis = alt.Axis(title=None, labelLimit=LABELS - 24, minExtent=LABELS, maxExtent=LABELS, ticks=False, domain=False)
    return alt.Y("label:N", sort=list(labels), axis=axis)


def _legend(columns: int) -> alt.Legend:
    """Below the plot; its columns stay apart in a wider font than the one they were measured in."""
    return alt.Legend(
        title=None,
        orient="bottom",
        columns=columns,
        columnPadding=28,
        labelLimit=WIDTH / columns - 40,
        symbolSize=56,
        symbolOpacity=1,
    )


def _hollow() -> Any:
    return alt.condition("datum.bound", alt.value(0), alt.value(1))


def _point(label: str, series: str, point: Point) -> dict[str, Any]:
    return {
        "label": label,
        "series": series,
        "x": point.x,
        "y": point.y,
        "low": point.low,
        "high": point.high,
        "bound": point.bound,
    }


def _thinned(points: Sequence[Point]) -> Sequence[Point]:
    """As many points of a curve as a panel can show, its last among them."""
    return points if len(points) <= PANEL_POINTS else (*points[:-1:2], points[-1])


def _marked(series: Sequence[Series]) -> dict[str, set[float]]:
    """Where a line gets its shape: at each of its points while they are few, at every so many of a curve."""
    return {
        one.label: {point.x for point in one.points[:: max(1, math.ceil(len(one.points) / MARKED))]} for one in series
    }


def _scales(series: Sequence[Series], x: Axis, y: Axis, *, most: int = 6) -> tuple[alt.X, alt.Y]:
    xs = [point.x for one in series for point in one.points]
    ys = [edge for one in series for p in one.points for edge in (p.y, p.low, p.high) if edge is not None and edge > 0]
    low, high = _around(ys)
    across = alt.X(
        "x:Q",
        scale=alt.Scale(type="log" if x.logarithmic else "linear", domain=[min(xs), max(xs)], nice=False),
        axis=alt.Axis(
            title=x.title, labelExpr=x.labels, values=[v for v in x.values or _ticks(min(xs), max(xs)) if v <= max(xs)]
        ),
    )
    up = alt.Y(
        "y:Q",
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=alt.Axis(
            title=y.title,
            labelExpr=y.labels,
            values=list(_ticks(low, high, most=most)),
            minExtent=SCALE,
            maxExtent=SCALE,
        ),
    )
    return across, up


def _around(values: Sequence[float]) -> tuple[float, float]:
    """A range that holds all of the values, ended at 1, 2 or 5 times a power of ten."""
    below = [step for step in _steps(min(values) / 10, min(values)) if step <= min(values)]
    above = [step for step in _steps(max(values), max(values) * 10) if step >= max(values)]
    low, high = below[-1], above[0]
    return (low, high) if low < high else (low, high * 10)


def _ticks(low: float, high: float, *, most: int = 6) -> tuple[float, ...]:
    """Where an axis is ruled: at 1, 2 and 5 times the powers of ten, at fewer of them where that is too many."""
    for leading in ((1, 2, 5), (1, 3), (1,)):
        steps = [step for step in _steps(low, high, leading) if low <= step <= high]
        if len(steps) <= most:
            break
    return tuple(steps[:: max(1, math.ceil(len(steps) / most))])


def _steps(low: float, high: float, leading: Iterable[int] = (1, 2, 5)) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [float(f"{digit}e{decade}") for decade in decades for digit in leading]


def _finished(chart: Chart, title: str, description: str) -> Chart:
    """The chart with its title, its words for those who do not see it, and the style that all charts have."""
    text = {"labelColor": palette.FAINT_INK, "titleColor": palette.FAINT_INK}
    sizes = {"labelFontSize": 11.5, "titleFontSize": 11.5, "titleFontWeight": "normal"}
    finished: Chart = chart.properties(
        title=alt.TitleParams(title, anchor="start", frame="bounds", offset=10), description=description
    ).configure(
        aria=False,
        background="transparent",
        font="sans-serif",
        padding=2,
        view={"stroke": None},
        axis={**text, **sizes, "gridColor": palette.RULE, "domainColor": palette.RULE, "tickColor": palette.RULE},
        axisY={"labelColor": palette.INK, "labelPadding": 5},
        header={"labelColor": palette.INK, "labelFontSize": 11.5, "labelFontWeight": 600},
        legend={"labelColor": palette.INK, "labelFontSize": 11.5, "symbolStrokeColor": palette.FAINT_INK},
        text={"fontSize": 11.5},
        title={"color": palette.INK, "fontSize": 13.5, "fontWeight": 600},
    )
    return finished
