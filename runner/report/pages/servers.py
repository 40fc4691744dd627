"""A server's own view: its rows, curves, conformance, failures and logs in one place. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from runner.conformance.classify import ServerClass
from runner.record.adapter import interpreter
from runner.record.run import AdapterRecord, ConformanceSummary, Run
from runner.record.trial import LogError
from runner.report.charts import rates
from runner.report.charts.drawing import Server, labels
from runner.report.charts.shapes import interval_text
from runner.report.pages.drawn import DrawnCurves, DrawnDots, DrawnPanel
from runner.report.pages.failures import Failed
from runner.report.tables import standard
from runner.rows import figures
from runner.rows.row import Paced, Row
from runner.serving import errorlog

ReadLog = Callable[[str], str | None]
"""A log of the record by its name, ``None`` where it is not kept."""

HEADINGS = (
    "load", "requests/s", "±", "rank", "CPU µs/request", "p50", "p75", "p90", "p99", "p99.9", "max", "verdict",
)  # fmt: skip

PACED_HEADINGS = ("paced load", "requests/s", "p50", "p99", "± of p99", "p99.9", "max", "verdict")

SPENT_HEADINGS = (
    "load", "user µs/request", "system µs/request", "in the kernel", "waits/request", "yields/request",
    "segments/batch", "reads/batch",
)  # fmt: skip
"""``waits`` and ``yields``: context switches of the server's threads that were and were not asked for."""

_SAFE = {
    ServerClass.SERIAL: "answers pipelined requests one after another, in order",
    ServerClass.CONCURRENT: "works on pipelined requests at once and answers them in order",
    ServerClass.DEGRADES: "answers the first of a batch and closes the connection: correct, and no use to pipeline to",
    ServerClass.BROKEN: "is not safe to pipeline to",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed row in words, with its errors and the place in its log."""

    key: str
    server: str
    load: str
    verdict: str
    text: str
    errors: tuple[LogError, ...]
    log: str | None
    excerpt: str | None

    @property
    def title(self) -> str:
        """What failed, and under which load."""
        return f"{self.server}, {self.load}"


@dataclass(frozen=True, slots=True)
class Curve:
    """One of the server's panels, with the chart that it is of."""

    chart: DrawnCurves
    panel: DrawnPanel


@dataclass(frozen=True, slots=True)
class View:
    """All there is of one adapter; ``id`` is where it is on the page."""

    id: str
    title: str
    records: tuple[AdapterRecord, ...]
    homepage: str | None
    said: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], str], ...]
    paced: tuple[tuple[tuple[str, ...], str], ...]
    spent: tuple[tuple[str, ...], ...]
    curves: tuple[Curve, ...]
    conformance: tuple[ConformanceSummary, ...]
    failures: tuple[Failure, ...]


def ids(run: Run, taken: Collection[str]) -> dict[str, str]:
    """Where each adapter's view is: at its name, unless a section is there."""
    found: dict[str, str] = {}
    for record in run.adapters:
        name = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in record.name)
        while name in taken or (name in found.values() and record.name not in found):
            name += "-server"
        found.setdefault(record.name, name)
    return found


def views(
    run: Run,
    rows: Sequence[Row],
    charts: Sequence[DrawnDots | DrawnCurves],
    failed: Sequence[Failure],
    places: dict[str, str],
) -> Iterator[View]:
    """One for each adapter, in the order of the record."""
    by_name: dict[str, list[AdapterRecord]] = defaultdict(list)
    for record in run.adapters:
        by_name[record.name].append(record)
    own_rows: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.depth is not None:
            own_rows[row.adapter].append(row)
    several = len(labels(rows)) > len(own_rows)
    alike = len({row.group[:2] for found in own_rows.values() for row in found}) == 1
    for name, records in by_name.items():
        own = own_rows[name]
        yield View(
            id=places[name],
            title=records[0].title,
            records=tuple(records),
            homepage=link(records[0].homepage),
            said=tuple(_said([one for one in run.conformance if one.adapter == name], own)),
            rows=tuple((_cells(row, several=several, alike=alike), figures.note(row)) for row in own),
            spent=tuple(_spent_cells(row, several=several, alike=alike) for row in own if row.spent is not None),
            paced=tuple((_paced_cells(row, one), one.reason) for row in own for one in row.paced),
            curves=tuple(
                Curve(chart, panel)
                for chart in charts
                if isinstance(chart, DrawnCurves)
                for panel in chart.panels
                if panel.key == name
            ),
            conformance=tuple(one for one in run.conformance if one.adapter == name),
            failures=tuple(one for one in failed if one.key == name),
        )


