"""The comparison table as text for a terminal, Markdown, CSV and JSON. All four show the same rows."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import msgspec

from runner.errors import RecordError
from runner.record.adapter import interpreter
from runner.record.jsontext import readable
from runner.record.plaintext import counted
from runner.record.plan import Generator, Headers, Plan
from runner.record.run import Run
from runner.record.trial import Verdict
from runner.report import fitting
from runner.report.markdown import escape, table
from runner.rows import figures, machines
from runner.rows.row import SCHEMA, Group, Row, Witness

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
_MULTIPLE = HEADINGS.index("requests/s") + 2
_LATENCY = slice(HEADINGS.index("p50"), HEADINGS.index("max") + 1)
_VARIANT = HEADINGS.index("server") + 1
_LEFT = frozenset({"server", "variant", "version", "Python", "build", "pipelining", "verdict"})
_COLOURS = {Verdict.MEASURED: "green", Verdict.GENERATOR_BOUND: "yellow", Verdict.NEITHER: "yellow"}


def group_title(group: Group) -> str:
    """What the rows of a group have in common."""
    if not group.depth:
        return "Not available here"
    return load_title(group.workers, connections=group.connections, depth=group.depth, headers=group.headers)


def load_title(
    workers: int, *, connections: int | None = None, depth: int | None = None, headers: Headers = Headers.BARE
) -> str:
    """A load in words, without what is left out."""
    words = [
        None if depth is None else f"depth {depth}",
        None if connections is None else f"{connections} connections",
        f"{workers} worker{'s' if workers > 1 else ''}",
        "a browser's headers" if headers is Headers.BROWSER else None,
    ]
    return " · ".join(filter(None, words))


PACED_AT = 0.75
"""Of several paced loads the one that the tables show, if it was measured: three quarters of what a server can do."""


def shown_share(plan: Plan) -> float | None:
    """The share of capacity at which the tables of a run show latency; ``None``: they show that of the closed loop."""
    shares = plan.shares
    return min(shares, key=lambda share: abs(share - PACED_AT)) if shares else None


def headings(run: Run) -> tuple[str, ...]:
    """The columns of a run's tables, with its baseline, and with latency at a paced load where there is one."""
    share = shown_share(run.plan)
    names: tuple[str, ...] = HEADINGS
    if share is not None:
        paced = tuple(f"{name} at {share:.0%}".replace("%", " %") for name in ("p50", "p99", "p99.9"))
        names = (*HEADINGS[: _LATENCY.start], *paced, *HEADINGS[_LATENCY.stop :])
    rates = tuple(f"p99 at {figures.rate_digits(rate)}/s" for rate in run.plan.rates)
    limits = tuple(f"requests/s, {limit}" for limit in run.plan.limits)
    names = (*names[:-2], *rates, *limits, *names[-2:])
    if run.plan.variants:
        names = (*names[:_VARIANT], "variant", *names[_VARIANT:])
    if builds_vary(run):
        after = names.index("Python") + 1
        names = (*names[:after], "build", *names[after:])
    if run.plan.count:
        after = names.index("CPU µs/request") + 1
        names = (*names[:after], "instructions", *names[after:])
    return tuple(heading.format(baseline=run.plan.baseline) for heading in names)


def builds_vary(run: Run) -> bool:
    """Whether its interpreters were built, or run, in several ways."""
    return len({one.build for one in run.adapters if one.build is not None}) > 1


def cells(row: Row, plan: Plan | None = None, *, built: bool = False) -> tuple[str, ...]:
    """One row's figures, in the order of :func:`headings`; with the paced loads and limits of a ``plan``.

    ``built``: how its interpreter was built stands beside the others'.
    """
    share = shown_share(plan) if plan is not None else None
    variants = plan is not None and bool(plan.variants)
    counted = plan is not None and plan.count
    return (
        figures.rank(row),
        row.title,
        *([row.variant or figures.NOTHING] if variants else []),
        row.version or figures.NOTHING,
        row.python or figures.NOTHING,
        *([figures.NOTHING if row.build is None else str(row.build)] if built else []),
        figures.rate(row),
        figures.uncertainty(row),
        figures.times_baseline(row),
        figures.cpu_cost(row),
        *([figures.instructions(row)] if counted else []),
        *(figures.latencies(row) if share is None else figures.paced_latencies(figures.paced_at(row, share))),
        *(figures.tail_at(row, rate) for rate in (plan.rates if plan else ())),
        *(figures.limited(row, str(limit)) for limit in (plan.limits if plan else ())),
        row.server_class or figures.NOTHING,
        row.verdict.value,
    )


