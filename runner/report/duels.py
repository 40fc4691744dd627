"""A duel for a person: both levels, both ratios, and what they are worth. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runner.judging import stats
from runner.report.markdown import escape, table
from runner.rows import figures
from runner.rows.comparing.duels import Duel, Ratio, Side

HEADINGS = ("", "base", "new", "new / base", "95 % interval", "")
LEFT = ("", "95 % interval")


def lines(duel: Duel) -> list[tuple[str, ...]]:
    """Two rows, in the order of :data:`HEADINGS`: requests/s, and CPU time a request."""
    rates = [duel.level(side, lambda one: one.requests_per_second) for side in Side]
    costs = [duel.level(side, lambda one: one.cpu_us) for side in Side]
    return [
        ("requests/s", *map(figures.rate_digits, rates), *_ratio(duel.rate, higher_is_better=True)),
        ("CPU µs/request", *(f"{cost:.2f}" for cost in costs), *_ratio(duel.cpu, higher_is_better=False)),
    ]


def summary(duel: Duel) -> list[str]:
    """Who fought, how, and how the figures are to be read."""
    slices = sum(len(bout.slices) for bout in duel.bouts)
    found = [one for one in (duel.rate, duel.cpu) if one.reason is None and one.within > duel.precision]
    said = [
        f"new: {duel.new}, base: {duel.base}; depth {duel.depth}, {duel.connections} connections",
        f"{len(duel.bouts)} pairs of fresh starts, {slices} slices of {duel.slice_s * 1000:.0f} ms in turns, "
        f"{duel.seconds:.0f} s; the idle side took {duel.idle_share:.2%} of a CPU".replace("%", " %"),
    ]
    if found:
        said.append(f"Not within ±{duel.precision:.1%}: ask for more time with --budget".replace("%", " %"))
    return said


def text(duel: Duel) -> str:
    """For a terminal."""
    rows = [HEADINGS, *lines(duel)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    drawn = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join([*drawn, "", *summary(duel)]) + "\n"


def markdown(duel: Duel) -> str:
    """As a table of GitHub's Markdown."""
    drawn = (map(escape, cells) for cells in lines(duel))
    return "\n".join([*table(HEADINGS, LEFT, drawn), "", *(f"{escape(line)}  " for line in summary(duel))]) + "\n"


def as_json(duel: Duel) -> dict[str, object]:
    """The ratios, and every slice that they come from."""
    return {"duel": duel, "rate": duel.rate, "cpu_us": duel.cpu, "idle_share": duel.idle_share}


def _ratio(found: Ratio, *, higher_is_better: bool) -> Sequence[str]:
    if found.interval is None:
        return figures.NOTHING, found.reason or "no interval", ""
    one = found.interval
    verdict = stats.difference(one, higher_is_better=higher_is_better)
    return f"{one.mean:.4f}", f"{one.low:.4f} to {one.high:.4f}", verdict.value
