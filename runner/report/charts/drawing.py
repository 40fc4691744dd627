"""A chart with all that stands beside it: its name, what it says in words, the table behind it. Pure.

Figures are those of the rows, written as :mod:`runner.rows.figures` writes them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from runner.record.plan import Headers
from runner.record.trial import Verdict
from runner.report.charts import dots, frame, lines
from runner.report.charts.frame import Caption, Chart
from runner.report.charts.shapes import Dots, Shape
from runner.rows.row import Row

Server = tuple[str, str | None, int | None, str | None]
"""An adapter, its interpreter, the limit its client was given, and its variant."""
Names = Mapping[Server, str]
"""What a server is called in charts."""

SWEPT = ("depth", "connections", "workers")
"""What a run may vary, and rows may be drawn over."""


class Section(StrEnum):
    """What a chart is about, in the order of a report."""

    OVERVIEW = "overview"
    THROUGHPUT = "throughput"
    GAIN = "gain"
    SWEEP = "sweep"
    RELEASES = "releases"
    LOAD = "load"
    LATENCY = "latency"
    PRINTED = "printed"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart, its caption, and its figures as a table: headings, and rows whose first cell is a name.

    ``name`` serves as a file's: ``throughput-d5-c50-w1``. ``keys`` are the adapters that the table's rows are of;
    ``description`` is the chart in words, for who does not see it.
    """

    name: str
    section: Section
    title: str
    shape: Shape
    description: str
    caption: str
    headings: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    keys: tuple[str, ...]

    def chart(self, source: str = "", width: int = frame.WIDTH) -> Chart:
        """It by Vega-Lite, so many pixels wide; ``source`` says where its figures are from."""
        caption = Caption(self.title, self.description, source)
        if isinstance(self.shape, Dots):
            return dots.chart(self.shape, caption, width)
        return lines.chart(self.shape, caption, width)


def labels(rows: Sequence[Row]) -> Names:
    """A name for each server, no two alike: its title, with its interpreter and limit where it runs with several."""
    made = {server_of(row): _printable(row.title) for row in rows}
    for place, words in ((3, "{}"), (1, "{}"), (2, "{} clients"), (0, "{}")):
        alike: dict[str, set[str | int | None]] = defaultdict(set)
        for server, name in made.items():
            alike[name].add(server[place])
        for server, name in made.items():
            if len(alike[name]) > 1 and server[place] is not None:
                made[server] = f"{name} · {_printable(words.format(server[place]))}"
    return made


def server_of(row: Row) -> Server:
    """What a row is of."""
    return row.adapter, row.python, row.cell.max_clients if row.cell else None, row.variant


def is_bound(row: Row) -> bool:
    """Whether a row's rate is a lower bound."""
    return row.verdict is Verdict.GENERATOR_BOUND


def what(row: Row) -> str:
    """What the rows of a group have in common, in a few words."""
    words = f"depth {row.depth}, {row.connections} connections"
    words = words if row.workers == 1 else f"{words}, {row.workers} workers"
    return f"{words}, a browser's headers" if row.headers is Headers.BROWSER else words


def fixed(row: Row, without: str) -> str:
    """The same of rows that differ in one thing."""
    words = ", ".join(f"{getattr(row, name)} {_noun(name, row)}" for name in SWEPT if name != without)
    return f"{words}, a browser's headers" if row.headers is Headers.BROWSER else words


def key(row: Row, without: str | None = None) -> str:
    """Part of a file's name: ``d5-c50-w1``."""
    found = "-".join(f"{name[0]}{getattr(row, name)}" for name in SWEPT if name != without)
    return f"{found}-{row.headers}" if row.headers is Headers.BROWSER else found


def _noun(dimension: str, row: Row) -> str:
    return "worker" if dimension == "workers" and row.workers == 1 else dimension


def _printable(text: str) -> str:
    """Text without characters that XML does not allow."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
