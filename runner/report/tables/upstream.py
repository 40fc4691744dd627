"""Tables of servers that wait for an upstream: ours, what was published, and what the model says. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from runner.judging.waiting import TOLERANCE
from runner.record.adapter import Client
from runner.record.run import Run
from runner.record.trial import Verdict
from runner.report.markdown import escape, table
from runner.report.tables import standard
from runner.rows import figures
from runner.rows.row import Group, Row, Waiting

TORNADO_2013: Final = "Being truly asynchronous with Tornado"
TORNADO_ASYNC: Final = "tornado-async"


@dataclass(frozen=True, slots=True)
class Published:
    """One figure of one of the documents that this suite began with: requests per second of an adapter of ours."""

    document: str
    adapter: str
    delay_us: int
    connections: int
    requests_per_second: float


PUBLISHED: Final = (
    Published(TORNADO_2013, "tornado-upstream-blocking", 500_000, 5, 1.96),
    Published(TORNADO_2013, "tornado-upstream-blocking", 500_000, 10, 1.96),
    Published(TORNADO_2013, "tornado-upstream-blocking", 500_000, 20, 1.96),
    Published(TORNADO_2013, "tornado-upstream-async", 500_000, 5, 9.75),
    Published(TORNADO_2013, "tornado-upstream-async", 500_000, 10, 19.06),
    Published(TORNADO_2013, "tornado-upstream-async", 500_000, 20, 19.44),
    Published(TORNADO_ASYNC, "tornado-upstream-blocking", 150_000, 10, 4.48),
    Published(TORNADO_ASYNC, "tornado-upstream-async", 150_000, 10, 14.08),
)
"""ab against a service of 500 ms, and siege (which pauses up to a second between two requests of a user) against one
that answered in 150 to 250 ms. The document on deployments prints no figure: it links to a spreadsheet."""

_WAITED = (
    "server",
    "version",
    "Python",
    "client",
    "limit",
    "requests/s",
    "±",
    "published",
    "model",
    "of it",
    "at once",
)
_SWEPT = (
    "server",
    "version",
    "Python",
    "client",
    "requests/s",
    "CPU µs/request",
    "p50",
    "p99",
    "over 2 s",
    "open",
    "accepted",
    "connect",
    "read",
    "timeout",
    "lost",
    "memory",
    "peak",
)
_LEFT = frozenset({"server", "version", "Python", "client", "verdict"})


def published(row: Row) -> float | None:
    """What was published of the row's adapter under its load, with its client's own limit; ``None`` where nothing."""
    seen = row.waiting
    if seen is None:
        return None
    for one in PUBLISHED:
        same_load = (one.delay_us, one.connections) == (seen.delay_us, row.connections)
        if one.adapter == row.adapter and same_load and row.workers == 1 and seen.own_limit:
            return one.requests_per_second
    return None


def headings(run: Run) -> tuple[str, ...]:
    """The columns of a run's tables: with a delay its model, without one what else became of the connections."""
    return (*(_WAITED if run.plan.delay_us else _SWEPT), "verdict")


def cells(run: Run, row: Row) -> tuple[str, ...]:
    """One row's figures, in the order of :func:`headings`."""
    make = _waited if run.plan.delay_us else _swept
    return (*make(row, row.waiting), verdict(row))


def verdict(row: Row) -> str:
    """The row's verdict in words for this scenario, where neither side being busy is what is expected."""
    seen = row.waiting
    if row.verdict is not Verdict.NEITHER or seen is None or seen.far is None:
        return row.verdict.value
    return f"OFF ITS MODEL by more than {TOLERANCE:.0%}" if seen.far else "as its model says"


def note(row: Row) -> str:
    """What to know beside the figures. That the server waits is none where the model says so too."""
    seen = row.waiting
    parts = []
    if seen is not None and seen.held_max > seen.model_held:
        parts.append(f"the upstream held {seen.held_max} at once, more than the {seen.model_held} of the model")
    if row.reason and not (row.verdict is Verdict.NEITHER and seen is not None and seen.far is not True):
        parts.append(row.reason)
    if not row.verdict.has_rate and row.errors is not None:
        parts.append(f"{figures.whole(row.requests)} requests got through")
    if row.error_log and row.error_log not in row.reason:
        more = f" (and {row.error_count - 1} more)" if row.error_count > 1 else ""
        parts.append(f"log: {row.error_log}{more}")
    return "; ".join(parts)


