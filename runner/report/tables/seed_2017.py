"""The published figures of 2017, the same releases here, and today's, as one table in Markdown. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runner.record.adapter import interpreter
from runner.record.run import Run
from runner.report import markdown
from runner.report.tables import seeds, standard
from runner.report.tables.seeds import PUBLISHED, Published
from runner.rows import figures
from runner.rows.figures import NOTHING
from runner.rows.row import Group, Row

_HEADINGS = (
    "server",
    "release",
    "requests/s",
    "× {baseline}",  # noqa: RUF001 - times
    "p50 printed / true",
    "p75 printed / true",
    "p90 printed / true",
    "p99 printed / true",
    "outcome",
)
_LEFT = {"server", "release", "outcome"}
_WINNER = next(one for one in PUBLISHED if one.title == seeds.WINNER)
_LOAD = f"wrk -t{seeds.THREADS} -c{seeds.CONNECTIONS} -d{seeds.DURATION_S}s, depth {seeds.DEPTH}"


def table(run: Run, rows: Sequence[Row]) -> str:
    """Each published system in three lines: as published, its release of 2017 here, today's release here."""
    made: list[tuple[str, ...]] = []
    for system in PUBLISHED:
        values = [_published(system)]
        values += _measured(system.adapter_2017, "of 2017", rows) if system.adapter_2017 else []
        values += _today(system, rows)
        made += [(system.title, *one) for one in values]
    head = [f"{markdown.escape(line)}  " for line in (*standard.summary(run, rows), *_load(run))]
    headings = [heading.format(baseline=run.plan.baseline) for heading in _HEADINGS]
    body = markdown.table(headings, _LEFT, [map(markdown.escape, values) for values in made])
    return "\n".join((*head, "", *body)) + "\n"


def _load(run: Run) -> list[str]:
    plan = run.plan
    found = [f"Published: {_LOAD}, one run each, on a machine that is not named. Only multiples can be compared."]
    if (plan.threads, plan.duration_s) != (seeds.THREADS, seeds.DURATION_S):
        found.append(f"Not loaded as published: here with -t{plan.threads} -d{plan.duration_s:g}s.")
    return found


def _published(system: Published) -> tuple[str, ...]:
    worked = system.requests_per_second > 0
    outcome = f"“{system.said}”: {figures.grouped_digits(system.requests)} requests in {system.duration_s:.2f} s"
    return (
        "published",
        figures.rate_digits(system.requests_per_second),
        figures.significant(system.requests_per_second / _WINNER.requests_per_second) if worked else NOTHING,
        *(f"{printed} / {NOTHING}" for printed in system.latencies),
        outcome + _socket_errors(read=system.read_errors, write=system.write_errors),
    )


def _today(system: Published, rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """The rows of today's release; where it ran in both of its forms, those of both, each with its title."""
    there = {row.adapter: row.title for row in rows}
    forms = [name for name in (system.adapter, system.also) if name in there]
    if len(forms) < 2:
        return _measured(forms[0] if forms else system.adapter, "of today", rows)
    return [(f"{one[0]}, {there[name]}", *one[1:]) for name in forms for one in _measured(name, "of today", rows)]


def _measured(adapter: str, when: str, rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """The rows of an adapter under the published load, or that there are none."""
    wanted = Group(1, seeds.CONNECTIONS, seeds.DEPTH)
    found = [row for row in rows if row.adapter == adapter and (row.group == wanted or row.depth is None)]
    if not found:
        return [(when, *[NOTHING] * 6, "not measured: this run has no such cell")]
    return [
        (
            " ".join(filter(None, (row.version, f"on {interpreter(row.python)}" if row.python else None))) or when,
            figures.rate(row),
            figures.times_baseline(row),
            *figures.printed_and_true(row),
            figures.outcome(row) + (_socket_errors(read=row.errors.read, write=row.errors.write) if row.errors else ""),
        )
        for row in found
    ]


def _socket_errors(**counts: int) -> str:
    named = ", ".join(f"{figures.grouped_digits(count)} {name}" for name, count in counts.items() if count)
    return f"; socket errors: {named}" if named else ""
