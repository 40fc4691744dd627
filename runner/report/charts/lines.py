"""Curves by Vega-Lite: in one chart while their lines can be told apart, in panels beyond. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import altair as alt

from runner.report.charts import frame, palette
from runner.report.charts.frame import SCALE, Caption, Chart
from runner.report.charts.shapes import Axis, Curves, Panel, Point, ticks

TOGETHER = len(palette.SERIES)
"""Lines that can be told apart in one chart."""
PANEL = 118
"""Pixels that a panel is wide, about."""
PANEL_HEIGHT = 64
PANEL_POINTS = 40
HEIGHT = 230
MARKED = 8
"""Points of a line that are marked with its shape, at most about."""


@frame.trusted
def chart(shape: Curves, caption: Caption, width: int = frame.WIDTH) -> Chart:
    """All lines in one chart where each panel has one and they are few; a panel a server otherwise."""
    if len(shape.panels) > TOGETHER or len(shape.names) > 1:
        return _panels(shape, caption, width)
    marked = {panel.label: _marked(panel.lines[0]) for panel in shape.panels}
    values = [
        {**_point(panel, panel.label, point), "marked": point.x in marked[panel.label]}
        for panel in shape.panels
        for point in panel.lines[0]
    ]
    names = [panel.label for panel in shape.panels]
    legend = frame.legend(names, width)
    styles = range(len(names))
    colours = alt.Scale(domain=names, range=[palette.SERIES[style] for style in styles])
    dashes = alt.Scale(domain=names, range=[list(palette.DASHES[style]) for style in styles])
    shapes = alt.Scale(domain=names, range=[palette.SHAPES[style] for style in styles])
    across, up = _scales(shape, most=6)
    every = alt.Chart().encode(color=alt.Color("series:N", scale=colours, legend=legend))
    drawn = every.mark_line(strokeWidth=1.75).encode(
        x=across, y=up, strokeDash=alt.StrokeDash("series:N", scale=dashes, legend=legend)
    )
    whiskers = every.mark_rule(strokeWidth=1.25).encode(x=across, y=alt.Y("low:Q", title=shape.y.title), y2="high:Q")
    dots = (
        every.transform_filter("datum.marked")
        .mark_point(size=44, strokeWidth=1.25, opacity=1)
        .encode(
            x=across,
            y=up,
            fill=alt.Fill("series:N", scale=colours, legend=legend),
            shape=alt.Shape("series:N", scale=shapes, legend=legend),
            fillOpacity=frame.hollow(),
        )
    )
    walls = every.mark_rule(strokeWidth=1.25).encode(
        x=across, strokeDash=alt.StrokeDash("series:N", scale=dashes, legend=legend)
    )
    ends = [{"series": panel.label, "x": panel.wall} for panel in shape.panels if panel.wall is not None]
    layers = [one.properties(data=frame.data(values)) for one in (drawn, whiskers, dots)]
    layers += [walls.properties(data=frame.data(ends))] if ends else []
    return frame.finished(alt.layer(*layers).properties(width=width - SCALE, height=HEIGHT), caption)


def _panels(shape: Curves, caption: Caption, width: int) -> Chart:
    """One panel a server, in the order given, each with the baseline's line dashed behind its own."""
    columns = max(1, min(len(shape.panels), (width - SCALE) // PANEL))
    other = next((panel for panel in shape.panels if panel.label == shape.baseline), None)
    alone = len(shape.names) == 1
    own, beside = "the server named above the panel", shape.baseline or ""
    names = [own] if alone else list(shape.names)
    values = [
        {"label": panel.label, "series": name, "x": point.x, "y": point.y}
        for panel in shape.panels
        for name, line in zip(names, panel.lines, strict=True)
        for point in _thinned(line)
    ]
    if alone and other is not None:
        names = [own, beside]
        values += [
            {"label": panel.label, "series": beside, "x": point.x, "y": point.y}
            for panel in shape.panels
            if panel is not other
            for point in _thinned(other.lines[0])
        ]
    inks = [palette.ACCENT, palette.FAINT_INK] if alone else list(palette.SERIES)
    dashes = [[1, 0], [3, 3]] if alone else [list(dash) for dash in palette.DASHES]
    legend = frame.legend(names, width)
    across, up = _scales(shape, most=3)
    few = max(len(line) for panel in shape.panels for line in panel.lines) <= MARKED
    dots = alt.OverlayMarkDef(size=18, filled=True) if few else False
    wall = [{"label": panel.label, "x": panel.wall} for panel in shape.panels if panel.wall is not None]
    drawn = (
        alt.Chart()
        .mark_line(strokeWidth=1.5, point=dots)
        .encode(
            x=across,
            y=up,
            color=alt.Color("series:N", scale=alt.Scale(domain=names, range=inks[: len(names)]), legend=legend),
            strokeDash=alt.StrokeDash(
                "series:N", scale=alt.Scale(domain=names, range=dashes[: len(names)]), legend=legend
            ),
        )
    )
    layers = [drawn.transform_filter("isValid(datum.series)")]
    if wall:
        layers.append(
            alt.Chart()
            .transform_filter("!isValid(datum.series)")
            .mark_rule(color=palette.INK, strokeWidth=1.25)
            .encode(x=across)
        )
    panel = alt.layer(*layers).properties(
        width=(width - SCALE) // columns - 12, height=PANEL_HEIGHT, data=frame.data([*values, *wall])
    )
    faceted = panel.facet(
        facet=alt.Facet(
            "label:N",
            sort=[one.label for one in shape.panels],
            header=alt.Header(title=None, labelLimit=(width - SCALE) // columns, labelPadding=3),
        ),
        columns=columns,
        spacing=10,
    )
    return frame.finished(faceted, caption)


def _point(panel: Panel, series: str, point: Point) -> dict[str, Any]:
    return {
        "label": panel.label,
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


def _marked(points: Sequence[Point]) -> set[float]:
    """Where a line gets its shape: at each of its points while they are few, at every so many of a curve."""
    return {point.x for point in points[:: max(1, math.ceil(len(points) / MARKED))]}


def _scales(shape: Curves, *, most: int) -> tuple[alt.X, alt.Y]:
    low, high = shape.y_range
    across = alt.X(
        "x:Q",
        scale=alt.Scale(type="log" if shape.x.logarithmic else "linear", domain=list(shape.x_range), nice=False),
        axis=_axis(shape.x, list(shape.x_ticks)),
    )
    axis = _axis(shape.y, list(ticks(low, high, most=most)), minExtent=SCALE, maxExtent=SCALE)
    up = alt.Y("y:Q", scale=alt.Scale(type="log", domain=[low, high], nice=False), axis=axis)
    return across, up


def _axis(axis: Axis, values: list[float], **extent: Any) -> alt.Axis:
    return alt.Axis(title=axis.title, labelExpr=axis.unit.value, values=values, **extent)
