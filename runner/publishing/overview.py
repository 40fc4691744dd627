"""All published runs beside each other: a table, and a page with the rate of each server over the runs. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup

from runner.record.adapter import Scenario, interpreter
from runner.record.plan import Headers
from runner.record.run import Run
from runner.record.trial import Verdict
from runner.report.charts import charts
from runner.report.charts.drawing import Drawing, Section
from runner.report.charts.shapes import Axis, Curves, Panel, Point, Unit
from runner.report.markdown import escape, table
from runner.report.pages import drawn, findings, html
from runner.report.pages import page as page_of_run
from runner.report.pages.drawn import DrawnCurves
from runner.report.tables import standard
from runner.rows import figures
from runner.rows.row import Group, Row

HEADINGS = ("run", "day", "profile", "machine", "servers", "cells", "measured", "trials", "record")
_LEFT = ("run", "day", "profile", "machine")


@dataclass(frozen=True, slots=True)
class Entry:
    """A published run: its folder's name, its head, its rows, and the size of its record in bytes."""

    folder: str
    run: Run
    rows: Sequence[Row]
    record_bytes: int

    @property
    def figures(self) -> tuple[str, ...]:
        """What the tables say of it, after its name, in the order of :data:`HEADINGS`."""
        loaded = [row for row in self.rows if row.depth is not None]
        return (
            self.run.created_at[:10],
            self.run.plan.profile,
            self.run.machine.kind,
            str(len({(row.adapter, row.python, row.variant) for row in loaded})),
            str(len(loaded)),
            str(sum(row.verdict is Verdict.MEASURED for row in loaded)),
            str(sum(row.trials for row in loaded)),
            figures.size(self.record_bytes),
        )


@dataclass(frozen=True, slots=True)
class Trend:
    """The rates of all servers under one load, on one kind of machine: a column a run, the newest last."""

    group: Group
    delay_us: int
    machine: str
    runs: tuple[Entry, ...]
    lines: tuple[tuple[str, tuple[Row | None, ...]], ...]

    @property
    def title(self) -> str:
        """The load in words."""
        waits = f" · {figures.duration(self.delay_us)} at the upstream" if self.delay_us else ""
        return standard.group_title(self.group) + waits

    @property
    def cells(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Its table: servers with their rates in words."""
        return tuple((server, tuple(map(figures.rate_or_verdict, rows))) for server, rows in self.lines)

    @property
    def chart(self) -> DrawnCurves | None:
        """Its chart: a panel for each server that has a rate in two runs at least; ``None`` without one."""
        panels = tuple(Panel("", server, (points,)) for server, rows in self.lines if len(points := _points(rows)) > 1)
        if not panels:
            return None
        runs = Axis("run", Unit.FIGURE, values=tuple(map(float, range(1, len(self.runs) + 1))), logarithmic=False)
        shape = Curves(panels, ("requests/s",), x=runs, y=Axis(None, Unit.COUNT))
        name = f"trend-{self._key}-{_slug(self.machine)}"
        made = drawn.drawn(
            Drawing(name, Section.SWEEP, f"{self.title} · {self.machine}", shape, self.description, "", (), (), ())
        )
        assert isinstance(made, DrawnCurves)  # noqa: S101 - of curves
        return made

    @property
    def _key(self) -> str:
        """Part of a name: ``0-1-50-5``."""
        group = self.group
        parts = [self.delay_us, group.workers, group.connections, group.depth]
        return "-".join(map(str, parts + ([] if group.headers is Headers.BARE else [group.headers])))

    @property
    def description(self) -> str:
        """The chart in words, for who does not see it."""
        return (
            f"Requests per second over {len(self.runs)} runs, {self.title}, {self.machine}: the table has its figures"
        )


def markdown(entries: Sequence[Entry]) -> str:
    """The runs as a table, the newest first, each linked to its tables and its page."""
    rows = (
        [f"[{escape(one.folder)}]({quote(one.folder)}/tables.md)", *map(escape, one.figures)]
        for one in _newest_first(entries)
    )
    return "\n".join(table(HEADINGS, _LEFT, rows)) + "\n"


def page(entries: Sequence[Entry]) -> str:
    """What the newest run says at first sight, all runs, and trends of what several of one machine measured."""
    style = html.style()
    newest = next((one for one in _newest_first(entries) if one.run.plan.scenario is Scenario.PIPELINE), None)
    chart = charts.overview(newest.rows) if newest is not None else None
    return html.template("overview.html").render(
        policy=html.policy(style),
        headings=HEADINGS,
        left=_LEFT,
        entries=_newest_first(entries),
        newest=newest,
        measured=page_of_run.measured(newest.run, newest.rows) if newest is not None else None,
        findings=findings.findings(newest.run, newest.rows) if newest is not None else (),
        chart=drawn.drawn(chart) if chart is not None else None,
        trends=tuple(trends(entries)),
        style=Markup(style),  # noqa: S704 - files of this package
    )


def trends(entries: Sequence[Entry]) -> Iterator[Trend]:
    """One trend for each load that at least two runs of one kind of machine have in common."""
    loads: dict[tuple[str, str, int, Group], list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda one: one.run.created_at):
        plan = entry.run.plan
        for group in {row.group for row in entry.rows if row.depth is not None}:
            loads[entry.run.machine.kind, plan.scenario.value, plan.delay_us or 0, group].append(entry)
    for (machine, _, delay_us, group), runs in sorted(loads.items(), key=lambda item: item[0]):
        if len(runs) > 1:
            columns = [{_server(row): row for row in run.rows if row.group == group} for run in runs]
            servers = sorted(dict.fromkeys(server for column in columns for server in column))
            lines = tuple((server, tuple(column.get(server) for column in columns)) for server in servers)
            yield Trend(group, delay_us, machine, tuple(runs), lines)


def _server(row: Row) -> str:
    """A server in words that no other of a run has."""
    limit = row.cell.max_clients if row.cell else None
    python, clients = (interpreter(row.python, "Python") if row.python else None, f"{limit} clients" if limit else None)
    return ", ".join(filter(None, (row.title, row.variant, python, clients)))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower())


def _newest_first(entries: Sequence[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda one: one.run.created_at, reverse=True)


def _points(rows: Sequence[Row | None]) -> tuple[Point, ...]:
    """The rates of one server, at the numbers of their runs."""
    return tuple(
        Point(number, rate.mean, rate.low, rate.high, bound=row.verdict is Verdict.GENERATOR_BOUND)
        for number, row in enumerate(rows, start=1)
        if row is not None and (rate := row.requests_per_second) is not None
    )
