"""Charts of latency: its distribution, what wrk prints of it, and what it is at a load that a server can hold. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runner.judging import latency
from runner.record.plan import Cell, Purpose
from runner.record.run import Run
from runner.record.trial import Trial
from runner.report.charts.drawing import Drawing, Names, Section, key, server_of, what
from runner.report.charts.shapes import Axis, Curves, Dot, DotRow, Dots, Panel, Point, Unit
from runner.rows import cells as cells_of
from runner.rows import figures
from runner.rows.row import Row

Tail = tuple[tuple[float, int], ...]
"""A distribution as :func:`runner.judging.latency.tail` gives it."""

_COMPARED = {"median": "p50", "99th percentile": "p99"}
_PERCENTILES = ("p50", "p75", "p90", "p99", "p99_9", "max")
_PERCENTILE_AXIS = Axis("percentile of batches", Unit.PERCENTILE, values=tuple(10.0**nines for nines in range(6)))
_LATENCY = Axis(None, Unit.DURATION)
_MARKS = ("recorded", "printed by wrk", "printed as 0.00us")


def distributions(head: Run, rows: Sequence[Row], trials: Sequence[Trial]) -> Mapping[Cell, Tail]:
    """The distribution of batch latency of each cell whose row has one: of the trials whose figures are used."""
    by_cell: dict[Cell, list[Trial]] = defaultdict(list)
    for trial in trials:
        if trial.purpose is Purpose.MEASURE:
            by_cell[trial.cell].append(trial)
    found = {}
    for row in rows:
        cell = row.cell
        if cell not in by_cell or row.batch_latency_us is None or not row.batch_latency_us.exact:
            continue
        counting = cells_of.used(by_cell[cell], head.plan)
        merged = latency.merge([trial.load.histogram for trial in counting if trial.load is not None])
        found[cell] = latency.tail(merged)
    return found


def distribution(rows: Sequence[Row], names: Names, tails: Mapping[Cell, Tail], baseline: str) -> Drawing:
    """The distribution of batch latency of one group, by percentile, its tail stretched."""
    drawn = [(row, tails[cell]) for row in rows if (cell := row.cell) is not None and cell in tails]
    drawn.sort(key=lambda one: one[1][0][1])
    panels = tuple(
        Panel(row.adapter, names[server_of(row)], (tuple(Point(x, us) for x, us in points),)) for row, points in drawn
    )
    title = f"Batch latency, {what(rows[0])}"
    without = [names[server_of(row)] for row in rows if row.cell not in tails]
    caption = "By percentile of all batches, up to the slowest one; both scales are logarithmic."
    if without:
        caption += f" Not measured: {', '.join(without)}."
    return Drawing(
        name=f"latency-{key(rows[0])}",
        section=Section.LATENCY,
        title=title,
        shape=Curves(
            panels,
            ("batch latency",),
            x=_PERCENTILE_AXIS,
            y=_LATENCY,
            baseline=next((names[server_of(row)] for row in rows if row.adapter == baseline), None),
        ),
        description=f"{title}: a line by percentile for each of {len(panels)} servers; " + _medians(rows, names),
        caption=caption,
        headings=("server", "p50", "p75", "p90", "p99", "p99.9", "max"),
        cells=tuple(
            (
                names[server_of(row)],
                *(figures.duration(getattr(row.batch_latency_us, name, None)) for name in _PERCENTILES),
            )
            for row in rows
        ),
        keys=tuple(row.adapter for row in rows),
    )


def printed(rows: Sequence[Row], names: Names) -> tuple[Drawing, ...]:
    """What wrk prints of latency beside what it recorded, of one group: a chart of medians, one of 99th percentiles."""
    seen = [row for row in rows if row.wrk_latency_us is not None]
    return tuple(_printed(seen, names, words, name) for words, name in _COMPARED.items())


def _printed(rows: Sequence[Row], names: Names, words: str, name: str) -> Drawing:
    known = [us for row in rows for us in _both(row, name) if us]
    lowest = min(known, default=1)
    drawn = tuple(
        DotRow(
            row.adapter,
            names[server_of(row)],
            tuple(
                Dot(us or lowest, mark=mark if us else 2, bound=not us)
                for mark, us in enumerate(_both(row, name))
                if us is not None
            ),
            figures.wrk_duration(getattr(row.wrk_latency_us, name)),
        )
        for row in rows
    )
    zeros = sum(1 for row in rows if getattr(row.wrk_latency_us, name) == 0)
    title = f"What wrk prints, {words}, {what(rows[0])}"
    said = f"{title}: for each server the batch latency that wrk recorded beside the one it prints"
    if zeros:
        said += f"; {zeros} of {len(rows)} that it prints are zero"
    return Drawing(
        name=f"printed-{name}-{key(rows[0])}",
        section=Section.PRINTED,
        title=title,
        shape=Dots(drawn, _MARKS, Axis("batch latency", Unit.DURATION)),
        description=said,
        caption="Recorded: over all trials; printed, in figures too: the median over trials. 0.00us is what wrk prints "
        "where its correction leaves it without a figure; it stands at the left, for it has no place on the scale.",
        headings=("server", "recorded", "printed"),
        cells=tuple(
            (
                names[server_of(row)],
                figures.duration(getattr(row.batch_latency_us, name, None)),
                figures.wrk_duration(getattr(row.wrk_latency_us, name)),
            )
            for row in rows
        ),
        keys=tuple(row.adapter for row in rows),
    )


def _both(row: Row, name: str) -> tuple[int | None, int | None]:
    """What wrk recorded and what it printed, in microseconds."""
    return getattr(row.batch_latency_us, name, None), getattr(row.wrk_latency_us, name)


@dataclass(frozen=True, slots=True)
class LoadPoint:
    """The latency of a server, in microseconds, at a load in requests per second that came whether it kept up or not.

    ``wall_rps`` is the most that it can do, in requests per second; ``None`` where that was not measured. A percentile
    is ``None`` where there is none: then the load was above what server or generator could do.
    """

    server: str
    label: str
    load_rps: float
    p50_us: float | None
    p99_us: float | None
    p99_9_us: float | None
    wall_rps: float | None


def load_points(rows: Sequence[Row], names: Names) -> list[LoadPoint]:
    """The loads of a group's rows that came in bursts as deep as its pipeline, with what latency they had."""
    return [
        LoadPoint(
            server=row.adapter,
            label=names[server_of(row)],
            load_rps=one.offered_per_second,
            p50_us=one.p50_us.mean if one.p50_us else None,
            p99_us=one.p99_us.mean if one.p99_us else None,
            p99_9_us=one.p99_9_us,
            wall_rps=row.requests_per_second.mean if row.requests_per_second else None,
        )
        for row in rows
        for one in row.paced
        if one.burst == row.depth and one.offered_per_second is not None
    ]


