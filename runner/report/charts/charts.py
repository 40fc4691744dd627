"""The charts of a run, each with what it says in words and the table behind it. Pure.

Figures are those of the rows, written as :mod:`runner.rows.figures` writes them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from runner.judging import latency
from runner.record.plan import Cell, Headers, Purpose
from runner.record.run import Run
from runner.record.trial import Trial, Verdict
from runner.report.charts import plots, vega
from runner.report.charts.plots import Axis, Bar, Chart, Pair, Point, Series
from runner.report.tables import standard
from runner.rows import cells, figures
from runner.rows.row import Estimate, Row

Server = tuple[str, str | None, int | None, str | None]
"""An adapter, its interpreter, and the limit its client was given."""
Names = Mapping[Server, str]
"""What a server is called in charts."""
Tail = tuple[tuple[float, int], ...]
"""A distribution as :func:`runner.judging.latency.tail` gives it."""

SWEPT = ("depth", "connections", "workers")
"""What a run may vary, and rows may be drawn over."""
_COMPARED = {"median": "p50", "99th percentile": "p99"}
_PERCENTILE_AXIS = Axis(
    "percentile of batches",
    "format(100 - 100 / datum.value, '~r') + (datum.value < 5000 ? ' %' : '')",
    values=tuple(10.0**nines for nines in range(6)),
)


class Section(StrEnum):
    """What a chart is about, in the order of a report."""

    THROUGHPUT = "throughput"
    SWEEP = "sweep"
    LATENCY = "latency"
    PRINTED = "printed"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart, its caption, and its figures as a table: headings, and rows whose first cell is a name.

    ``name`` serves as a file's: ``throughput-d5-c50-w1``.
    """

    name: str
    section: Section
    title: str
    chart: Chart
    caption: str
    headings: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]

    @property
    def description(self) -> str:
        """The chart in words, for who does not see it."""
        return str(self.chart.description)


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart drawn as SVG, for light paper, and all that stands beside it."""

    drawing: Drawing
    svg: str


def pictures(head: Run, rows: Sequence[Row], trials: Sequence[Trial]) -> tuple[Picture, ...]:
    """Every chart of a run, drawn."""
    return tuple(Picture(drawing, vega.svg(drawing.chart)) for drawing in drawings(head, rows, trials))


def drawings(head: Run, rows: Sequence[Row], trials: Sequence[Trial]) -> tuple[Drawing, ...]:
    """Every chart of a run, by section."""
    loaded = [row for row in rows if row.depth is not None]
    groups = [(group, members) for group, members in standard.grouped(rows) if group[2]]
    names = labels(loaded)
    found = [throughput(members, names) for _, members in groups]
    found += [
        sweep(members, names, dimension, figure, head.plan.baseline)
        for dimension, members in sweeps(loaded)
        for figure in (RATE, CPU_COST)
        if any(figure.of(row) for row in members)
    ]
    tails = distributions(head, loaded, trials)
    for _, members in groups:
        if any(row.cell in tails for row in members):
            found.append(latencies(members, names, tails, head.plan.baseline))
    for _, members in groups:
        if any(row.wrk_latency_us for row in members):
            found.append(printed(members, names))
    return tuple(found)


def labels(rows: Sequence[Row]) -> Names:
    """A name for each server, no two alike: its title, with its interpreter and limit where it runs with several."""
    made = {_server(row): _printable(row.title) for row in rows}
    for place, words in ((3, "{}"), (1, "{}"), (2, "{} clients"), (0, "{}")):
        alike: dict[str, set[str | int | None]] = defaultdict(set)
        for server, name in made.items():
            alike[name].add(server[place])
        for server, name in made.items():
            if len(alike[name]) > 1 and server[place] is not None:
                made[server] = f"{name} · {_printable(words.format(server[place]))}"
    return made


def _server(row: Row) -> Server:
    return row.adapter, row.python, row.cell.max_clients if row.cell else None, row.variant


def _printable(text: str) -> str:
    """Text without characters that XML does not allow."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def throughput(rows: Sequence[Row], names: Names) -> Drawing:
    """Requests per second of one group, fastest first; what failed stands at the end."""
    bars = [_bar(row, names[_server(row)]) for row in rows]
    fastest, slowest = _ends([bar for bar in bars if bar.value is not None])
    failed = [bar for bar in bars if bar.value is None]
    title = f"Requests per second, {_what(rows[0])}"
    words = f"{title}: bars"
    if fastest and slowest:
        words += f" from {fastest.label} with {fastest.text} to {slowest.label} with {slowest.text}"
    if failed:
        words += f"; without a rate: {', '.join(f'{bar.label} ({bar.text})' for bar in failed)}"
    return Drawing(
        name=f"throughput-{_key(rows[0])}",
        section=Section.THROUGHPUT,
        title=title,
        chart=plots.bars(bars, title=title, description=words, unit="requests/s"),
        caption="Mean over trials; the rule at a bar's end is its 95 % interval. "
        "A hollow bar is a lower bound: the generator was the limit.",
        headings=("server", "requests/s", "±", "95 % interval", "verdict"),
        cells=tuple(
            (
                names[_server(row)],
                figures.rate(row),
                figures.uncertainty(row),
                _interval(row.requests_per_second),
                row.verdict.value,
            )
            for row in rows
        ),
    )


