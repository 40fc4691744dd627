"""The instructions of every server as they are published: a record of counts, and its page beside CPU time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path

from runner.publishing.overview import Entry
from runner.record.count import Count, DepthCount
from runner.record.trial import Verdict
from runner.report import counts as counting
from runner.report.markdown import escape, table
from runner.rows import figures
from runner.rows.row import Row

FILE = "instructions.json"
"""What ``pipebench count --format json`` printed; its page is :data:`PAGE`."""
PAGE = "instructions.md"

EXTREMES = 3
"""So many servers at each end are named."""
_LEFT = ("server", "variant", "version", "Python")


def are_counts(path: Path) -> bool:
    """Whether a file is a list, as ``pipebench count --format json`` prints it: what ``check`` prints is none."""
    try:
        with path.open("rb") as file:
            return file.read(1) == b"["
    except OSError:
        return False  # whoever reads it says why


def markdown(counts: Sequence[Count], published: Sequence[Entry]) -> str:
    """The page: instructions a request beside the CPU time of the run that measured most of these very servers.

    A server of another version or interpreter is another server, and has no time here.
    """
    depths = tuple(sorted({at.depth for one in counts for at in one.depths}))
    run = max(published, key=lambda one: (len(_times(one.rows, counts)), one.run.created_at), default=None)
    times = _times(run.rows, counts) if run else {}
    ordered = sorted((one for one in counts if one.depths), key=lambda one: [at.instructions for at in one.depths])
    varied = any(one.variant for one in counts)
    headings = ["server", *(["variant"] if varied else []), "version", "Python"]
    for depth in depths:
        headings += [f"depth {depth}: instructions", "±", "CPU µs", "instructions a ns"]
    headings += ["a batch", "a request in it"] if len(depths) > 1 else []
    rows = (map(escape, _cells(one, depths, times, varied=varied)) for one in ordered)
    parts = ["# Instructions a request", "", _head(counts, run, times), ""]
    parts += [*table(headings, _LEFT, rows), "", f"{counting.legend(counts)}. instructions a ns: over CPU time."]
    parts += [line for depth in depths for line in ("", *_agreement(ordered, depth, times))]
    if noted := counting.notes(counts):
        parts += ["", *(f"- {escape(note)}" for note in noted)]
    return "\n".join(parts) + "\n"


_Times = Mapping[tuple[object, int], float]
"""CPU time a request in µs, by server and depth."""


def _times(rows: Iterable[Row], counts: Sequence[Count]) -> _Times:
    versions = {one.server: one.version for one in counts}
    return {
        (row.server, row.depth): row.cpu_us_per_request.mean
        for row in rows
        if row.cpu_us_per_request is not None
        and row.depth is not None
        and row.workers == 1
        and row.verdict in {Verdict.MEASURED, Verdict.GENERATOR_BOUND}
        and versions.get(row.server) == row.version
    }


def _head(counts: Sequence[Count], run: Entry | None, times: _Times) -> str:
    counted = sum(bool(one.depths) for one in counts)
    what = f"{counted} of {len(counts)} servers, one connection ([how, and what a count does not see]"
    what += "(../../docs/maintainers.md#instructions))."
    if run is None or not times:
        return f"{what} No published run has their CPU time."
    connections = ", ".join(map(str, run.run.plan.connections))
    return f"{what} CPU time: [{run.folder}]({run.folder}/tables.md), {connections} connections."


def _cells(one: Count, depths: Sequence[int], times: _Times, *, varied: bool) -> Iterator[str]:
    yield one.title
    if varied:
        yield one.variant or figures.NOTHING
    yield one.version or figures.NOTHING
    yield one.python or figures.NOTHING
    for depth in depths:
        at, time = one.at(depth), times.get((one.server, depth))
        yield counting.instructions(at)
        yield counting.left_open(at)
        yield figures.NOTHING if time is None else figures.significant(time)
        yield figures.NOTHING if time is None or at is None else figures.significant(_density(at, time))
    if len(depths) > 1:
        yield from counting.shares(one)


def _density(at: DepthCount, time_us: float) -> float:
    return at.instructions / (time_us * 1000)


def _agreement(counts: Sequence[Count], depth: int, times: _Times) -> Iterator[str]:
    """Of one depth: how many pairs of servers the two put in opposite order, and where they are furthest apart."""
    both = [
        (one.title, at.instructions, times[one.server, depth], _density(at, times[one.server, depth]))
        for one in counts
        if (at := one.at(depth)) is not None and (one.server, depth) in times
    ]
    if len(both) < 2:
        return
    pairs = list(combinations(both, 2))
    apart = sum((one[1] - other[1]) * (one[2] - other[2]) < 0 for one, other in pairs)
    by_density = sorted(both, key=lambda one: one[3])
    least, most = by_density[:EXTREMES], by_density[::-1][:EXTREMES]
    named = ["; ".join(f"{escape(one[0])} {figures.significant(one[3])}" for one in ends) for ends in (least, most)]
    yield (
        f"**Depth {depth}**: instructions and CPU time order {apart} of {len(pairs)} pairs of servers the other way "
        f"round. Fewest instructions a ns, for what a count does not see costs them most: {named[0]}. Most: {named[1]}."
    )