def grouped(rows: Iterable[Row]) -> list[tuple[Group, list[Row]]]:
    """Rows by group: what could not be run at all comes last."""
    ordered = sorted(rows, key=lambda row: (row.depth is None, row.group))
    return [(group, list(found)) for group, found in groupby(ordered, key=lambda row: row.group)]


def summary(run: Run, rows: Sequence[Row], resume: str | None = None) -> list[str]:
    """What the tables are of: the run, the machine, and what is not clean about it as a whole.

    ``resume`` is the command that completes it, where its record is not among the usual ones.
    """
    machine, placed = run.machine, run.placement
    gib = machine.memory_bytes / 2**30
    trials = sum(row.trials for row in rows)
    what = f"run {run.id}, profile {run.plan.profile}, {run.plan.duration_s:g} s a trial, {counted(trials, 'trial')}"
    where = (
        f"{machine.kind} ({placed}), {gib:.0f} GiB, {machine.system}, {machine.kernel}, "
        f"wrk {machine.tools.get('wrk', '?')}"
    )
    lines = [what, where, *machines.lines(run)]
    if run.finished_at is None:
        lines.append(f"This run is not complete: {resume or f'pipebench run --resume {run.id}'}")
    disturbed = sum(row.disturbed_trials for row in rows)
    if disturbed:
        lines.append(f"Disturbed by other work on the machine: {counted(disturbed, 'trial')}")
    if placed.shared:
        lines.append("Server and load generator shared their CPUs: every rate is too low")
    if max(run.plan.workers) > len(placed.server):
        lines.append(f"Workers shared CPUs: up to {max(run.plan.workers)} on {len(placed.server)}")
    if run.plan.server_cpus is not None:
        lines.append(f"CPUs of a server: {run.plan.server_cpus}")
    slow = sorted({f"{one.python} ({one.build})" for one in run.adapters if one.build and one.build.unoptimized})
    if slow:
        lines.append(f"CPython built without optimizations: {', '.join(slow)}")
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


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rows of one scenario are set as tables, the same for a terminal and in Markdown.

    ``cells`` are a row's figures under ``headings``, its verdict last; ``left`` names the columns that begin at the
    left; ``style`` is what a terminal draws the verdict in, a style of rich.
    """

    headings: tuple[str, ...]
    left: frozenset[str]
    title: Callable[[Group], str]
    cells: Callable[[Row], tuple[str, ...]]
    note: Callable[[Row], str]
    style: Callable[[Row], str]

    def only(self, columns: Sequence[str]) -> Layout:
        """The columns of these names, in the order asked for; the verdict stays, for without it a figure says nothing.

        Raises :class:`RecordError` for a name that there is not.
        """
        known, own = list(self.headings), self.cells
        if missing := [name for name in columns if name not in known]:
            raise RecordError(f"no column {missing[0]!r}: there are {', '.join(known)}")
        places = [*(known.index(name) for name in columns if name != known[-1]), len(known) - 1]
        return replace(
            self,
            headings=tuple(known[place] for place in places),
            cells=lambda row: tuple(own(row)[place] for place in places),
        )


def layout(run: Run) -> Layout:
    """The tables of servers that are asked for nothing but an answer."""
    names, figures_of = headings(run), partial(cells, plan=run.plan, built=builds_vary(run))
    shown = [place for place, name in enumerate(names) if name != _multiple(run) or _has_baseline(run)]
    return Layout(
        headings=tuple(names[place] for place in shown),
        left=_LEFT,
        title=group_title,
        cells=lambda row: tuple(itemgetter(*shown)(figures_of(row))),
        note=figures.note,
        style=style,
    )


def _multiple(run: Run) -> str:
    """The heading of the rates in multiples of the baseline's."""
    return HEADINGS[_MULTIPLE].format(baseline=run.plan.baseline)


def _has_baseline(run: Run) -> bool:
    return any(record.name == run.plan.baseline for record in run.adapters)


def style(row: Row) -> str:
    """The style of rich in which a terminal draws a row's verdict."""
    return _COLOURS.get(row.verdict, "red")


ALWAYS = ("server", "requests/s", "±", "verdict")
"""Columns without which a row says nothing."""
_WORTH = (
    "variant",
    "instructions",
    "rank",
    "pipelining",
    "CPU µs/request",
    "p50",
    "p99",
    "version",
    "model",
    "of it",
    "published",
    "Python",
    "build",
)
"""What a narrow terminal shows first of the others."""
ELSEWHERE = "a wider terminal shows it, and so do --format markdown, csv and html"


