"""Charts of rates and of what they cost: who is where, what pipelining gives, a figure over what a run varies. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from runner.report.charts.drawing import SWEPT, Drawing, Names, Section, Server, fixed, is_bound, key, server_of, what
from runner.report.charts.shapes import Axis, Curves, Dot, DotRow, Dots, Panel, Point, Unit, interval_text
from runner.rows import figures
from runner.rows.row import Estimate, Row

Steps = Mapping[int, Row]
"""The rows of one server, by what they differ in."""


def overview(rows: Sequence[Row], names: Names, dimension: str | None) -> Drawing:
    """Who is where: a row a server, a dot for each step of what the run varies, by the rate at the last one."""
    if dimension is None:
        found = throughput(rows, names)
        headline = f"Requests per second, {what(rows[0])}"
        return replace(found, name="overview", section=Section.OVERVIEW, title=headline)
    steps = _steps(rows, dimension)
    servers = sorted(by_server(rows, dimension).items(), key=lambda one: _descending(one[1], steps))
    drawn = tuple(
        DotRow(
            key=label_key(measured),
            label=names[server],
            dots=tuple(
                Dot(rate.mean, rate.low, rate.high, bound=is_bound(measured[step]), mark=place)
                for place, step in enumerate(steps)
                if step in measured and (rate := measured[step].requests_per_second) is not None
            ),
            text=figures.rate_or_verdict(measured.get(steps[-1])) or figures.NOTHING,
        )
        for server, measured in servers
    )
    title = f"Requests per second by {dimension}, {fixed(rows[0], dimension)}"
    first = drawn[0]
    return Drawing(
        name="overview",
        section=Section.OVERVIEW,
        title=title,
        shape=Dots(drawn, tuple(f"{dimension} {step}" for step in steps), Axis("requests/s", Unit.COUNT)),
        description=f"{title}: a row for each of {len(drawn)} servers, a dot for each {dimension}; by the rate at "
        f"{dimension} {steps[-1]}, where {first.label} is first with {first.text}",
        caption=f"The figure is the rate at {dimension} {steps[-1]} with its 95 % interval; the scale is logarithmic. "
        "A hollow dot is a lower bound: the generator was the limit.",
        headings=("server", *(f"{dimension} {step}" for step in steps)),
        cells=tuple(
            (names[server], *(figures.rate_or_verdict(measured.get(step)) or figures.NOTHING for step in steps))
            for server, measured in servers
        ),
        keys=tuple(row.key for row in drawn),
    )


def throughput(rows: Sequence[Row], names: Names) -> Drawing:
    """Requests per second of one group, fastest first; what failed stands at the end."""
    drawn = tuple(_dot_row(row, names[server_of(row)]) for row in rows)
    placed, failed = [row for row in drawn if row.dots], [row for row in drawn if not row.dots]
    title = f"Requests per second, {what(rows[0])}"
    words = f"{title}: dots"
    if placed:
        words += f" from {placed[0].label} with {placed[0].text} to {placed[-1].label} with {placed[-1].text}"
    if failed:
        words += f"; without a rate: {', '.join(f'{row.label} ({row.text})' for row in failed)}"
    return Drawing(
        name=f"throughput-{key(rows[0])}",
        section=Section.THROUGHPUT,
        title=title,
        shape=Dots(drawn, ("rate",), Axis("requests/s", Unit.COUNT)),
        description=words,
        caption="Mean over trials with its 95 % interval; the scale is logarithmic. "
        "A hollow dot is a lower bound: the generator was the limit.",
        headings=("server", "requests/s", "±", "95 % interval", "verdict"),
        cells=tuple(
            (
                names[server_of(row)],
                figures.rate(row),
                figures.uncertainty(row),
                _interval(row.requests_per_second),
                row.verdict.value,
            )
            for row in rows
        ),
        keys=tuple(row.adapter for row in rows),
    )


@dataclass(frozen=True, slots=True)
class Gain:
    """A server's rate at each depth in multiples of its rate at the lowest, as a ratio of means with its interval.

    ``sign`` is ``≥`` or ``≤`` where one of the two rates is a lower bound, ``?`` where both are: then it says nothing.
    """

    server: Server
    over: Mapping[int, Dot]
    sign: str

    @property
    def last(self) -> Dot:
        """That of the greatest depth."""
        return self.over[max(self.over)]

    @property
    def text(self) -> str:
        """It in words."""
        return self.sign + interval_text(times(self.last.value), self.last)


def times(value: float) -> str:
    """A multiple."""
    return f"×{figures.significant(value)}"  # noqa: RUF001 - times


def gains(rows: Sequence[Row]) -> list[Gain]:
    """What pipelining gives each server that has a rate at the lowest depth and at the greatest, the greatest first.

    The rows differ in server and depth alone.
    """
    steps = _steps(rows, "depth")
    found = []
    for server, measured in by_server(rows, "depth").items():
        base = measured.get(steps[0])
        last = measured.get(steps[-1])
        if base is None or last is None or base.requests_per_second is None or last.requests_per_second is None:
            continue
        over = {
            step: ratio(base.requests_per_second, rate)
            for step in steps[1:]
            if step in measured and (rate := measured[step].requests_per_second) is not None
        }
        signs = {(False, False): "", (True, False): "≤ ", (False, True): "≥ ", (True, True): "? "}
        found.append(Gain(server, over, signs[is_bound(base), is_bound(last)]))
    return sorted(found, key=lambda gain: -gain.last.value)


def gain(rows: Sequence[Row], names: Names) -> Drawing | None:
    """What pipelining gives: a row a server, from its rate at the lowest depth on, by what it gains."""
    steps, found = _steps(rows, "depth"), gains(rows)
    if not found:
        return None
    drawn = tuple(
        DotRow(
            key=one.server[0],
            label=names[one.server],
            dots=(
                Dot(1.0),
                *(
                    Dot(
                        dot.value, dot.low, dot.high, bound=one.sign != "" and step == steps[-1], mark=steps.index(step)
                    )
                    for step, dot in one.over.items()
                ),
            ),
            text=one.text,
        )
        for one in found
    )
    missing = sorted({names[server] for server in by_server(rows, "depth")} - {row.label for row in drawn})
    title = f"What pipelining gives: rate over that at depth {steps[0]}"
    caption = (
        f"From depth {steps[0]} to {steps[-1]}, by what is gained at {steps[-1]}, with the 95 % interval of the ratio; "
        "the scale is logarithmic. A hollow dot: one of the two rates is a lower bound."
    )
    if missing:
        caption += f" Without a rate at both ends: {', '.join(missing)}."
    return Drawing(
        name=f"gain-{key(rows[0], without='depth')}",
        section=Section.GAIN,
        title=title,
        shape=Dots(drawn, tuple(f"depth {step}" for step in steps), Axis(None, Unit.TIMES)),
        description=f"{title}, {fixed(rows[0], 'depth')}: from {drawn[0].label} with {drawn[0].text} at depth "
        f"{steps[-1]} to {drawn[-1].label} with {drawn[-1].text}",
        caption=caption,
        headings=("server", *(f"depth {step}" for step in steps[1:])),
        cells=tuple(
            (
                names[one.server],
                *(
                    interval_text(times(dot.value), dot) if (dot := one.over.get(step)) else figures.NOTHING
                    for step in steps[1:-1]
                ),
                one.text,
            )
            for one in found
        ),
        keys=tuple(row.key for row in drawn),
    )


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure that rows are drawn by, over what a run varies."""

    name: str
    title: str
    unit: Unit
    of: Callable[[Row], Estimate | None]
    text: Callable[[Row], str]