def _bar(row: Row, label: str) -> Bar:
    rate = row.requests_per_second
    if rate is None:
        return Bar(label, None, None, None, row.verdict.value, bound=False)
    return Bar(label, rate.mean, rate.low, rate.high, figures.rate(row), bound=_is_bound(row))


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure that rows are drawn by, over what a run varies."""

    name: str
    title: str
    labels: str
    of: Callable[[Row], Estimate | None]
    text: Callable[[Row], str]


RATE = Measure("rate", "Requests per second", plots.COUNT, lambda row: row.requests_per_second, figures.rate)
CPU_COST = Measure(
    "cpu", "CPU time per request in µs", plots.FIGURE, lambda row: row.cpu_us_per_request, figures.cpu_cost
)


def sweeps(rows: Sequence[Row]) -> Iterator[tuple[str, tuple[Row, ...]]]:
    """What the rows vary, with those that differ in nothing else but the server."""
    for dimension in SWEPT:
        others = [name for name in SWEPT if name != dimension]
        together: dict[tuple[object, ...], list[Row]] = defaultdict(list)
        for row in rows:
            together[tuple(getattr(row, name) for name in (*others, "headers"))].append(row)
        for members in together.values():
            if len({getattr(row, dimension) for row in members}) > 1:
                yield dimension, tuple(members)


def sweep(rows: Sequence[Row], names: Names, dimension: str, measure: Measure, baseline: str) -> Drawing:
    """One figure over depth, connections or workers: a line a server."""
    steps = sorted({getattr(row, dimension) for row in rows})
    by_server: dict[str, dict[int, Row]] = defaultdict(dict)
    for row in sorted(rows, key=lambda row: (-getattr(row, dimension), -_mean(row.requests_per_second))):
        by_server[names[_server(row)]][getattr(row, dimension)] = row
    lines = [
        (label, points)
        for label, found in by_server.items()
        if (
            points := tuple(
                Point(step, seen.mean, seen.low, seen.high, bound=_is_bound(found[step]) and measure is RATE)
                for step in steps
                if step in found and (seen := measure.of(found[step])) is not None
            )
        )
    ]
    fixed = ", ".join(f"{getattr(rows[0], name)} {_noun(name, rows[0])}" for name in SWEPT if name != dimension)
    if rows[0].headers is Headers.BROWSER:
        fixed += ", a browser's headers"
    title = f"{measure.title} over {dimension}"
    caption = f"{fixed.capitalize()}; both scales are logarithmic."
    if measure is RATE and len(lines) <= plots.TOGETHER:
        caption += " A hollow mark is a lower bound."
    return Drawing(
        name=f"{measure.name}-over-{dimension}-{_key(rows[0], without=dimension)}",
        section=Section.SWEEP,
        title=title,
        chart=plots.lines(
            _styled(lines, names),
            title=title,
            description=f"{title}, {fixed}: a line for each of {len(lines)} servers, over {', '.join(map(str, steps))}",
            x=Axis(dimension, plots.FIGURE, values=tuple(map(float, steps))),
            y=Axis(None, measure.labels),
            baseline=next((names[_server(row)] for row in rows if row.adapter == baseline), None),
        ),
        caption=caption,
        headings=("server", *(f"{dimension} {step}" for step in steps)),
        cells=tuple(
            (label, *(measure.text(found[step]) if step in found else figures.NOTHING for step in steps))
            for label, found in by_server.items()
        ),
    )


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
        counting = cells.used(by_cell[cell], head.plan)
        merged = latency.merge([trial.load.histogram for trial in counting if trial.load is not None])
        found[cell] = latency.tail(merged)
    return found


def latencies(rows: Sequence[Row], names: Names, tails: Mapping[Cell, Tail], baseline: str) -> Drawing:
    """The distribution of batch latency of one group, by percentile, its tail stretched."""
    drawn = [(row, tails[cell]) for row in rows if (cell := row.cell) is not None and cell in tails]
    drawn.sort(key=lambda one: one[1][0][1])
    lines = [(names[_server(row)], tuple(Point(x, us) for x, us in points)) for row, points in drawn]
    title = f"Batch latency, {_what(rows[0])}"
    without = [names[_server(row)] for row in rows if row.cell not in tails]
    caption = "By percentile of all batches, up to the slowest one; both scales are logarithmic."
    if without:
        caption += f" Not measured: {', '.join(without)}."
    return Drawing(
        name=f"latency-{_key(rows[0])}",
        section=Section.LATENCY,
        title=title,
        chart=plots.lines(
            _styled(lines, names),
            title=title,
            description=f"{title}: a line by percentile for each of {len(lines)} servers; " + _medians(rows, names),
            x=_PERCENTILE_AXIS,
            y=plots.LATENCY,
            baseline=next((names[_server(row)] for row in rows if row.adapter == baseline), None),
        ),
        caption=caption,
        headings=("server", "p50", "p75", "p90", "p99", "p99.9", "max"),
        cells=tuple(
            (
                names[_server(row)],
                *(
                    figures.duration(getattr(row.batch_latency_us, name, None))
                    for name in ("p50", "p75", "p90", "p99", "p99_9", "max")
                ),
            )
            for row in rows
        ),
    )


def printed(rows: Sequence[Row], names: Names) -> Drawing:
    """What wrk prints of latency beside what it recorded, of one group."""
    seen = [row for row in rows if row.wrk_latency_us is not None]
    pairs = [
        Pair(
            names[_server(row)],
            percentile,
            getattr(row.wrk_latency_us, name),
            getattr(row.batch_latency_us, name, None),
        )
        for percentile, name in _COMPARED.items()
        for row in seen
    ]
    zeros = sum(1 for pair in pairs if pair.printed_us == 0)
    title = f"What wrk prints, {_what(rows[0])}"
    words = f"{title}: for each server the batch latency that wrk recorded beside the one it prints"
    if zeros:
        words += f"; {zeros} of {len(pairs)} that it prints are zero"
    percentiles = ("p50", "p75", "p90", "p99")
    return Drawing(
        name=f"printed-{_key(rows[0])}",
        section=Section.PRINTED,
        title=title,
        chart=plots.pairs(pairs, title=title, description=words),
        caption="Recorded: over all trials; printed: the median over trials. 0.00us is what wrk prints where its "
        "correction leaves it without a figure.",
        headings=("server", *(f"{name} {what}" for name in percentiles for what in ("recorded", "printed"))),
        cells=tuple(
            (
                names[_server(row)],
                *(
                    text
                    for name in percentiles
                    for text in (
                        figures.duration(getattr(row.batch_latency_us, name, None)),
                        figures.wrk_duration(getattr(row.wrk_latency_us, name)),
                    )
                ),
            )
            for row in seen
        ),
    )


def _styled(lines: Sequence[tuple[str, tuple[Point, ...]]], names: Names) -> list[Series]:
    """Lines with their looks: a server has the same in every chart of a run that has few enough of them."""
    order = list(names.values()) if len(names) <= plots.TOGETHER else [label for label, _ in lines]
    return [Series(label, points, order.index(label)) for label, points in lines]


def _is_bound(row: Row) -> bool:
    return row.verdict is Verdict.GENERATOR_BOUND


def _mean(estimate: Estimate | None) -> float:
    return estimate.mean if estimate else 0.0


def _ends(bars: Sequence[Bar]) -> tuple[Bar | None, Bar | None]:
    return (bars[0], bars[-1]) if bars else (None, None)


def _interval(estimate: Estimate | None) -> str:
    if estimate is None or estimate.low is None or estimate.high is None:
        return figures.NOTHING
    return f"{figures.rate_digits(estimate.low)} to {figures.rate_digits(estimate.high)}"


def _medians(rows: Sequence[Row], names: Names) -> str:
    return "median " + ", ".join(
        f"{names[_server(row)]} {figures.duration(row.batch_latency_us.p50)}"
        for row in rows
        if row.batch_latency_us and row.batch_latency_us.exact
    )


def _what(row: Row) -> str:
    """What the rows of a group have in common, in a few words."""
    words = f"depth {row.depth}, {row.connections} connections"
    words = words if row.workers == 1 else f"{words}, {row.workers} workers"
    return f"{words}, a browser's headers" if row.headers is Headers.BROWSER else words


def _noun(dimension: str, row: Row) -> str:
    return "worker" if dimension == "workers" and row.workers == 1 else dimension


def _key(row: Row, without: str | None = None) -> str:
    """Part of a file's name: ``d5-c50-w1``."""
    key = "-".join(f"{name[0]}{getattr(row, name)}" for name in SWEPT if name != without)
    return f"{key}-{row.headers}" if row.headers is Headers.BROWSER else key
