"""One line a server: its rate at each depth, for those who want to find theirs among many. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from runner.model import Run
from runner.report import figures, tables
from runner.report.markdown import escape, table
from runner.report.rows import Row

_LEFT = ("server", "version", "Python", "pipelining", "note")


def markdown(run: Run, rows: Sequence[Row]) -> str:
    """A Markdown table for each number of connections and workers, the fastest at the largest depth first.

    Where a depth has no rate, its verdict stands there. Servers that could not be run at all come last.
    """
    lines = [*(f"{escape(line)}  " for line in tables.summary(run, rows)), ""]
    loads: dict[tuple[int, int], list[Row]] = defaultdict(list)
    for row in rows:
        if row.depth is not None:
            loads[row.group[:2]].append(row)
    for (workers, connections), found in sorted(loads.items()):
        depths = sorted({row.group[2] for row in found})
        lines += [f"### {tables.load_title(connections, workers)}", ""]
        headings = ["server", "version", "Python", "pipelining", *(f"requests/s, depth {depth}" for depth in depths)]
        headings += [f"CPU µs/request, depth {depths[-1]}", "note"]
        lines += [*table(headings, _LEFT, _lines(found, depths)), ""]
    missing = [[escape(row.title), escape(row.reason)] for row in rows if row.depth is None]
    if missing:
        lines += [f"### {tables.group_title((0, 0, 0))}", "", *table(["server", "note"], _LEFT, missing), ""]
    return "\n".join(lines)


def _lines(rows: Sequence[Row], depths: Sequence[int]) -> Iterator[list[str]]:
    servers: dict[tuple[str, str | None], dict[int, Row]] = defaultdict(dict)
    for row in rows:
        servers[row.adapter, row.python][row.group[2]] = row
    for measured in sorted(servers.values(), key=lambda one: _order(one, depths)):
        any_, last = next(iter(measured.values())), measured.get(depths[-1])
        notes = {row.reason: None for _, row in sorted(measured.items()) if not row.verdict.has_rate and row.reason}
        yield [
            escape(any_.title),
            escape(any_.version or figures.NOTHING),
            escape(any_.python or figures.NOTHING),
            any_.server_class or figures.NOTHING,
            *(figures.rate_or_verdict(measured.get(depth)) for depth in depths),
            figures.cpu_cost(last) if last else figures.NOTHING,
            escape("; ".join(notes)),
        ]


def _order(measured: dict[int, Row], depths: Sequence[int]) -> tuple[float, ...]:
    """By the rate at the largest depth, then at the next smaller one; what has none comes behind."""
    rates = (measured[depth].requests_per_second if depth in measured else None for depth in reversed(depths))
    return tuple(-rate.mean if rate else 0.0 for rate in rates)
