"""The comparison table as text for a terminal, Markdown, CSV and JSON. All four show the same rows."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, get_args, get_type_hints

import msgspec

from runner.model import Run, Verdict
from runner.report import figures
from runner.report.markdown import escape, line
from runner.report.rows import SCHEMA, Row

if TYPE_CHECKING:
    from rich.console import RenderableType

HEADINGS = (
    "rank",
    "server",
    "version",
    "Python",
    "requests/s",
    "±",
    "× {baseline}",  # noqa: RUF001 - times
    "CPU µs/request",
    "p50",
    "p75",
    "p90",
    "p99",
    "max",
    "pipelining",
    "verdict",
)
_LEFT = {"server", "version", "Python", "pipelining", "verdict"}
_COLOURS = {Verdict.MEASURED: "green", Verdict.GENERATOR_BOUND: "yellow", Verdict.NEITHER: "yellow"}


def group_title(group: tuple[int, int, int]) -> str:
    """What the rows of a group have in common."""
    workers, connections, depth = group
    if not depth:
        return "Not available here"
    return load_title(workers, connections=connections, depth=depth)


def load_title(workers: int, *, connections: int | None = None, depth: int | None = None) -> str:
    """A load in words, without what is left out."""
    words = [
        None if depth is None else f"depth {depth}",
        None if connections is None else f"{connections} connections",
        f"{workers} worker{'s' if workers > 1 else ''}",
    ]
    return " · ".join(filter(None, words))


def cells(row: Row) -> tuple[str, ...]:
    """One row's figures, in the order of :data:`HEADINGS`."""
    return (
        figures.rank(row),
        row.title,
        row.version or figures.NOTHING,
        row.python or figures.NOTHING,
        figures.rate(row),
        figures.uncertainty(row),
        figures.times_baseline(row),
        figures.cpu_cost(row),
        *figures.latencies(row),
        row.server_class or figures.NOTHING,
        row.verdict.value,
    )


def grouped(rows: Iterable[Row]) -> list[tuple[tuple[int, int, int], list[Row]]]:
    """Rows by group: what could not be run at all comes last."""
    ordered = sorted(rows, key=lambda row: (row.depth is None, row.group))
    return [(group, list(found)) for group, found in groupby(ordered, key=lambda row: row.group)]


def summary(run: Run, rows: Sequence[Row]) -> list[str]:
    """What the tables are of: the run, the machine, and what is not clean about it as a whole."""
    machine, placed = run.machine, run.placement
    gib = machine.memory_bytes / 2**30
    trials = sum(row.trials for row in rows)
    what = f"run {run.id}, profile {run.plan.profile}, {run.plan.duration_s:g} s a trial, {trials} trials"
    where = (
        f"{machine.cpu_model}, {len(machine.cpus)} CPUs (server on {_numbers(placed.server)}, load on "
        f"{_numbers(placed.generator)}), {gib:.0f} GiB, {machine.system}, {machine.kernel}, "
        f"wrk {machine.tools.get('wrk', '?')}"
    )
    lines = [what, where]
    if run.finished_at is None:
        lines.append(f"This run is not complete: pipebench run --resume {run.id}")
    disturbed = sum(row.disturbed_trials for row in rows)
    if disturbed:
        lines.append(f"Disturbed by other work on the machine: {disturbed} trials")
    if placed.shared:
        lines.append("Server and load generator shared their CPUs: every rate is too low")
    if max(run.plan.workers) > len(placed.server):
        lines.append(f"Workers shared CPUs: up to {max(run.plan.workers)} on {len(placed.server)}")
    wide = [row for row in rows if imprecise(run, row)]
    if wide:
        lines.append(f"Not within ±{run.plan.precision:.0%}: {len(wide)} of {sum(1 for r in rows if r.depth)} rows")
    return lines


def imprecise(run: Run, row: Row) -> bool:
    """Whether a row's trials ended before its interval was as narrow as the plan wants it."""
    rate = row.requests_per_second
    if rate is None or run.plan.trials is not None:
        return False
    return rate.relative_half_width is None or rate.relative_half_width > run.plan.precision


def _numbers(cpus: Sequence[int]) -> str:
    return ",".join(map(str, cpus))