def title(run: Run, group: Group) -> str:
    """What the rows of a group have in common."""
    if not group.depth:
        return standard.group_title(group)
    delay = figures.duration(run.plan.delay_us) if run.plan.delay_us else "no delay"
    load = standard.load_title(group.workers, headers=group.headers)
    return f"{figures.whole(group.connections)} connections · {delay} at the upstream · {load}"


def layout(run: Run) -> standard.Layout:
    """The tables of servers that wait."""
    return standard.Layout(
        headings=headings(run),
        left=_LEFT,
        title=partial(title, run),
        cells=partial(cells, run),
        note=note,
        style=_style,
    )


def _style(row: Row) -> str:
    if row.waiting and row.waiting.far:
        return "red"
    return "green" if row.verdict is Verdict.NEITHER else standard.style(row)


def markdown(run: Run, rows: Sequence[Row]) -> str:
    """The tables in GitHub's Markdown, the notes in a last column.

    Of a sweep over connections: one table of all, and the largest number of them in full.
    """
    lines = standard.markdown_summary(run, rows)
    groups = standard.grouped(rows)
    loaded = [group for group, _ in groups if group[2]]
    if not run.plan.delay_us and len(loaded) > 1:
        lines += _overview("requests/s", rows, lambda row: figures.rate(row) if row.verdict.has_rate else row.verdict)
        lines += _overview("peak memory of the server", rows, lambda row: figures.size(row.peak_memory_bytes))
        groups = [(group, members) for group, members in groups if group not in loaded[:-1]]
    return "\n".join((*lines, *standard.markdown_groups(groups, layout(run))))


def _overview(what: str, rows: Sequence[Row], figure: Callable[[Row], str]) -> list[str]:
    """One figure of every server over the numbers of connections."""
    found = {(row.title, row.workers, row.connections): figure(row) for row in rows if row.connections}
    columns = sorted({connections for _, _, connections in found if connections})
    servers = dict.fromkeys((title, workers) for title, workers, _ in found)
    drawn = (
        map(escape, [title, *(found.get((title, workers, step), figures.NOTHING) for step in columns)])
        for title, workers in servers
    )
    shown = ("server", *map(figures.whole, columns))
    return [f"### {what} over connections", "", *table(shown, ("server",), drawn), ""]


def _client(seen: Waiting | None) -> str:
    return figures.NOTHING if seen is None else seen.client.value


def _waited(row: Row, seen: Waiting | None) -> tuple[str, ...]:
    was = published(row)
    model = seen.model_per_second if seen else None
    return (
        row.title,
        row.version or figures.NOTHING,
        row.python or figures.NOTHING,
        _client(seen),
        _limit(seen),
        figures.NOTHING if row.requests_per_second is None else f"{row.requests_per_second.mean:.2f}",
        figures.uncertainty(row),
        figures.NOTHING if was is None else f"{was:.2f}",
        figures.NOTHING if model is None else f"{model:.2f}",
        figures.NOTHING if seen is None or seen.ratio is None else f"{seen.ratio:.1%}".replace("%", " %"),
        figures.NOTHING if seen is None else figures.whole(seen.held_max),
    )


def _limit(seen: Waiting | None) -> str:
    """How many requests the client may have under way: one where it blocks, and what does not limit is not shown."""
    if seen is None or (seen.client is Client.ASYNC and seen.max_clients is None):
        return figures.NOTHING
    return "1" if seen.client is Client.BLOCKING else str(seen.max_clients)


def _swept(row: Row, seen: Waiting | None) -> tuple[str, ...]:
    _, _, _, p99, _ = latencies = figures.latencies(row)
    counted = [None] * 3 if row.errors is None else [row.errors.connect, row.errors.read, row.errors.timeout]
    return (
        row.title,
        row.version or figures.NOTHING,
        row.python or figures.NOTHING,
        _client(seen),
        figures.rate(row),
        figures.cpu_cost(row),
        latencies[0],
        p99,
        *map(figures.whole, [seen.over_2_s, seen.established, seen.accepted] if seen else [None] * 3),
        *map(figures.whole, counted),
        figures.whole(seen.connections_lost if seen else None),
        figures.size(seen.idle_memory_bytes if seen else None),
        figures.size(row.peak_memory_bytes),
    )
