"""The charts of a run: which there are, in which order, and each as a picture. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner import project
from runner.record.run import Run
from runner.record.trial import Trial
from runner.report.charts import frame, latencies, rates, vega
from runner.report.charts.drawing import Drawing, Names, labels, what
from runner.report.charts.variants import releases
from runner.report.tables import standard
from runner.rows.row import Row


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart drawn as SVG, for light paper or for dark, and its file's name."""

    name: str
    svg: str


def pictures(
    head: Run, drawings: Sequence[Drawing], *, width: int = frame.WIDTH, dark: bool = False
) -> tuple[Picture, ...]:
    """Charts of a run, drawn so many pixels wide."""
    return tuple(Picture(one.name, vega.svg(one.chart(source(head), width), dark=dark)) for one in drawings)


def source(head: Run) -> str:
    """Whose figures a chart shows: the run, the day, the machine and the project."""
    return f"{head.id} · {head.created_at[:10]} · {head.machine.kind} · {project.NAME}"


def drawings(head: Run, rows: Sequence[Row], trials: Sequence[Trial]) -> tuple[Drawing, ...]:
    """Every chart of a run, by section."""
    return tuple(_drawings(head, rows, trials))


def overview(rows: Sequence[Row]) -> Drawing | None:
    """The chart that a run begins with, who is where; ``None`` where nothing was loaded."""
    loaded = [row for row in rows if row.depth is not None]
    if not loaded:
        return None
    swept = next(rates.sweeps(loaded), None)
    if swept is not None:
        return rates.overview(swept[1], labels(loaded), swept[0])
    return rates.overview(_groups(rows)[0], labels(loaded), None)


def _groups(rows: Sequence[Row]) -> list[Sequence[Row]]:
    return [members for group, members in standard.grouped(rows) if group[2]]


def _drawings(head: Run, rows: Sequence[Row], trials: Sequence[Trial]) -> Iterator[Drawing]:
    loaded = [row for row in rows if row.depth is not None]
    groups, first = _groups(rows), overview(rows)
    if first is None:
        return
    yield first
    names = labels(loaded)
    swept = list(rates.sweeps(loaded))
    for members in groups:
        yield rates.throughput(members, names)
    for dimension, found in swept:
        if dimension == "depth" and (drawn := rates.gain(found, names)) is not None:
            yield drawn
    for dimension, found in swept:
        for figure in (rates.RATE, rates.CPU_COST):
            if any(figure.of(row) for row in found):
                yield rates.sweep(found, names, dimension, figure, head.plan.baseline)
    yield from releases.over_releases(head, loaded)
    yield from _latencies(head, groups, names, trials)


def _latencies(head: Run, groups: Sequence[Sequence[Row]], names: Names, trials: Sequence[Trial]) -> Iterator[Drawing]:
    for members in groups:
        yield from latencies.over_load(latencies.load_points(members, names), what(members[0]))
    tails = latencies.distributions(head, [row for members in groups for row in members], trials)
    for members in groups:
        if any(row.cell in tails for row in members):
            yield latencies.distribution(members, names, tails, head.plan.baseline)
    for members in groups:
        if any(row.wrk_latency_us for row in members):
            yield from latencies.printed(members, names)
