"""Rows of dots by Vega-Lite: a name, dots with their intervals on one axis, the figure in words. Pure."""

from __future__ import annotations

from itertools import pairwise

import altair as alt

from runner.report.charts import frame, palette
from runner.report.charts.frame import Caption, Chart
from runner.report.charts.shapes import Dots

LABELS, FIGURES = 150, 118
"""Widths in pixels: the names at the left, the figures at the right."""
BAND, TALL = 21, 27
"""Pixels that a row is high; and where each of its marks has a height of its own."""
HIGH = 16
"""Pixels between the highest of those and the lowest."""


@frame.trusted
def chart(shape: Dots, caption: Caption, width: int = frame.WIDTH) -> Chart:
    """The rows in their order; a dot is hollow where it is a lower bound, and a row's dots are joined by a line."""
    plot = width - LABELS - FIGURES
    low, high = shape.range
    names = [row.label for row in shape.rows]
    axis = alt.Axis(title=shape.axis.title, labelExpr=shape.axis.unit.value, values=list(shape.ticks), orient="bottom")
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    values = [
        {
            "label": row.label,
            "value": dot.value,
            "low": dot.low,
            "high": dot.high,
            "bound": dot.bound,
            "mark": shape.marks[dot.mark],
        }
        for row in shape.rows
        for dot in row.dots
    ]
    joined = [
        {"label": row.label, "from": one.value, "to": other.value}
        for row in shape.rows
        if shape.joined
        for one, other in pairwise(sorted(row.dots, key=lambda dot: dot.value))
    ]
    across = alt.X("value:Q", scale=scale, axis=axis)
    every = alt.Chart().encode(y=_names(names))
    rules = every.mark_rule(color=palette.RULE, strokeWidth=4, strokeCap="round").encode(
        x=alt.X("from:Q", scale=scale, axis=axis), x2="to:Q"
    )
    heights = {} if shape.joined else {"yOffset": _heights(shape.marks)}
    whiskers = every.mark_rule(strokeWidth=1.5, color=palette.INK).encode(
        x=alt.X("low:Q", scale=scale, axis=axis), x2="high:Q", **heights
    )
    dots = every.mark_point(size=52, strokeWidth=1.5, opacity=1).encode(x=across, fillOpacity=frame.hollow(), **heights)
    if len(shape.marks) > 1:
        colours = alt.Scale(domain=list(shape.marks), range=list(palette.SERIES[: len(shape.marks)]))
        shapes = alt.Scale(domain=list(shape.marks), range=list(palette.SHAPES[: len(shape.marks)]))
        below = frame.legend(shape.marks, width)
        dots = dots.encode(
            color=alt.Color("mark:N", scale=colours, legend=below),
            fill=alt.Fill("mark:N", scale=colours, legend=below),
            shape=alt.Shape("mark:N", scale=shapes, legend=below),
        )
    else:
        dots = dots.encode(color=alt.value(palette.ACCENT), fill=alt.value(palette.ACCENT))
    texts = every.mark_text(align="right", color=palette.INK).encode(x=alt.value(plot + FIGURES), text="text:N")
    layers = alt.layer(
        rules.properties(data=frame.data(joined)),
        whiskers.properties(data=frame.data(values)),
        dots.properties(data=frame.data(values)),
        texts.properties(data=frame.data([{"label": row.label, "text": row.text} for row in shape.rows])),
    )
    return frame.finished(
        layers.properties(width=plot, height=alt.Step(BAND if shape.joined else TALL, **{"for": "position"})), caption
    )


def _heights(marks: tuple[str, ...]) -> alt.YOffset:
    """Each mark at a height of its own within its row."""
    edge = TALL / 2
    return alt.YOffset(
        "mark:N",
        sort=list(marks),
        scale=alt.Scale(type="point", padding=0, domain=list(marks), range=[edge - HIGH / 2, edge + HIGH / 2]),
    )


def _names(labels: list[str]) -> alt.Y:
    """The names at the left, in a column of its own width whatever they are."""
    axis = alt.Axis(title=None, labelLimit=LABELS - 16, minExtent=LABELS, maxExtent=LABELS, ticks=False, domain=False)
    return alt.Y("label:N", sort=labels, scale=alt.Scale(domain=labels), axis=axis)
