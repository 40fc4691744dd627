"""The table of results of a page: columns, cells with what they are sorted by, what it is filtered by. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from runner.conformance.classify import ServerClass
from runner.record.run import Run
from runner.record.trial import Verdict
from runner.report.charts.drawing import SWEPT
from runner.report.tables import standard
from runner.rows import figures
from runner.rows.row import Row

LATENCIES = ("p50", "p99", "max")
"""The percentiles of batch latency that the table shows where no load was paced; a server's own view shows all."""
WIDE = 0.5
"""The half-width of a p99's interval, relative to it, beyond which the p99 is an order of magnitude."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table of results; ``descending``: which way it is sorted first."""

    heading: str
    type: str
    descending: bool = False

    @property
    def style(self) -> str:
        """The class of its cells."""
        return "number" if self.type == "number" else "verdict" if self.heading == "verdict" else "word"


@dataclass(frozen=True, slots=True)
class TableCell:
    """What a cell shows, and what it is sorted by; ``None``: there is no figure, and it comes last.

    ``note`` is what unfolds below it. ``word``: a word stands where a figure would, and may take two lines.
    """

    text: str
    value: float | str | None = None
    alert: bool = False
    note: str = ""
    word: bool = False


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A row of the table of results, with what it can be filtered by; ``key`` is the adapter's name.

    ``interval`` is the rate with its ends, where it has any: two of them make a ratio.
    """

    cells: tuple[TableCell, ...]
    key: str
    depth: str
    kind: str
    python: str
    interval: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class Choice:
    """A control that filters the table: the values of one of its columns."""

    name: str
    title: str
    values: tuple[str, ...]


def columns(run: Run, rows: Sequence[Row]) -> tuple[Column, ...]:
    """The columns of the table of results; connections and workers only where they vary, multiples where there are."""
    return (
        Column("server", "text"),
        *((Column("variant", "text"),) if run.plan.variants else ()),
        Column("version", "text"),
        Column("Python", "text"),
        *((Column("build", "text"),) if standard.builds_vary(run) else ()),
        *(Column(name, "number") for name in _varied(rows)),
        Column("rank", "number"),
        Column("requests/s", "number", descending=True),
        Column("±", "number"),
        *([Column(f"× {run.plan.baseline}", "number", descending=True)] if _compared(rows) else []),  # noqa: RUF001
        Column("CPU µs/request", "number"),
        *((Column("instructions", "number"),) if run.counts else ()),
        *(Column(name, "number") for name in _latencies(run)),
        *((Column("bytes", "number"), Column("sends", "text")) if _fields_seen(rows) else ()),
        Column("pipelining", "text"),
        Column("verdict", "text"),
    )


def result_row(run: Run, rows: Sequence[Row], row: Row) -> ResultRow:
    """One row of the table of results."""
    rate = row.requests_per_second
    cells = (
        TableCell(row.title, row.title),
        *((_word(row.variant),) if run.plan.variants else ()),
        _word(row.version),
        _word(row.python),
        *((_word(str(row.build) if row.build else None),) if standard.builds_vary(run) else ()),
        *(_plain(getattr(row, name)) for name in _varied(rows)),
        TableCell(figures.rank(row), row.rank.low if row.rank else None),
        TableCell(figures.rate(row), rate.mean if rate else None),
        TableCell(figures.uncertainty(row), rate.relative_half_width if rate else None),
        *([_multiple(row)] if _compared(rows) else []),
        TableCell(figures.cpu_cost(row), row.cpu_us_per_request.mean if row.cpu_us_per_request else None),
        *((TableCell(figures.instructions(row), row.instructions_per_request),) if run.counts else ()),
        *_latency_cells(row, standard.shown_share(run.plan)),
        *(_response(row) if _fields_seen(rows) else ()),
        _word(row.server_class, alert=row.server_class == ServerClass.BROKEN),
        TableCell(row.verdict.value, row.verdict.value, not row.verdict.has_rate, figures.note(row)),
    )
    return ResultRow(
        cells=cells,
        key=row.adapter,
        depth=str(row.depth or figures.NOTHING),
        kind=row.kind.value,
        python=row.python or figures.NOTHING,
        interval=(rate.mean, rate.low, rate.high) if rate and rate.low and rate.high else None,
    )


def choices(rows: Sequence[Row]) -> tuple[Choice, ...]:
    """What the table can be filtered by."""
    depths = sorted({row.depth for row in rows if row.depth is not None})
    pythons = {row.python or figures.NOTHING for row in rows}
    return (
        Choice("depth", "Depth", tuple(map(str, depths))),
        Choice("kind", "Kind", tuple(sorted({row.kind.value for row in rows}))),
        Choice("python", "Python", tuple(sorted(pythons, key=lambda one: (_numbers_in(one), one)))),
    )


def _latencies(run: Run) -> tuple[str, ...]:
    """The columns of latency, as the other tables name them."""
    paced = tuple(name for name in standard.headings(run) if " at " in name)
    return paced or LATENCIES


def _latency_cells(row: Row, share: float | None) -> list[TableCell]:
    if share is None:
        found = (getattr(row.batch_latency_us, name, None) for name in LATENCIES)
        return [TableCell(figures.duration(us), us) for us in found]
    seen = figures.paced_at(row, share)
    texts = figures.paced_latencies(seen)
    values: tuple[float | None, ...] = (None,) * 3
    if seen is not None and seen.verdict is Verdict.MEASURED:
        values = (*(us.mean if us else None for us in (seen.p50_us, seen.p99_us)), seen.p99_9_us)
        if seen.p99_us is not None:  # there is no room for how far it reaches, which the server's view has
            wide = (seen.p99_us.relative_half_width or 0) > WIDE
            texts = (texts[0], f"{'≈ ' if wide else ''}{figures.duration(seen.p99_us.mean)}", texts[2])
    return [TableCell(text, us, word=us is None) for text, us in zip(texts, values, strict=True)]


def _fields_seen(rows: Sequence[Row]) -> bool:
    """Whether this record says what a response holds: those of before November 26, 2026 do not."""
    return any(row.sends is not None for row in rows)


def _response(row: Row) -> tuple[TableCell, TableCell]:
    size = row.bytes_per_response
    text = figures.NOTHING if size is None else figures.grouped_digits(size)
    sent = None if row.sends is None else " ".join(name[0] for name in row.sends.names) or "none"
    return TableCell(text, size), _word(sent)


def _compared(rows: Sequence[Row]) -> bool:
    """Whether there is anything in multiples of the baseline."""
    return any(row.times_baseline is not None for row in rows)


def _multiple(row: Row) -> TableCell:
    return TableCell(figures.times_baseline(row), row.times_baseline.value if row.times_baseline else None)


def _varied(rows: Sequence[Row]) -> list[str]:
    loaded = [row for row in rows if row.depth is not None]
    return [name for name in SWEPT if name == "depth" or len({getattr(row, name) for row in loaded}) > 1]


def _plain(number: int | None) -> TableCell:
    return TableCell(figures.NOTHING if number is None else str(number), number)


def _word(text: str | None, *, alert: bool = False) -> TableCell:
    return TableCell(text or figures.NOTHING, text, alert)


def _numbers_in(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)))
