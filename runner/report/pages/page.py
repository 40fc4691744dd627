"""A run as one HTML file (:mod:`runner.report.pages.html`): what it says at first sight, then all there is. Pure.

The first screen answers: what was measured, who is where, three findings, how many reservations. Then the table, the
charts, and for each server a view of its own, which stands alone where the address names it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from runner import project
from runner.conformance.classify import ServerClass
from runner.explaining.view import View
from runner.record.adapter import Tuning
from runner.record.run import AdapterRecord, ConformanceSummary, Run
from runner.record.trial import Trial
from runner.report.charts import charts
from runner.report.charts.drawing import Drawing, Section, server_of
from runner.report.explained import shown
from runner.report.pages import caveats, drawn, failures, findings, html, origin, results, servers
from runner.report.pages.drawn import DrawnCurves, DrawnDots
from runner.report.pages.servers import ReadLog
from runner.report.tables import standard
from runner.rows import figures
from runner.rows.row import Row

_SECTIONS = {
    Section.THROUGHPUT: "Throughput",
    Section.GAIN: "What pipelining gives",
    Section.SWEEP: "Sweeps",
    Section.RELEASES: "Releases",
    Section.LOAD: "Latency over load",
    Section.LATENCY: "Batch latency",
    Section.PRINTED: "What wrk prints",
}
_TAKEN = ("first", "caveats", "choice", "chosen", "ratios", "filters", "shown", "results-table")
"""Places of the page that are no section's."""
MOST_CHOSEN = 6
"""Servers that can be chosen at once."""


@dataclass(frozen=True, slots=True)
class ChartSection:
    """Charts with a heading."""

    id: str
    title: str
    charts: tuple[DrawnDots | DrawnCurves, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """Where a section is."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Conformance:
    """What the core cases say of a server, by its title."""

    title: str
    summary: ConformanceSummary
    bad: bool


@dataclass(frozen=True, slots=True)
class Advice:
    """What a server's documentation recommends, by its title; ``link`` leads to the page."""

    key: str
    title: str
    tuning: Tuning
    link: str | None


@dataclass(frozen=True, slots=True)
class Beside:
    """What a page must know that the head and the trials do not hold; ``explained`` servers stand in their views.

    ``home`` is an address of the project; ``uncommitted`` are adapters' files that the commit of the run has otherwise.
    """

    home: str | None = None
    uncommitted: tuple[str, ...] = ()
    explained: tuple[View, ...] = ()


def render(
    run: Run,
    rows: Sequence[Row],
    trials: Sequence[Trial],
    read_log: ReadLog,
    drawings: Sequence[Drawing],
    beside: Beside | None = None,
) -> str:
    """The page of a run with its charts. ``read_log`` is asked for the logs of what failed."""
    beside = beside or Beside()
    style, script = html.style(), html.file("page.js")
    made = [drawn.drawn(one) for one in drawings]
    sections = [
        ChartSection(section.value, title, chosen)
        for section, title in _SECTIONS.items()
        if (chosen := tuple(one for one in made if one.drawing.section is section))
    ]
    unavailable = [record for record in run.adapters if record.unavailable is not None]
    headings = _headings(run, sections, unavailable)
    places = servers.ids(run, {*_TAKEN, *(heading.id for heading in headings), *(one.name for one in made)})
    failed = [servers.failure(one, read_log) for one in failures.failures(rows, trials)]
    reservations = caveats.caveats(run, rows)
    return html.template("page.html").render(
        run=run,
        project=project.NAME,
        home=beside.home,
        policy=html.policy(style, script),
        style=Markup(style),  # noqa: S704 - files of this package
        script=Markup(script),  # noqa: S704
        measured=measured(run, rows),
        sections=headings,
        findings=findings.findings(run, rows),
        caveats=reservations,
        reserved=" · ".join(caveat.short for caveat in reservations),
        overview=next((one for one in made if one.drawing.section is Section.OVERVIEW), None),
        source=charts.source(run),
        columns=results.columns(run, rows),
        sent=any(row.sends is not None for row in rows),
        results=[results.result_row(run, rows, row) for _, members in standard.grouped(rows) for row in members],
        choices=results.choices(rows),
        places=places,
        servers=[(name, place, _title(run, name)) for name, place in places.items()],
        most_chosen=MOST_CHOSEN,
        chart_sections=sections,
        conformance=_conformance(run),
        advice=_advice(run),
        failures=failed,
        unavailable=unavailable,
        views=servers.views(run, rows, made, failed, places),
        explained=shown.by_adapter(beside.explained),
        view_headings=servers.HEADINGS,
        paced_headings=servers.PACED_HEADINGS,
        spent_headings=servers.SPENT_HEADINGS,
        machine=tuple(origin.machine(run)),
        machine_findings=origin.findings(run),
        commands=origin.commands(run),
        not_in_commit=origin.not_in_commit(run, beside.uncommitted),
        versions=tuple(origin.plan(run)),
        nothing=figures.NOTHING,
    )


def measured(run: Run, rows: Sequence[Row]) -> str:
    """What was measured, in one line."""
    loaded = [row for row in rows if row.depth is not None]
    count = len({server_of(row) for row in loaded})
    loads = Counter((row.workers, row.connections) for row in loaded)
    depths = sorted({row.depth for row in loaded if row.depth is not None})
    words = [
        f"{count} servers",
        f"depth {', '.join(map(str, depths))}" if depths else "",
        *(f"{connections} connections" for _, connections in loads if len(loads) == 1),
        f"{figures.grouped_digits(sum(row.trials for row in rows))} trials of {run.plan.duration_s:g} s",
        f"{run.machine.kind}",
        run.created_at[:10],
    ]
    return " · ".join(filter(None, words))


def _title(run: Run, name: str) -> str:
    return next(record.title for record in run.adapters if record.name == name)


def _headings(run: Run, chart_sections: Sequence[ChartSection], unavailable: Sequence[AdapterRecord]) -> list[Heading]:
    return [
        Heading("results", "Results"),
        *(Heading(section.id, section.title) for section in chart_sections),
        Heading("conformance", "Conformance"),
        *([Heading("tuning", "Tuning")] if _advice(run) else []),
        Heading("failures", "Failures"),
        *([Heading("unavailable", "Not available")] if unavailable else []),
        Heading("machine", "Machine"),
        Heading("method", "Method"),
        Heading("reproduce", "Reproduce"),
    ]


def _conformance(run: Run) -> list[Conformance]:
    titles = {record.server: record.title for record in run.adapters}
    return [
        Conformance(
            titles.get(one.server, one.adapter) + (f" · {one.variant}" if one.variant else ""),
            one,
            bad=one.server_class is None or not ServerClass(one.server_class).pipelines,
        )
        for one in run.conformance
    ]


def _advice(run: Run) -> list[Advice]:
    """Of each adapter once, whatever interpreters it ran on."""
    by_name = {record.name: record for record in run.adapters}
    return [
        Advice(record.name, record.title, tuning, servers.link(tuning.page))
        for record in sorted(by_name.values(), key=lambda record: record.title)
        for tuning in record.tuning
    ]
