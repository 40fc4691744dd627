"""What a run says at first sight, in words computed from its rows: who leads, what pipelining gives, who fails. Pure.

Only what the rows' intervals and ranks allow is said: who may be first is named together with whom it shares the place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.conformance.classify import ServerClass
from runner.record.adapter import Kind
from runner.record.run import Run
from runner.report.charts import rates
from runner.report.charts.drawing import Names, labels, server_of
from runner.report.charts.shapes import interval_text
from runner.report.markdown import escape
from runner.report.tables import standard
from runner.rows import figures
from runner.rows.row import Group, Row

NAMED = 3
"""Servers that a finding names before it only counts."""
LITTLE = 1.2
"""A gain below this is called small."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer: the question in two words, and sentences that answer it."""

    subject: str
    lines: tuple[str, ...]


def findings(run: Run, rows: Sequence[Row]) -> tuple[Finding, ...]:
    """The answers that the rows of a run give, in the order in which they are asked; none without rows."""
    loaded = [row for row in rows if row.depth is not None]
    if not loaded:
        return ()
    names = labels(loaded)
    found = [
        Finding("Who leads, in requests/s", tuple(_leaders(run, loaded, names))),
        Finding("What pipelining gives", tuple(_gains(run, loaded, names))),
        Finding("Who fails", tuple(_failures(loaded, names))),
    ]
    return tuple(one for one in found if one.lines)


def markdown(run: Run, rows: Sequence[Row]) -> str:
    """The findings as a list, and where they are from."""
    lines = [f"- **{one.subject}.** {escape(' '.join(one.lines))}" for one in findings(run, rows)]
    return "\n".join([*lines, ""])


def _leaders(run: Run, rows: Sequence[Row], names: Names) -> Iterator[str]:
    """The Python servers that may be first, of those that answer every request in order: a line for the same ones."""
    python = _python(run)
    said: dict[tuple[str, ...], list[tuple[Group, list[Row]]]] = {}
    unplaced: list[str] = []
    for group, members in standard.grouped(rows):
        sound = [
            row
            for row in members
            if (row.adapter, row.python) in python
            and row.requests_per_second is not None
            and (group.depth == 1 or row.server_class not in {ServerClass.BROKEN, ServerClass.DEGRADES})
        ]
        above = [row for row in sound if row.kind is not Kind.PROTOCOL]
        firsts = [_first(sound)] if sound else []
        if above and sound[0].kind is Kind.PROTOCOL:
            firsts.append(_first(above))
        if firsts:
            who = tuple(_any_of([names[server_of(row)] for row in first]) for first in firsts)
            said.setdefault(who, []).append((group, [first[0] for first in firsts]))
        unplaced += [
            f"{names[server_of(row)]} at {_loads([group], rows).lower()} (rank {row.rank})"
            for row in sound[1:]
            if _anywhere(row, sound)
        ]
    for who, found in said.items():
        words = [
            f"{name} ({', '.join(figures.rate(best[place]) for _, best in found)})" for place, name in enumerate(who)
        ]
        yield f"{_loads([group for group, _ in found], rows)}: {'; of servers and frameworks '.join(words)}."
    if unplaced:
        yield f"Too uncertain to be placed: {_listed(unplaced)}."


def _any_of(names: Sequence[str]) -> str:
    """Who shares a place, the fastest first; where they are many, how many more."""
    more = len(names) - NAMED
    return " or ".join([*names[:NAMED], f"one of {more} more"] if more > 1 else names)


def _first(sound: Sequence[Row]) -> list[Row]:
    """Who may be first of these, which are in the order of their rates."""
    best = sound[0]
    return [best, *(row for row in sound[1:] if _may_be_first(row, best) and not _anywhere(row, sound))]


def _may_be_first(row: Row, best: Row) -> bool:
    return best.rank is not None and row.rank is not None and row.rank.low == best.rank.low


def _anywhere(row: Row, sound: Sequence[Row]) -> bool:
    """Whether a row may be first and may as well be of the lower half, where the first is not: it leads nothing."""
    best, middle = sound[0], len(sound) / 2
    placed = best.rank is not None and best.rank.high <= middle
    return placed and _may_be_first(row, best) and row.rank is not None and row.rank.high > middle


def _python(run: Run) -> set[tuple[str, str | None]]:
    """The servers that the project is about."""
    return {
        (one.name, one.python)
        for one in run.adapters
        if one.language == "python" and one.ranked and one.kind is not Kind.BASELINE
    }


def _gains(run: Run, rows: Sequence[Row], names: Names) -> Iterator[str]:
    """What the greatest depth gives over the lowest."""
    python = _python(run)
    for dimension, members in rates.sweeps(rows):
        if dimension != "depth":
            continue
        gains = [gain for gain in rates.gains(members) if gain.server[:2] in python]
        if not gains:
            continue
        steps = sorted({row.depth for row in members if row.depth is not None})
        most = _listed([f"{names[one.server]} {one.text}" for one in gains[:NAMED]])
        yield f"From depth {steps[0]} to {steps[-1]} most gain {most}."
        small = [one for one in gains if 1 <= one.last.value < LITTLE]
        less = [one for one in gains if one.last.high is not None and one.last.high < 1]
        words = [f"{len(small)} of {len(gains)} servers gain less than {rates.times(LITTLE)}"] if small else []
        if less:
            worst = less[-1]
            lost = f"{names[worst.server]} {interval_text(rates.times(worst.last.value), worst.last)}"
            words.append(f"{len(less)} lose, {lost} most" if len(less) > 1 else f"{lost} loses")
        if words:
            yield f"{'; '.join(words)}."
        return


def _failures(rows: Sequence[Row], names: Names) -> Iterator[str]:
    """Who failed under load, and who works under it but fails the cases that pipelining relies on."""
    failed: dict[str, set[str]] = {}
    for row in rows:
        if not row.verdict.has_rate:
            failed.setdefault(names[server_of(row)], set()).add(row.verdict.value)
    servers = {names[server_of(row)] for row in rows}
    if failed:
        told = _listed([f"{name} ({', '.join(sorted(verdicts))})" for name, verdicts in failed.items()], most=6)
        yield f"{len(failed)} of {len(servers)} servers fail under load: {told}."
    else:
        yield f"None of {len(servers)} servers fails under load."
    broken = sorted({names[server_of(row)] for row in rows if row.server_class == ServerClass.BROKEN} - set(failed))
    if broken:
        yield f"Broken by the conformance cases, though they work under load: {_listed(broken, most=6)}."


def _loads(groups: Sequence[Group], rows: Sequence[Row]) -> str:
    """Groups by what differs between the groups of all rows."""
    words = [f"depth {', '.join(map(str, sorted({group.depth for group in groups})))}"]
    if len({row.connections for row in rows}) > 1:
        words.append(f"{', '.join(map(str, sorted({group.connections for group in groups})))} connections")
    if len({row.workers for row in rows}) > 1:
        words.append(f"workers {', '.join(map(str, sorted({group.workers for group in groups})))}")
    if len({row.headers for row in rows}) > 1:
        words.append(f"headers {', '.join(sorted({group.headers for group in groups}))}")
    return ", ".join(words).capitalize()


def _listed(words: Sequence[str], most: int = NAMED) -> str:
    """Apart by commas, or by semicolons where there is a comma in one of them: a server may be called "weft, WSGI"."""
    shown = ("; " if any(", " in word for word in words) else ", ").join(words[:most])
    return shown if len(words) <= most else f"{shown} and {len(words) - most} more"
