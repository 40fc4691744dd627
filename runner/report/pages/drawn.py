"""Charts as parts of a page: where each mark stands, in per cent of a plot that is as wide as there is room. Pure.

A page draws its charts from the same shapes as a picture, but as rows and panels of its own, so that those of some
servers can be shown alone, and their names be links.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from runner.report.charts.drawing import Drawing
from runner.report.charts.shapes import Axis, Curves, Dot, Dots, Panel, Point, place, ticks

COLUMN = 24
"""Rows of dots that stand below each other before a second column begins beside them; there are two at most."""
PANEL, OVERLAY = 76, 260
"""Pixels that the lines of a panel are high, and those of the chart of chosen servers."""
SIZE = 1000
"""Units of a panel's own coordinates, either way."""
LABELLED = 4
"""Upright lines of a panel, beyond which only every second has a label."""
FEW = 8
"""Points of a line that get a mark each, at most."""
POINTS = 40
MIDDLE, HIGH = 8.5, 10.0
"""Pixels from the top of a row of dots to its middle, and from its highest figure to its lowest."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A ruled line: its place in per cent from the left, or in pixels from the top, its label and how it is set."""

    at: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Mark:
    """A dot: its place and the ends of its interval in per cent, which mark it is, and whether it is a bound.

    ``down``: pixels from the top of its row.
    """

    at: float
    low: float | None
    high: float | None
    mark: int
    bound: bool
    down: float = MIDDLE


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """A row of dots: its adapter, its name, where its dots begin and end in per cent, and its figure."""

    key: str
    label: str
    start: float | None
    end: float | None
    marks: tuple[Mark, ...]
    text: str


@dataclass(frozen=True, slots=True)
class DrawnDots:
    """A chart of rows, in columns that stand beside each other."""

    name: str
    drawing: Drawing
    columns: tuple[tuple[DrawnRow, ...], ...]
    marks: tuple[str, ...]
    ticks: tuple[Tick, ...]
    axis: Axis


@dataclass(frozen=True, slots=True)
class DrawnPanel:
    """The lines of a server as paths: a curve each, and for few points their dots and intervals."""

    key: str
    label: str
    curves: tuple[str, ...]
    dots: tuple[str, ...]
    wall: str | None


@dataclass(frozen=True, slots=True)
class Grid:
    """What panels are ruled with: upright lines in per cent, level ones in pixels, and how high it is."""

    height: int
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class DrawnCurves:
    """A chart of panels; ``beside`` is the baseline's line, which stands behind each other one."""

    name: str
    drawing: Drawing
    panels: tuple[DrawnPanel, ...]
    names: tuple[str, ...]
    small: Grid
    large: Grid
    baseline: str | None
    beside: str | None


def drawn(drawing: Drawing) -> DrawnDots | DrawnCurves:
    """A chart with its places."""
    if isinstance(drawing.shape, Dots):
        return _dots(drawing, drawing.shape)
    return _curves(drawing, drawing.shape)


def _dots(drawing: Drawing, shape: Dots) -> DrawnDots:
    ends = shape.range
    rows = []
    for row in shape.rows:
        marks = tuple(_mark(dot, ends, shape) for dot in row.dots)
        places = [mark.at for mark in marks]
        joined = shape.joined and len(places) > 1
        rows.append(
            DrawnRow(
                row.key, row.label, min(places) if joined else None, max(places) if joined else None, marks, row.text
            )
        )
    high = len(rows) if len(rows) <= COLUMN else math.ceil(len(rows) / 2)
    return DrawnDots(
        name=drawing.name,
        drawing=drawing,
        columns=tuple(tuple(rows[start : start + high]) for start in range(0, len(rows), high)),
        marks=shape.marks,
        ticks=tuple(_across(shape.ticks, ends, shape.axis)),
        axis=shape.axis,
    )


def _mark(dot: Dot, ends: tuple[float, float], shape: Dots) -> Mark:
    low, high = (None if edge is None or edge <= 0 else _percent(edge, ends) for edge in (dot.low, dot.high))
    apart = 0.0 if shape.joined or len(shape.marks) < 2 else HIGH * (dot.mark / (len(shape.marks) - 1) - 0.5)
    return Mark(_percent(dot.value, ends), low, high, dot.mark, dot.bound, MIDDLE + apart)


def _curves(drawing: Drawing, shape: Curves) -> DrawnCurves:
    other = next((panel for panel in shape.panels if panel.label == shape.baseline), None)
    return DrawnCurves(
        name=drawing.name,
        drawing=drawing,
        panels=tuple(_panel(panel, shape) for panel in shape.panels),
        names=shape.names,
        small=_grid(shape, PANEL, most=3),
        large=_grid(shape, OVERLAY, most=6),
        baseline=shape.baseline if other is not None else None,
        beside=_path(other.lines[0], shape) if other is not None and len(shape.names) == 1 else None,
    )


def _panel(panel: Panel, shape: Curves) -> DrawnPanel:
    wall = None if panel.wall is None else f"M{_x(panel.wall, shape)} 0V{SIZE}"
    few = all(len(line) <= FEW for line in panel.lines)
    return DrawnPanel(
        key=panel.key,
        label=panel.label,
        curves=tuple(_path(line, shape) for line in panel.lines),
        dots=tuple(_points(line, shape) for line in panel.lines) if few else (),
        wall=wall,
    )


def _path(line: Sequence[Point], shape: Curves) -> str:
    """A curve of as many points as can be seen; its last is among them."""
    shown = line if len(line) <= POINTS else (*line[:-1:2], line[-1])
    return "M" + "L".join(f"{_x(point.x, shape)} {_y(point.y, shape)}" for point in shown) if shown else ""


def _points(line: Sequence[Point], shape: Curves) -> str:
    """A dot at each point, and its interval through it: lines without length, which are drawn round."""
    parts = []
    for point in line:
        x = _x(point.x, shape)
        parts.append(f"M{x} {_y(point.y, shape)}h0")
    return "".join(parts)


def _grid(shape: Curves, height: int, *, most: int) -> Grid:
    low, high = shape.y_range
    across = _across(shape.x_ticks, shape.x_range, shape.x)
    if height == PANEL and len(across) > LABELLED:
        across = [tick if place % 2 == 0 else replace(tick, text="") for place, tick in enumerate(across)]
    return Grid(
        height,
        tuple(across),
        tuple(
            Tick(round(height * (1 - place(value, (low, high))), 1), shape.y.unit.text(value))
            for value in ticks(low, high, most=most)
        ),
    )


def _across(values: Sequence[float], ends: tuple[float, float], axis: Axis) -> list[Tick]:
    """Ruled lines of a horizontal axis; labels at its ends stay inside."""
    found = []
    for value in values:
        at = _percent(value, ends, logarithmic=axis.logarithmic)
        anchor = "start" if at < 8 else "end" if at > 92 else "middle"
        found.append(Tick(at, axis.unit.text(value), anchor))
    return found


def _percent(value: float, ends: tuple[float, float], *, logarithmic: bool = True) -> float:
    return round(100 * place(value, ends, logarithmic=logarithmic), 1)


def _x(value: float, shape: Curves) -> int:
    return round(SIZE * place(value, shape.x_range, logarithmic=shape.x.logarithmic))


def _y(value: float, shape: Curves) -> int:
    return round(SIZE * (1 - place(value, shape.y_range)))