def failure(failed: Failed, read_log: ReadLog) -> Failure:
    """A failed row in words."""
    row = failed.row
    log = read_log(failed.log) if failed.log is not None else None
    words = [row.reason] if row.reason else []
    if failed.check is not None:
        words.append(f"of a batch of {failed.check[0]} requests, {failed.check[1]} were answered")
    words.append(f"{figures.grouped_digits(row.requests)} requests got through in {row.trials} trials")
    if len(failed.verdicts) > 1:
        words.append("seen: " + ", ".join(f"{verdict.value} {count} times" for verdict, count in failed.verdicts))
    return Failure(
        key=row.adapter,
        server=row.title,
        load=standard.group_title(row.group),
        verdict=row.verdict.value,
        text=_sentence("; ".join(words)),
        errors=failed.errors,
        log=failed.log,
        excerpt=errorlog.excerpt(log, failed.errors[0].text if failed.errors else None) if log else None,
    )


def link(address: str) -> str | None:
    """An address that a link may lead to: no script, no file."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return address if parts.scheme in {"http", "https"} and parts.netloc else None


def _said(conformance: Sequence[ConformanceSummary], rows: Sequence[Row]) -> Iterator[str]:
    """The answers to what is asked of a server first: is it safe, how fast is it, what does pipelining give."""
    for one in conformance:
        if one.server_class is not None:
            on = f" on {interpreter(one.python, 'Python')}" if len(conformance) > 1 and one.python else ""
            counts = f"{one.passed} of {one.passed + one.noted + one.failed} core cases pass"
            reason = one.reason.removeprefix(f"{one.server_class}: ")
            yield f"It {_SAFE[ServerClass(one.server_class)]}{on} ({one.server_class}, {counts}): {reason}."
    for dimension, members in rates.sweeps(rows):
        if dimension != "depth":
            continue
        lowest = min(row.depth for row in members if row.depth is not None)
        for gain in rates.gains(members):
            over = [
                f"{interval_text(rates.times(dot.value), dot)} at depth {depth}"
                for depth, dot in gain.over.items()
                if depth < max(gain.over)
            ]
            over.append(f"{gain.text} at depth {max(gain.over)}")
            given = ", ".join(over)
            yield f"Pipelining gives it, over its rate at depth {lowest}, {given}{_on(gain.server, conformance)}."


def _on(server: Server, conformance: Sequence[ConformanceSummary]) -> str:
    return f" on {interpreter(server[1], 'Python')}" if len(conformance) > 1 and server[1] else ""


def _load(row: Row, *, several: bool, alike: bool) -> str:
    load = f"depth {row.depth}" if alike else standard.group_title(row.group)
    return f"{load} · {interpreter(row.python, 'Python')}" if several and row.python else load


def _spent_cells(row: Row, *, several: bool, alike: bool) -> tuple[str, ...]:
    """Where a row's CPU time went, in the order of :data:`SPENT_HEADINGS`."""
    spent, wire = row.spent, row.wire
    assert spent is not None  # noqa: S101 - only such rows are asked for
    share = spent.kernel_share
    counts = (
        spent.voluntary_switches,
        spent.involuntary_switches,
        *((wire.segments_per_batch, wire.reads_per_batch) if wire is not None else (None, None)),
    )
    return (
        _load(row, several=several, alike=alike),
        *(figures.NOTHING if us is None else figures.significant(us.mean) for us in (spent.user_us, spent.system_us)),
        figures.NOTHING if share is None else f"{100 * share:.0f} %",
        *(figures.NOTHING if count is None else figures.significant(count) for count in counts),
    )


def _cells(row: Row, *, several: bool, alike: bool) -> tuple[str, ...]:
    found = row.batch_latency_us
    return (
        _load(row, several=several, alike=alike),
        figures.rate(row),
        figures.uncertainty(row),
        figures.rank(row),
        figures.cpu_cost(row),
        *(figures.duration(getattr(found, name, None)) for name in ("p50", "p75", "p90", "p99", "p99_9", "max")),
        row.verdict.value,
    )


def _paced_cells(row: Row, one: Paced) -> tuple[str, ...]:
    """A load that the server could hold, or not, in the order of :data:`PACED_HEADINGS`."""
    load = f"depth {row.depth}, bursts of {one.burst}, {one.load}" + (" of capacity" if one.share is not None else "")
    p50, p99 = (figures.duration(us.mean) if us else figures.NOTHING for us in (one.p50_us, one.p99_us))
    spread = one.p99_us.relative_half_width if one.p99_us else None
    return (
        load,
        figures.NOTHING if one.offered_per_second is None else figures.rate_digits(one.offered_per_second),
        p50,
        p99,
        figures.NOTHING if spread is None else figures.plus_minus(spread),
        figures.duration(one.p99_9_us),
        figures.duration(one.max_us),
        one.verdict.value,
    )


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
