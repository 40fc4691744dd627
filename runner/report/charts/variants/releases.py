"""One adapter over the releases of a distribution: rate, CPU time and instructions, each over the oldest's. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from runner.counting import comparing
from runner.record.adapter import Server, interpreter
from runner.record.count import Count
from runner.record.run import AdapterRecord, Run
from runner.report.charts import rates
from runner.report.charts.drawing import Drawing, Section, is_bound, key, what
from runner.report.charts.shapes import Axis, Dot, DotRow, Dots, Unit
from runner.rows import figures
from runner.rows.row import Estimate, Row

MARKS = ("rate", "CPU time a request", "instructions a request")


@dataclass(frozen=True, slots=True)
class Series:
    """An adapter on one interpreter with several releases of ``distribution``, oldest first."""

    adapter: str
    title: str
    python: str | None
    distribution: str
    servers: tuple[tuple[str, Server], ...]
    """The version of each release, and the server that has it."""


def series(head: Run) -> Iterator[Series]:
    """What the run has of several releases each: variants that change this one distribution and nothing else.

    The adapter as it is has a release too, and is among them.
    """
    variants: dict[tuple[str, str | None, str], list[AdapterRecord]] = defaultdict(list)
    plain: dict[tuple[str, str | None], AdapterRecord] = {}
    for record in head.adapters:
        if record.variant is None:
            plain[record.name, record.python] = record
        elif len(record.variant.changes) == 1 and record.variant.changes[0].version and not record.variant.env:
            variants[record.name, record.python, record.variant.changes[0].distribution].append(record)
    for (name, python, distribution), found in variants.items():
        own = plain.get((name, python))
        versions = {version: one.server for one in found if (version := _version(one, distribution))}
        if own is not None and (there := _version(own, distribution)) is not None:
            versions.setdefault(there, own.server)
        if len(versions) > 1:
            ordered = sorted(versions.items())
            servers = tuple((str(version), server) for version, server in ordered)
            yield Series(name, found[0].title, python, distribution, servers)


def over_releases(head: Run, rows: Sequence[Row]) -> Iterator[Drawing]:
    """A chart for each adapter, each distribution of which it has releases, and each load."""
    counts = {one.server: one for one in head.counts}
    all_of_them = list(series(head))
    several = len({one.python for one in all_of_them}) > 1
    for one in all_of_them:
        places = {server: version for version, server in one.servers}
        loads: dict[tuple[object, ...], dict[str, Row]] = defaultdict(dict)
        for row in rows:
            if row.server in places:
                limit = row.cell.max_clients if row.cell else None
                loads[row.depth, row.connections, row.workers, row.headers, limit][places[row.server]] = row
        for found in loads.values():
            if len(found) > 1:
                ordered = {version: found[version] for version, _ in one.servers if version in found}
                yield _drawing(one, ordered, counts, several=several)


def _drawing(one: Series, found: Mapping[str, Row], counts: Mapping[Server, Count], *, several: bool) -> Drawing:
    by_figure = (
        _ratios(found, lambda row: row.requests_per_second),
        _ratios(found, lambda row: row.cpu_us_per_request),
        _counted(found, counts),
    )
    marks = [number for number, dots in enumerate(by_figure) if dots]
    drawn = tuple(
        DotRow(
            key=one.adapter,
            label=version,
            dots=tuple(_dot(by_figure[number][version], marks.index(number), number == 0 and is_bound(row))
                       for number in marks if version in by_figure[number]),
            text=figures.rate_or_verdict(row),
        )
        for version, row in found.items()
    )  # fmt: skip
    first = next(iter(found.values()))
    of = () if one.distribution in {one.adapter, one.title} else (one.distribution,)
    title = f"{one.title} by release{' of '.join(('', *of))}, {what(first)}"
    on = f", on {interpreter(one.python)}" if one.python else ""
    names = [MARKS[number] for number in marks]
    return Drawing(
        name="-".join(("releases", one.adapter, *of, *([one.python or ""] if several else []), key(first))),
        section=Section.RELEASES,
        title=title,
        shape=Dots(drawn, tuple(names), Axis(None, Unit.TIMES), close=True, joined=False),
        description=f"{title}{on}: a row for each of {len(drawn)} releases from {drawn[0].label} to "
        f"{drawn[-1].label}, dots for {', '.join(names)}, each over that of the oldest release that has one; "
        + _words(by_figure, marks),
        caption=f"Oldest first{on}. Each figure over that of the oldest release that has it, with the 95 % "
        "interval of the ratio; of instructions, how far goes leave it open. A slower release has its rate further "
        "left, its CPU time and instructions further right. The figure in words is the rate.",
        headings=("release", "requests/s", "over the oldest", "CPU µs", "over the oldest",
                  "instructions", "over the oldest"),
        cells=tuple(_cells(version, row, by_figure) for version, row in found.items()),
        keys=tuple(row.key for row in drawn),
    )  # fmt: skip


def _version(record: AdapterRecord, distribution: str) -> Version | None:
    change = record.variant.changes[0].version if record.variant else None
    said = change or record.installed.get(distribution)
    try:
        return Version(said) if said else None
    except InvalidVersion:
        return None


def _ratios(found: Mapping[str, Row], of: Callable[[Row], Estimate | None]) -> dict[str, Dot]:
    known = {version: estimate for version, row in found.items() if (estimate := of(row)) is not None}
    if not known:
        return {}
    oldest, *later = known
    return {oldest: Dot(1.0)} | {version: rates.ratio(known[oldest], known[version]) for version in later}


def _counted(found: Mapping[str, Row], counts: Mapping[Server, Count]) -> dict[str, Dot]:
    known = {
        version: one
        for version, row in found.items()
        if (one := counts.get(row.server)) is not None and row.depth is not None and one.at(row.depth) is not None
    }
    if not known:
        return {}
    oldest, *later = known
    made = {oldest: Dot(1.0)}
    for version in later:
        depth = found[version].depth
        difference = next(
            (one for one in comparing.differences(known[oldest], known[version]) if one.depth == depth), None
        )
        if difference is not None:
            ratio, open_ = difference.ratio, difference.uncertain
            made[version] = Dot(ratio, ratio * (1 - open_), ratio * (1 + open_))
    return made


def _dot(dot: Dot, mark: int, bound: bool) -> Dot:
    return Dot(dot.value, dot.low, dot.high, bound=bound, mark=mark)


def _cells(version: str, row: Row, by_figure: Sequence[Mapping[str, Dot]]) -> tuple[str, ...]:
    texts = (figures.rate_or_verdict(row), figures.cpu_cost(row), figures.instructions(row))
    over = (_over(dots.get(version), digits) for dots, digits in zip(by_figure, (1, 1, 2), strict=True))
    return (version, *(cell for pair in zip(texts, over, strict=True) for cell in pair))


def _over(dot: Dot | None, digits: int) -> str:
    """A ratio as so many per cent more or less, with the half-width of its interval."""
    if dot is None:
        return figures.NOTHING
    width = f" ±{dot.high / dot.value - 1:.{digits}%}" if dot.high is not None else ""
    return f"{dot.value - 1:+.{digits}%}{width}".replace("%", " %")


def _words(by_figure: Sequence[Mapping[str, Dot]], marks: Sequence[int]) -> str:
    """Where each figure ends."""
    said = []
    for number in marks:
        version, dot = list(by_figure[number].items())[-1]
        said.append(f"{MARKS[number]} of {version} {dot.value - 1:+.1%}".replace("%", " %"))
    return ", ".join(said)