_LOAD_LINES = {"p50": "p50_us", "p99": "p99_us", "p99.9": "p99_9_us"}


def over_load(points: Sequence[LoadPoint], load: str) -> tuple[Drawing, ...]:
    """Latency over load: a panel a server with its median, its tail and its wall; and all of them by their p99.

    ``load`` says what the points have in common, as ``depth 16, 50 connections`` does. Empty without a latency.
    """
    servers: dict[str, list[LoadPoint]] = defaultdict(list)
    for point in sorted(points, key=lambda point: point.load_rps):
        servers[point.label].append(point)
    rising = sorted(servers.values(), key=lambda own: -(own[0].wall_rps or own[-1].load_rps))
    panels = tuple(_load_panel(own, tuple(_LOAD_LINES)) for own in rising)
    if not any(line for panel in panels for line in panel.lines):
        return ()
    words = [f"{panel.label} up to {figures.rate_digits(panel.wall)} requests/s" for panel in panels if panel.wall]
    cells = tuple(
        (
            point.label,
            figures.rate_digits(point.load_rps),
            *(figures.duration(getattr(point, name)) for name in _LOAD_LINES.values()),
        )
        for own in rising
        for point in own
    )
    common = {
        "section": Section.LOAD,
        "headings": ("server", "load, requests/s", *_LOAD_LINES),
        "cells": cells,
        "keys": tuple(point.server for own in rising for point in own),
    }
    x, y = Axis("load, requests/s", Unit.COUNT), _LATENCY
    slug = "".join(letter if letter.isalnum() else "-" for letter in load.replace(", ", "-"))
    title = f"Latency over load, {load}"
    caption = (
        "Open loop: requests come whether they are answered or not, and wait where the server is behind. The upright "
        "line is the most that the server can do. Both scales are logarithmic."
    )
    said = f"{title}: for each of {len(panels)} servers"
    return (
        Drawing(
            name=f"over-load-{slug}",
            title=title,
            shape=Curves(panels, tuple(_LOAD_LINES), x=x, y=y),
            description=f"{said} median, 99th and 99.9th percentile; {'; '.join(words)}",
            caption=caption,
            **common,  # type: ignore[arg-type]
        ),
        Drawing(
            name=f"over-load-p99-{slug}",
            title=f"99th percentile over load, {load}",
            shape=Curves(tuple(_load_panel(own, ("p99",)) for own in rising), ("p99",), x=x, y=y),
            description=f"{said} the 99th percentile; {'; '.join(words)}",
            caption=caption,
            **common,  # type: ignore[arg-type]
        ),
    )


def _load_panel(own: Sequence[LoadPoint], lines: Sequence[str]) -> Panel:
    return Panel(
        own[0].server,
        own[0].label,
        tuple(
            tuple(
                Point(point.load_rps, us)
                for point in own
                if (us := getattr(point, _LOAD_LINES[line])) is not None and us > 0
            )
            for line in lines
        ),
        wall=own[0].wall_rps,
    )


def _medians(rows: Sequence[Row], names: Names) -> str:
    return "median " + ", ".join(
        f"{names[server_of(row)]} {figures.duration(row.batch_latency_us.p50)}"
        for row in rows
        if row.batch_latency_us and row.batch_latency_us.exact
    )
