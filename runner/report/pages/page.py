"""A run as one HTML file (:mod:`runner.report.pages.html`): tables, charts, failures, machine, reproduction. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from markupsafe import Markup

from runner.conformance.classify import ServerClass
from runner.record.adapter import Tuning
from runner.record.run import AdapterRecord, ConformanceSummary, Level, Run
from runner.record.trial import LogError, Trial
from runner.report.charts.charts import SWEPT, Drawing, Picture, Section
from runner.report.pages import caveats, failures, html
from runner.report.pages.failures import Failed
from runner.report.tables import standard
from runner.rows import figures
from runner.rows.row import Row
from runner.serving import errorlog

ReadLog = Callable[[str], str | None]
"""A log of the record by its name, ``None`` where it is not kept."""

_SECTIONS = {
    Section.THROUGHPUT: "Throughput",
    Section.SWEEP: "What pipelining changes",
    Section.LATENCY: "Batch latency",
    Section.PRINTED: "Recorded and printed latency",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table of results; ``descending``: which way it is sorted first."""

    heading: str
    type: str
    descending: bool = False

    @property
    def style(self) -> str:
        """The class of its cells."""
        return "note" if self.heading == "note" else "number" if self.type == "number" else "word"


@dataclass(frozen=True, slots=True)
class TableCell:
    """What a cell shows, and what it is sorted by; ``None``: there is no figure, and it comes last."""

    text: str
    value: float | str | None = None
    alert: bool = False


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A row of the table of results, with what it can be filtered by."""

    cells: tuple[TableCell, ...]
    homepage: str | None
    depth: str
    kind: str
    python: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A control that filters the table: the values of one of its columns."""

    name: str
    title: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart as it stands on the page."""

    drawing: Drawing
    svg: Markup


@dataclass(frozen=True, slots=True)
class ChartSection:
    """Charts with a heading."""

    id: str
    title: str
    drawn: tuple[Drawn, ...]


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

    title: str
    tuning: Tuning
    link: str | None


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed row in words, with its errors and the place in its log."""

    title: str
    verdict: str
    text: str
    errors: tuple[LogError, ...]
    log: str | None
    excerpt: str | None


def render(
    run: Run, rows: Sequence[Row], trials: Sequence[Trial], read_log: ReadLog, pictures: Sequence[Picture]
) -> str:
    """The page of a run with its charts. ``read_log`` is asked for the logs of what failed."""
    style, script = html.style(), html.file("page.js")
    drawn = [Drawn(one.drawing, html.inline(one.svg, one.drawing.name)) for one in pictures]
    sections = [
        ChartSection(section.value, title, chosen)
        for section, title in _SECTIONS.items()
        if (chosen := tuple(one for one in drawn if one.drawing.section is section))
    ]
    unavailable = [record for record in run.adapters if record.unavailable is not None]
    return html.template(
        "page.html"
    ).render(
        run=run,
        policy=html.policy(style, script),
        style=Markup(style),  # noqa: S704 - files of this package
        script=Markup(script),  # noqa: S704
        when=run.created_at[:16].replace("T", " ") + " UTC",
        trials=sum(row.trials for row in rows),
        servers=len({row.server for row in rows if row.depth is not None}),
        sections=_headings(run, sections, unavailable),
        caveats=caveats.caveats(run, rows),
        columns=columns(run, rows),
        results=[result_row(run, rows, row) for _, members in standard.grouped(rows) for row in members],
        choices=choices(rows),
        chart_sections=sections,
        conformance=_conformance(run),
        advice=_advice(run),
        failures=[_failure(failed, read_log) for failed in failures.failures(rows, trials)],
        unavailable=unavailable,
        machine=tuple(_machine(run)),
        findings=_findings(run),
        commands=commands(run),
        versions=tuple(_versions(run)),
        nothing=figures.NOTHING,
    )


def columns(run: Run, rows: Sequence[Row]) -> tuple[Column, ...]:
    """The columns of the table of results; connections and workers only where they vary."""
    return (
        Column("server", "text"),
        *((Column("variant", "text"),) if run.plan.variants else ()),
        *(Column(name, "number") for name in _varied(rows)),
        Column("rank", "number"),
        Column("requests/s", "number", descending=True),
        Column("±", "number"),
        Column(f"× {run.plan.baseline}", "number", descending=True),  # noqa: RUF001 - times
        Column("CPU µs/request", "number"),
        *((Column("instructions", "number"),) if run.counts else ()),
        *(Column(name, "number") for name in ("p50", "p75", "p90", "p99", "max")),
        *((Column("bytes", "number"), Column("sends", "text")) if _fields_seen(rows) else ()),
        Column("pipelining", "text"),
        Column("verdict", "text"),
        Column("version", "text"),
        Column("Python", "text"),
        Column("kind", "text"),
        Column("note", "text"),
    )


