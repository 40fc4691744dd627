"""One line a server: its rate at each depth, for those who want to find theirs among many. Pure.

Where the plan has one depth and several numbers of connections, its rate at each of these.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from runner.record.run import Run
from runner.record.trial import Verdict
from runner.report.markdown import escape, table
from runner.report.tables import standard
from runner.rows import figures
from runner.rows.row import Group, Row

_LEFT = ("server", "variant", "version", "Python", "pipelining", "note")

_SAID = (Verdict.MEASURED, Verdict.GENERATOR_BOUND)
"""Verdicts that need no note: the rate alone, and its sign for a lower bound."""

Steps = Mapping[int, Row]
"""The rows of one server, by depth or by connections."""


def markdown(run: Run, rows: Sequence[Row]) -> str:
    """A Markdown table for each load but for what its columns are, the fastest at the largest step first.

    Where a step has no rate, its verdict stands there. Servers that could not be run at all come last.
    """
    lines = standard.markdown_summary(run, rows)
    loaded = [row for row in rows if row.depth is not None]
    over_depth = len({row.group[2] for row in loaded}) > 1 or len({row.group[1] for row in loaded}) < 2
    loads: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(loaded, key=lambda row: row.group):
        group = row.group
        loads[
            standard.load_title(
                group.workers,
                connections=group.connections if over_depth else None,
                depth=None if over_depth else group.depth,
                headers=group.headers,
            )
        ].append(row)
    for title, found in loads.items():
        lines += [f"### {title}", "", *_table(found, "depth" if over_depth else "connections"), ""]
    missing = [[escape(row.title), escape(row.reason)] for row in rows if row.depth is None]
    if missing:
        lines += [f"### {standard.group_title(Group(0, 0, 0))}", "", *table(["server", "note"], _LEFT, missing), ""]
    return "\n".join(lines)


def _table(rows: Sequence[Row], dimension: str) -> list[str]:
    steps = sorted({getattr(row, dimension) for row in rows})
    pipelining = any(row.server_class for row in rows)
    names = [f"depth {step}" if dimension == "depth" else f"{step} connections" for step in steps]
    varied = any(row.variant for row in rows)
    headings = [
        "server",
        *(["variant"] if varied else []),
        "version",
        "Python",
        *(["pipelining"] if pipelining else []),
    ]
    headings += [*(f"requests/s, {name}" for name in names), f"CPU µs/request, {names[-1]}", "note"]
    servers: dict[tuple[object, ...], dict[int, Row]] = defaultdict(dict)
    for row in rows:
        limit = row.cell.max_clients if row.cell else None
        servers[*row.server, limit][getattr(row, dimension)] = row
    ordered = sorted(servers.values(), key=lambda one: _order(one, steps))
    return table(headings, _LEFT, (list(_line(one, steps, pipelining=pipelining, varied=varied)) for one in ordered))


def _line(measured: Steps, steps: Sequence[int], *, pipelining: bool, varied: bool) -> Iterator[str]:
    any_, last = next(iter(measured.values())), measured.get(steps[-1])
    yield escape(any_.title)
    if varied:
        yield escape(any_.variant or figures.NOTHING)
    yield escape(any_.version or figures.NOTHING)
    yield escape(any_.python or figures.NOTHING)
    if pipelining:
        yield any_.server_class or figures.NOTHING
    for step in steps:
        yield figures.rate_or_verdict(measured.get(step))
    yield figures.cpu_cost(last) if last else figures.NOTHING
    reasons: dict[Verdict, str] = {}
    for _, row in sorted(measured.items()):
        if row.verdict not in _SAID and row.reason and not figures.waits_as_expected(row):
            reasons.setdefault(row.verdict, row.reason)
    yield escape("; ".join(reasons.values()))


def _order(measured: Steps, steps: Sequence[int]) -> tuple[float, ...]:
    """By the rate at the largest step, then at the next smaller one; what has none comes behind."""
    rates = (measured[step].requests_per_second if step in measured else None for step in reversed(steps))
    return tuple(-rate.mean if rate else 0.0 for rate in rates)
