"""Two runs beside each other, for a terminal, a pull request and a program. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from runner.judging import levels
from runner.judging.stats import Drift, Interval
from runner.record.plaintext import counted, plain
from runner.record.plan import Headers
from runner.record.trial import Verdict
from runner.report import fitting
from runner.report.fitting import Column
from runner.report.markdown import escape, table
from runner.report.tables.standard import group_title
from runner.rows import figures
from runner.rows.comparing.comparison import COST, RATE, TAIL, Change, Compared, Comparison, Side, Tolerance
from runner.rows.comparing.power import MOST_TRIALS, SOUGHT
from runner.rows.row import Group

if TYPE_CHECKING:
    from rich.console import RenderableType

HEADINGS = ("server", "base", "new", "ratio", "95 % interval", "CPU ratio", "would have shown", "change")
_LEFT = ("server", "change")
_COLUMNS = (
    Column("server", least=12, whole=True),
    Column("base", left=False, worth=2),
    Column("new", left=False, worth=1),
    Column("ratio", left=False),
    Column("95 % interval", left=False),
    Column("CPU ratio", left=False, worth=4),
    Column("would have shown", left=False, worth=3),
    Column("change", least=12),
)
_COLOURS = {Change.FASTER: "green", Change.WORKS_NOW: "green", Change.SLOWER: "red", Change.FAILS_NOW: "red"}
_SIGNS = {Change.FASTER: "🟢 ", Change.WORKS_NOW: "🟢 ", Change.SLOWER: "🔴 ", Change.FAILS_NOW: "🔴 "}


def cells(one: Compared, drift: Drift | None = None) -> tuple[str, ...]:
    """One cell's figures, in the order of :data:`HEADINGS`; the new rate less what the machine drifted."""
    return (
        f"{one.title} · {one.new.variant}" if one.new.variant and one.base.variant == one.new.variant else one.title,
        *_figures(one, drift),
        figures.NOTHING if one.ratio is None else f"{one.ratio.mean:.3f}",
        _interval(one.ratio),
        figures.NOTHING if one.cpu_ratio is None else f"{one.cpu_ratio.mean:.3f} {_interval(one.cpu_ratio)}",
        figures.NOTHING if one.could_have_shown is None else _share(one.could_have_shown),
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
            *shown, change = cells(one, found.drift)
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
        drawn = (
            [*map(escape, cells(one, found.drift)[:-1]), _SIGNS.get(one.change, "") + escape(_change(one))]
            for one in members
        )
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
    where = f" in {found.within}" if found.within else ""
    lines = [f"base {found.base}, new {found.new}{where}: {counted(len(found.cells), 'cell')} compared: {outcome}"]
    lines += _disturbed(found)
    if counts[Change.NOT_COMPARED]:
        lines.append(
            f"Not compared: a ratio takes {levels.MIN_VALUES} trials on both sides: measure again with --trials 4"
        )
    if counts[Change.NOT_WARM]:
        lines.append(
            "Not warmed alike: a runtime that compiles had not settled on one side: measure again with --settle 30s"
        )
    drift = found.drift
    if found.within:
        lines.append("Ratios are new / base; both were measured in turn, so the machine's drift is in neither")
    elif drift is None:
        lines.append(
            "Ratios are new / base. Fewer than three cells of unchanged adapters: the intervals hold the noise within "
            "each run, not how the machine drifted between them"
        )
    else:
        way = "faster" if drift.ratio > 1 else "slower"
        lines.append(
            f"From base to new the whole machine became {_share(abs(drift.ratio - 1))} {way}, by {drift.cells} "
            "unchanged cells: that is taken off the new rates and the ratios below. One cell on its own drifts by "
            f"{_share(drift.sd)}, and no interval is narrower than that allows"
        )
    lines += _power(found)
    lines += [f"{run} is not complete" for run in found.unfinished]
    return lines


def _disturbed(found: Comparison) -> Iterator[str]:
    sides = [
        (
            name,
            sum(getattr(one, name).disturbed_trials for one in found.cells),
            sum(getattr(one, name).trials for one in found.cells),
        )
        for name in ("base", "new")
    ]
    if any(disturbed for _, disturbed, _ in sides):
        parts = ", ".join(f"{disturbed} of {of} trials of {name}" for name, disturbed, of in sides)
        more = any(one.by == COST for one in found.cells)
        rest = ". Where it was most of a side's, CPU time a request decides, which that hardly changes" if more else ""
        yield f"Disturbed by other work: {parts}{rest}"


def _power(found: Comparison) -> Iterator[str]:
    """What the comparison could not have seen, over all cells that found nothing."""
    silent = [one for one in found.cells if one.change is Change.NONE_FOUND and one.power is not None]
    if not silent:
        return
    shown = sorted(one.power.smallest for one in silent if one.power)
    least, most = (_share(value) for value in (shown[0], shown[-1]))
    span = least if least == most else f"{least} to {most}, by cell"
    yield f"Where no difference was found, the smallest slowdown that nine in ten such comparisons show: {span}"
    wanted = [one.power.trials for one in silent if one.power and one.power.smallest > SOUGHT]
    if not wanted:
        return
    known = [trials for trials in wanted if trials is not None]
    within = found.drift is None
    beyond = f"takes more than {MOST_TRIALS} trials a cell" if within else "no number of trials shows"
    numbers = f"takes about {max(known)} trials a cell" if known else beyond
    others = f"more than {MOST_TRIALS}" if within else "no number does"
    rest = "" if len(known) in {0, len(wanted)} else f"; in {len(wanted) - len(known)} cells {others}"
    yield f"One of {_share(SOUGHT)} in each of them {numbers}{rest}"


def inconclusive(one: Compared, tolerated: float) -> str:
    """Why a cell says neither yes nor no, in one line."""
    what = f"{one.title} at depth {one.depth}, {one.connections} connections"
    if one.could_have_shown is None:
        return f"{what}: inconclusive: it has no interval"
    more = f": about {one.power.trials} trials show {_share(SOUGHT)}" if one.power and one.power.trials else ""
    return f"{what}: inconclusive: it would have shown {_share(one.could_have_shown)}, not {_share(tolerated)}{more}"


def verdict(one: Compared, tolerated: Tolerance) -> str:
    """Why a cell is slower than ``tolerated`` allows, in one line."""
    fields = ", a browser's headers" if one.headers is Headers.BROWSER else ""
    what = f"{one.title} at depth {one.depth}, {one.connections} connections{fields}"
    if one.change is Change.FAILS_NOW:
        return f"{what}: fails now: {one.new.verdict}: {one.new.reason}"
    if one.load is not None:
        what += f", at {one.load}"
    ratio, by = (one.cpu_ratio, "CPU time of a request") if one.by == COST else (one.ratio, one.by or RATE)
    share = tolerated.p99 if one.by == TAIL else tolerated.rate
    return f"{what}: slower than {share or 0:.1%} allows: the ratio of its {by} is {_interval(ratio)}"


def _grouped(compared: Sequence[Compared]) -> Iterator[tuple[str, list[Compared]]]:
    for (group, load), members in groupby(
        compared, key=lambda one: (Group(one.workers, one.connections, one.depth, one.headers), one.load)
    ):
        yield group_title(group) + (f" · p99 at {load}" if load else ""), list(members)


def _alone(found: Comparison) -> Iterator[str]:
    for name, ids in (("base", found.only_base), ("new", found.only_new)):
        if ids:
            yield f"Only in {name}: {', '.join(ids)}"


def _figures(one: Compared, drift: Drift | None) -> tuple[str, str]:
    """What is compared of either side: rates, or of a paced load the p99."""
    if one.load is not None:
        base, new = (
            side.verdict.value if side.p99_us is None else figures.duration(side.p99_us.mean)
            for side in (one.base, one.new)
        )
        return base, new
    return _rate(one.base), _rate(one.new) if drift is None else _corrected(one.new, drift)


def _rate(side: Side) -> str:
    return side.verdict.value if side.requests_per_second is None else figures.rate(side)


def _corrected(side: Side, drift: Drift) -> str:
    """A new rate as the machine of the base would have had it."""
    rate = side.requests_per_second
    if rate is None or side.verdict is Verdict.GENERATOR_BOUND:
        return _rate(side)
    return figures.rate_digits(rate.mean / drift.ratio)


def _share(value: float) -> str:
    return f"{value:.1%}".replace("%", " %")


def _interval(ratio: Interval | None) -> str:
    return figures.NOTHING if ratio is None else f"{ratio.low:.3f} to {ratio.high:.3f}"


def _change(one: Compared) -> str:
    by = f" (by {COST})" if one.by == COST else ""
    reason = f": {one.new.reason}" if one.change is Change.FAILS_NOW else ""
    return f"{one.change}{by}{reason}"