RATE = Measure("rate", "Requests per second", Unit.COUNT, lambda row: row.requests_per_second, figures.rate)
CPU_COST = Measure(
    "cpu", "CPU time per request in µs", Unit.FIGURE, lambda row: row.cpu_us_per_request, figures.cpu_cost
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
    steps = _steps(rows, dimension)
    servers = sorted(by_server(rows, dimension).items(), key=lambda one: _descending(one[1], steps))
    panels = tuple(
        Panel(server[0], names[server], (points,))
        for server, found in servers
        if (
            points := tuple(
                Point(step, seen.mean, seen.low, seen.high, bound=is_bound(found[step]) and measure is RATE)
                for step in steps
                if step in found and (seen := measure.of(found[step])) is not None
            )
        )
    )
    words = fixed(rows[0], dimension)
    title = f"{measure.title} over {dimension}"
    caption = f"{words.capitalize()}; both scales are logarithmic."
    if measure is RATE:
        caption += " A hollow mark is a lower bound."
    return Drawing(
        name=f"{measure.name}-over-{dimension}-{key(rows[0], without=dimension)}",
        section=Section.SWEEP,
        title=title,
        shape=Curves(
            panels,
            (measure.title,),
            x=Axis(dimension, Unit.FIGURE, values=tuple(map(float, steps))),
            y=Axis(None, measure.unit),
            baseline=next((names[server_of(row)] for row in rows if row.adapter == baseline), None),
        ),
        description=f"{title}, {words}: a line for each of {len(panels)} servers, over {', '.join(map(str, steps))}",
        caption=caption,
        headings=("server", *(f"{dimension} {step}" for step in steps)),
        cells=tuple(
            (names[server], *(measure.text(found[step]) if step in found else figures.NOTHING for step in steps))
            for server, found in servers
        ),
        keys=tuple(server[0] for server, _ in servers),
    )


def by_server(rows: Sequence[Row], dimension: str) -> dict[Server, Steps]:
    """The rows of each server, by what they differ in."""
    found: dict[Server, dict[int, Row]] = defaultdict(dict)
    for row in rows:
        found[server_of(row)][getattr(row, dimension)] = row
    return dict(found)


def label_key(measured: Steps) -> str:
    """The adapter that the rows are of."""
    return next(iter(measured.values())).adapter


def _steps(rows: Sequence[Row], dimension: str) -> list[int]:
    return sorted({getattr(row, dimension) for row in rows})


def _descending(measured: Steps, steps: Sequence[int]) -> tuple[float, ...]:
    """By the rate at the last step, then at the one before it; what has none comes behind."""
    rates = (measured[step].requests_per_second if step in measured else None for step in reversed(steps))
    return tuple(-rate.mean if rate else 0.0 for rate in rates)


def _dot_row(row: Row, label: str) -> DotRow:
    rate = row.requests_per_second
    if rate is None:
        return DotRow(row.adapter, label, (), figures.rate_or_verdict(row))
    dot = Dot(rate.mean, rate.low, rate.high, bound=is_bound(row))
    return DotRow(row.adapter, label, (dot,), figures.rate_or_verdict(row))


def ratio(base: Estimate, other: Estimate) -> Dot:
    """Other over base; the half-widths add as roots of squares, on the log scale, as where two means are compared."""
    ratio = other.mean / base.mean
    if base.high is None or other.high is None:
        return Dot(ratio)
    half_width = math.hypot(math.log(base.high / base.mean), math.log(other.high / other.mean))
    return Dot(ratio, ratio / math.exp(half_width), ratio * math.exp(half_width))


def _interval(estimate: Estimate | None) -> str:
    if estimate is None or estimate.low is None or estimate.high is None:
        return figures.NOTHING
    return f"{figures.rate_digits(estimate.low)} to {figures.rate_digits(estimate.high)}"