def result_row(run: Run, rows: Sequence[Row], row: Row) -> ResultRow:
    """One row of the table of results."""
    rate, found = row.requests_per_second, row.batch_latency_us
    homepages = {record.server: record.homepage for record in run.adapters}
    cells = (
        TableCell(row.title, row.title),
        *((_word(row.variant),) if run.plan.variants else ()),
        *(_plain(getattr(row, name)) for name in _varied(rows)),
        TableCell(figures.rank(row), row.rank.low if row.rank else None),
        TableCell(figures.rate(row), rate.mean if rate else None),
        TableCell(figures.uncertainty(row), rate.relative_half_width if rate else None),
        TableCell(figures.times_baseline(row), row.times_baseline.value if row.times_baseline else None),
        TableCell(figures.cpu_cost(row), row.cpu_us_per_request.mean if row.cpu_us_per_request else None),
        *((TableCell(figures.instructions(row), row.instructions_per_request),) if run.counts else ()),
        *(
            TableCell(text, getattr(found, name, None))
            for name, text in zip(("p50", "p75", "p90", "p99", "max"), figures.latencies(row), strict=True)
        ),
        *(_response(row) if _fields_seen(rows) else ()),
        _word(row.server_class, alert=row.server_class == ServerClass.BROKEN),
        _word(row.verdict.value, alert=not row.verdict.has_rate),
        _word(row.version),
        _word(row.python),
        _word(row.kind.value),
        _word(figures.note(row) or None, nothing=""),
    )
    return ResultRow(
        cells=cells,
        homepage=_link(homepages.get(row.server, "")),
        depth=str(row.depth or figures.NOTHING),
        kind=row.kind.value,
        python=row.python or figures.NOTHING,
    )


def choices(rows: Sequence[Row]) -> tuple[Choice, ...]:
    """What the table can be filtered by."""
    depths = sorted({row.depth for row in rows if row.depth is not None})
    pythons = {row.python or figures.NOTHING for row in rows}
    return (
        Choice("depth", "Depth", tuple(map(str, depths))),
        Choice("kind", "Kind", tuple(sorted({row.kind.value for row in rows}))),
        Choice("python", "Python", tuple(sorted(pythons, key=_numbers_in))),
    )


def commands(run: Run) -> str:
    """What to type for the same run again."""
    lines = ["make setup", f"uv run {shlex.join(run.command)}"]
    if run.revision is not None:
        lines.insert(0, f"git checkout {run.revision.rstrip('+')}")
    return "\n".join(lines)


def _fields_seen(rows: Sequence[Row]) -> bool:
    """Whether this record says what a response holds: those of before November 26, 2026 do not."""
    return any(row.sends is not None for row in rows)


def _response(row: Row) -> tuple[TableCell, TableCell]:
    size = row.bytes_per_response
    text = figures.NOTHING if size is None else figures.grouped_digits(size)
    return TableCell(text, size), _word(None if row.sends is None else figures.sends(row))


def _varied(rows: Sequence[Row]) -> list[str]:
    loaded = [row for row in rows if row.depth is not None]
    return [name for name in SWEPT if name == "depth" or len({getattr(row, name) for row in loaded}) > 1]


def _plain(number: int | None) -> TableCell:
    return TableCell(figures.NOTHING if number is None else str(number), number)


def _word(text: str | None, *, alert: bool = False, nothing: str = figures.NOTHING) -> TableCell:
    return TableCell(text or nothing, text, alert)


def _numbers_in(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)))


def _link(address: str) -> str | None:
    """An address that a link may lead to: no script, no file."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return address if parts.scheme in {"http", "https"} and parts.netloc else None


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
        Advice(record.title, tuning, _link(tuning.page))
        for record in sorted(by_name.values(), key=lambda record: record.title)
        for tuning in record.tuning
    ]


def _failure(failed: Failed, read_log: ReadLog) -> Failure:
    row = failed.row
    log = read_log(failed.log) if failed.log is not None else None
    words = [row.reason] if row.reason else []
    if failed.check is not None:
        words.append(f"of a batch of {failed.check[0]} requests, {failed.check[1]} were answered")
    words.append(f"{figures.grouped_digits(row.requests)} requests got through in {row.trials} trials")
    if len(failed.verdicts) > 1:
        words.append("seen: " + ", ".join(f"{verdict.value} {count} times" for verdict, count in failed.verdicts))
    return Failure(
        title=f"{row.title}, {standard.group_title(row.group)}",
        verdict=row.verdict.value,
        text=_sentence("; ".join(words)),
        errors=failed.errors,
        log=failed.log,
        excerpt=errorlog.excerpt(log, failed.errors[0].text if failed.errors else None) if log else None,
    )


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _machine(run: Run) -> Iterator[tuple[str, str]]:
    machine = run.machine
    yield "CPU", machine.kind
    yield "Placement", f"CPUs: {run.placement}"
    yield "Memory", f"{machine.memory_bytes / 2**30:.0f} GiB"
    yield "System", machine.system + (", a virtual machine" if machine.hypervisor else "")
    yield "Kernel", machine.kernel
    yield "Tools", ", ".join(f"{name} {version}" for name, version in machine.tools.items())


def _findings(run: Run) -> str:
    counts = {level: sum(1 for finding in run.findings if finding.level is level) for level in reversed(Level)}
    return ", ".join(f"{count} {level.value}" for level, count in counts.items() if count)


def _versions(run: Run) -> Iterator[tuple[str, str]]:
    plan = run.plan
    yield "Run", run.id
    yield "Suite", f"version {run.version}, revision {run.revision or 'unknown'}"
    yield "Finished", (run.finished_at or "not complete").replace("T", " ").replace("Z", " UTC")
    yield "Depths", ", ".join(map(str, plan.depths))
    yield "Connections", ", ".join(map(str, plan.connections))
    yield "Workers", ", ".join(map(str, plan.workers))
    yield "Load", f"{plan.duration_s:g} s a trial, warm-up {plan.warm_up_s:g} s, {plan.threads} wrk threads"
    if plan.trials is not None:
        yield "Trials", f"{plan.trials} of each cell"
    else:
        budget = "" if plan.budget_s is None else f" or {plan.budget_s:g} s in all"
        yield "Trials", f"{plan.min_trials} to {plan.max_trials} of each cell, until ±{plan.precision:.0%}{budget}"
    yield "Order", f"shuffled in each round, seed {plan.seed}"