def terminal(run: Run, rows: Sequence[Row]) -> list[RenderableType]:
    """Tables for rich, one a group, with the notes of its rows below it."""
    from rich.table import Table  # noqa: PLC0415 - only where a table is drawn
    from rich.text import Text  # noqa: PLC0415

    made: list[RenderableType] = [Text("\n".join(summary(run, rows)))]
    for group, members in grouped(rows):
        if not group[2]:
            made.append(Text("\nNot available here", style="bold"))
        else:
            table = Table(title=group_title(group), title_justify="left", title_style="bold", box=None, pad_edge=False)
            for heading in _headings(run):
                justify: Literal["left", "right"] = "left" if heading in _LEFT else "right"
                table.add_column(Text(heading), justify=justify, no_wrap=heading != "server")
            for row in members:
                style = _COLOURS.get(row.verdict, "red")
                table.add_row(*map(Text, cells(row)[:-1]), Text(row.verdict.value, style=style))
            made += [Text(), table]
        titles = Counter(row.title for row in members)
        made += [
            Text.assemble("  ", (_named(row, titles), "bold"), f": {note}")
            for row in members
            if (note := figures.note(row))
        ]
    return made


def _named(row: Row, titles: Mapping[str, int]) -> str:
    """A row's title, with its interpreter where several rows have the one title."""
    return f"{row.title} on CPython {row.python}" if titles[row.title] > 1 and row.python else row.title


def witness_table(rows: Sequence[Row]) -> str:
    """wrk and h2load side by side, as Markdown: rates, and means of batch and request latency."""
    headings = ["server", "depth", "requests/s wrk", "h2load", "ratio", "mean latency wrk", "h2load", "ratio", "agree"]
    lines = [line(headings), line(["---"] + ["---:"] * 7 + ["---"])]
    for row in rows:
        seen = row.witness
        if seen is None:
            continue
        own = row.batch_latency_us.mean if row.batch_latency_us else None
        agree = {True: "yes", False: "NO", None: f"not comparable ({seen.reason})"}[seen.agrees]
        values = [
            row.title,
            str(row.depth),
            figures.rate(row),
            figures.grouped_digits(seen.requests_per_second),
            figures.NOTHING if seen.rate_ratio is None else f"{seen.rate_ratio:.2f}",
            figures.duration(own),
            figures.duration(seen.mean_latency_us),
            figures.NOTHING if seen.latency_ratio is None else f"{seen.latency_ratio:.2f}",
            agree,
        ]
        lines.append(line(map(escape, values)))
    return "\n".join(lines) + "\n"


def markdown(run: Run, rows: Sequence[Row]) -> str:
    """The tables in GitHub's Markdown, the notes in a last column."""
    lines = [*(f"{escape(line)}  " for line in summary(run, rows)), ""]
    for group, members in grouped(rows):
        headings = [*_headings(run), "note"] if group[2] else ["server", "note"]
        lines += [f"### {group_title(group)}", "", line(headings)]
        lines.append(line(["---" if h in _LEFT or h == "note" else "---:" for h in headings]))
        for row in members:
            values = [*cells(row), figures.note(row)] if group[2] else [row.title, figures.note(row)]
            lines.append(line(escape(value) for value in values))
        lines.append("")
    return "\n".join(lines)


def as_csv(rows: Sequence[Row]) -> str:
    """Every figure of every row, nested ones as ``requests_per_second.mean``; empty where not measured."""
    records = [_flat(msgspec.to_builtins(row)) for row in rows]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(_columns(Row)), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def as_json(run: Run, rows: Sequence[Row]) -> str:
    """An object with ``schema``, ``run``, ``machine`` and ``rows``."""
    content = {"schema": SCHEMA, "run": run, "machine": run.machine, "rows": rows}
    return msgspec.json.format(msgspec.json.encode(content), indent=1).decode() + "\n"


def seed_table(rows: Sequence[Row]) -> str:
    """The five columns that the seed published, for the rows of its command, as Markdown.

    Its latency columns are wrk's own figures; ours stand beside them.
    """
    headings = [
        "server",
        "p50 wrk / true",
        "p75 wrk / true",
        "p90 wrk / true",
        "p99 wrk / true",
        "requests/s",
        "verdict",
    ]
    lines = [line(headings), line(["---"] + ["---:"] * 5 + ["---"])]
    for row in rows:
        if row.depth is None:
            continue
        values = [row.title, *figures.printed_and_true(row), figures.rate(row), figures.outcome(row)]
        lines.append(line(map(escape, values)))
    return "\n".join(lines) + "\n"


def _headings(run: Run) -> list[str]:
    return [heading.format(baseline=run.plan.baseline) for heading in HEADINGS]


def _columns(record: Any, prefix: str = "") -> Iterator[str]:
    """The columns of a record, those of records in it included; the same whatever was measured."""
    for name, kind in get_type_hints(record).items():
        inner = next((one for one in (kind, *get_args(kind)) if is_dataclass(one)), None)
        if inner is None:
            yield prefix + name
        else:
            yield from _columns(inner, f"{prefix}{name}.")


def _flat(record: dict[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