def terminal(run: Run, rows: Sequence[Row], layout: Layout, resume: str | None = None) -> list[RenderableType]:
    """Tables for rich, one a group, with the notes of its rows below it; ``resume``: what completes the run."""
    from rich.text import Text  # noqa: PLC0415 - only where a table is drawn

    made: list[RenderableType] = [Text("\n".join(summary(run, rows, resume)))]
    tables = []
    worth = (*(one for one in layout.headings if one.startswith("\N{MULTIPLICATION SIGN} ")), *_WORTH)
    for group, members in grouped(rows):
        if not group[2]:
            made.append(Text(f"\n{group_title(group)}", style="bold"))
        else:
            drawn = []
            for row in members:
                *shown, judged = layout.cells(row)
                drawn.append([*map(Text, shown), Text(judged, style=layout.style(row))])
            columns = fitting.columns(layout.headings, ALWAYS, worth, layout.left)
            tables.append(fitting.Fitted(layout.title(group), columns, drawn))
            made += [Text(), tables[-1]]
        titles = Counter((row.title, row.variant) for row in members)
        made += [
            Text.assemble("  ", (_named(row, titles), "bold"), f": {note}")
            for row in members
            if (note := layout.note(row))
        ]
    return [*made, fitting.LeftOut(tables, ELSEWHERE)]


def _named(row: Row, alike: Mapping[tuple[str, str | None], int]) -> str:
    """A row's title, with its variant, and its interpreter where several rows are called so."""
    name = row.title if row.variant is None else f"{row.title} · {row.variant}"
    return f"{name} on {interpreter(row.python)}" if alike[row.title, row.variant] > 1 and row.python else name


def witness_table(run: Run, rows: Sequence[Row]) -> str:
    """A run's generator and its witness side by side, as Markdown: rates, and means of batch and request latency."""
    own, its = run.plan.generator, next((row.witness.generator for row in rows if row.witness), Generator.H2LOAD)
    headings = ["server", "depth", f"requests/s {own}", its, "ratio", f"mean latency {own}", its, "ratio", "agree"]
    drawn = (map(escape, _beside(row, row.witness)) for row in rows if row.witness is not None)
    return "\n".join(table(headings, ("server", "agree"), drawn)) + "\n"


def _beside(row: Row, seen: Witness) -> tuple[str, ...]:
    own = row.batch_latency_us.mean if row.batch_latency_us else None
    return (
        row.title,
        str(row.depth),
        figures.rate(row),
        figures.NOTHING if seen.requests_per_second is None else figures.rate_digits(seen.requests_per_second),
        figures.NOTHING if seen.rate_ratio is None else f"{seen.rate_ratio:.2f}",
        figures.duration(own),
        figures.duration(seen.mean_latency_us),
        figures.NOTHING if seen.latency_ratio is None else f"{seen.latency_ratio:.2f}",
        {True: "yes", False: "NO", None: f"not comparable ({seen.reason})"}[seen.agrees],
    )


def markdown(run: Run, rows: Sequence[Row], chosen: Layout | None = None, *, noted: bool = True) -> str:
    """The tables in GitHub's Markdown, by the layout chosen; ``noted``: with the notes in a last column."""
    groups = markdown_groups(grouped(rows), chosen or layout(run), noted=noted)
    return "\n".join((*markdown_summary(run, rows), *groups))


def markdown_summary(run: Run, rows: Sequence[Row]) -> list[str]:
    """What the tables are of, as the lines of a paragraph."""
    return [*(f"{escape(line)}  " for line in summary(run, rows)), ""]


def markdown_groups(
    groups: Iterable[tuple[Group, Sequence[Row]]], layout: Layout, *, noted: bool = True
) -> Iterator[str]:
    """The lines of one table a group, each below its title; ``noted``: with the notes."""
    for group, members in groups:
        yield from (f"### {layout.title(group)}", "")
        if group[2]:
            last = ("note",) if noted else ()
            drawn = (map(escape, (*layout.cells(row), *(layout.note(row) for _ in last))) for row in members)
            yield from table((*layout.headings, *last), {*layout.left, *last}, drawn)
        else:
            reasons = (map(escape, (row.title, layout.note(row))) for row in members)
            yield from table(("server", "note"), ("server", "note"), reasons)
        yield ""


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
    return readable(content)


def seed_table(rows: Sequence[Row]) -> str:
    """The five columns that the seed published, for the rows of its command, as Markdown.

    Its latency columns are wrk's own figures; ours stand beside them.
    """
    headings = ["server", *(f"{name} wrk / true" for name in ("p50", "p75", "p90", "p99")), "requests/s", "verdict"]
    drawn = (
        map(escape, [row.title, *figures.printed_and_true(row), figures.rate(row), figures.outcome(row)])
        for row in rows
        if row.depth is not None
    )
    return "\n".join(table(headings, ("server", "verdict"), drawn)) + "\n"


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
