"""Two runs beside each other, for a terminal, a pull request and a program. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from runner.judging.stats import Interval
from runner.record.plaintext import plain
from runner.record.plan import Headers
from runner.report.markdown import escape, table
from runner.report.tables import fitting
from runner.report.tables.fitting import Column
from runner.report.tables.standard import group_title
from runner.rows import figures
from runner.rows.comparison import COST, Change, Compared, Comparison, Side
from runner.rows.row import Group

if TYPE_CHECKING:
    from rich.console import RenderableType

HEADINGS = ("server", "base", "new", "ratio", "95 % interval", "CPU ratio", "change")
_LEFT = ("server", "change")
_COLUMNS = (
    Column("server", least=12, whole=True),
    Column("base", left=False, worth=2),
    Column("new", left=False, worth=1),
    Column("ratio", left=False),
    Column("95 % interval", left=False),
    Column("CPU ratio", left=False, worth=3),
    Column("change", least=12),
)
_COLOURS = {Change.FASTER: "green", Change.WORKS_NOW: "green", Change.SLOWER: "red", Change.FAILS_NOW: "red"}
_SIGNS = {Change.FASTER: "🟢 ", Change.WORKS_NOW: "🟢 ", Change.SLOWER: "🔴 ", Change.FAILS_NOW: "🔴 "}


def cells(one: Compared) -> tuple[str, ...]:
    """One cell's figures, in the order of :data:`HEADINGS`."""
    return (
        one.title,
        _rate(one.base),
        _rate(one.new),
        figures.NOTHING if one.rate_ratio is None else f"{one.rate_ratio.mean:.3f}",
        _interval(one.rate_ratio),
        figures.NOTHING if one.cpu_ratio is None else f"{one.cpu_ratio.mean:.3f} {_interval(one.cpu_ratio)}",
        _change(one),
    )


def terminal(found: Comparison) -> list[RenderableType]:
    """Tables for rich, one for each kind of load, then what else differs."""
    from rich.text import Text  # noqa: PLC0415 - only where a table is drawn

    made: list[RenderableType] = [Text("\n".join(summary(found)))]
    tables = []
    for title, members in _grouped(found.cells):
        drawn = []
        for one in members:
            *shown, change = cells(one)
            drawn.append([*map(Text, shown), Text(change, style=_COLOURS.get(one.change, ""))])
        tables.append(fitting.Fitted(title, _COLUMNS, drawn))
        made += [Text(), tables[-1]]
    made += [Text(f"\n{line}") for line in _alone(found)]
    if found.differs:
        made.append(Text("\nWhat else differs", style="bold"))
        made += [Text(plain(f"  {one.subject}: {one.base} → {one.new}")) for one in found.differs]
    return [*made, fitting.LeftOut(tables, "a wider terminal shows it, and so does --format markdown")]


def markdown(found: Comparison) -> str:
    """The same for a pull request: what else differs can be unfolded."""
    lines = [*(f"{escape(line)}  " for line in summary(found)), ""]
    for title, members in _grouped(found.cells):
        drawn = ([*map(escape, cells(one)[:-1]), _SIGNS.get(one.change, "") + escape(_change(one))] for one in members)
        lines += [f"#### {title}", "", *table(HEADINGS, _LEFT, drawn), ""]
    lines += [f"{escape(line)}\n" for line in _alone(found)]
    if found.differs:
        lines += ["<details><summary>What else differs</summary>", ""]
        lines += table(
            ("what", "base", "new"),
            ("what", "base", "new"),
            ([escape(one.subject), escape(one.base), escape(one.new)] for one in found.differs),
        )
        lines += ["", "</details>", ""]
    return "\n".join(lines)


def summary(found: Comparison) -> list[str]:
    """What is compared, how it came out, and what the intervals allow for."""
    counts = {change: sum(one.change is change for one in found.cells) for change in Change}
    outcome = ", ".join(f"{count} {change}" for change, count in counts.items() if count)
    lines = [f"base {found.base}, new {found.new}: {len(found.cells)} cells compared: {outcome}"]
    drift = found.drift
    if drift is None:
        lines.append(
            "Ratios are new / base. Fewer than three cells of unchanged adapters: the intervals hold the noise within "
            "each run, not how the machine drifted between them"
        )
    else:
        lines.append(
            f"Ratios are new / base over that of unchanged cells: in {drift.cells} of these it is {drift.ratio:.3f} in "
            f"the mean, and scatters by {drift.sd:.1%}; no interval is narrower than this drift of the machine allows"
        )
    lines += [f"{run} is not complete" for run in found.unfinished]
    return lines


def verdict(one: Compared, tolerated: float) -> str:
    """Why a cell is slower than ``tolerated`` allows, in one line."""
    fields = ", a browser's headers" if one.headers is Headers.BROWSER else ""
    what = f"{one.title} at depth {one.depth}, {one.connections} connections{fields}"
    if one.change is Change.FAILS_NOW:
        return f"{what}: fails now: {one.new.verdict}: {one.new.reason}"
    ratio, by = (one.cpu_ratio, "CPU time of a request") if one.by == COST else (one.rate_ratio, "rate")
    return f"{what}: slower than {tolerated:.1%} allows: the ratio of its {by} is {_interval(ratio)}"


def _grouped(compared: Sequence[Compared]) -> Iterator[tuple[str, list[Compared]]]:
    for group, members in groupby(
        compared, key=lambda one: Group(one.workers, one.connections, one.depth, one.headers)
    ):
        yield group_title(group), list(members)


def _alone(found: Comparison) -> Iterator[str]:
    for name, ids in (("base", found.only_base), ("new", found.only_new)):
        if ids:
            yield f"Only in {name}: {', '.join(ids)}"


def _rate(side: Side) -> str:
    return side.verdict.value if side.requests_per_second is None else figures.rate(side)


def _interval(ratio: Interval | None) -> str:
    return figures.NOTHING if ratio is None else f"{ratio.low:.3f} to {ratio.high:.3f}"


def _change(one: Compared) -> str:
    by = f" (by {COST})" if one.by == COST else ""
    reason = f": {one.new.reason}" if one.change is Change.FAILS_NOW else ""
    return f"{one.change}{by}{reason}"
