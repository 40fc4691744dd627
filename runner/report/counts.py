"""Instructions a request: beside each other, and where two servers differ. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.counting import comparing
from runner.counting.cachegrind import UNKNOWN
from runner.counting.comparing import Line, Moved
from runner.record.count import AGREEMENT, Count, DepthCount
from runner.report.markdown import escape, table
from runner.rows import figures

if TYPE_CHECKING:
    from rich.console import RenderableType

    from runner.counting.counting import Counted

WHERE_ROWS = 15
LEAST_INSTRUCTIONS, LEAST_BYTECODES = 5.0, 0.5
"""A request; what differs by less is left out."""
LEFT = ("server", "variant", "version", "Python", "function", "line")


def headings(counts: Sequence[Count]) -> tuple[str, ...]:
    """The columns: those of variants and of a comparison where there is one."""
    depths = _depths(counts)
    each = [name for depth in depths for name in (f"depth {depth}", "±", *(["over base"] if len(counts) > 1 else []))]
    shares = ["a batch", "a request in it"] if len(depths) > 1 else []
    variant = ["variant"] if any(one.variant for one in counts) else []
    return ("server", *variant, "version", "Python", *each, *shares)


def lines(counts: Sequence[Count]) -> list[tuple[str, ...]]:
    """One row a server, in the order of :func:`headings`; the first is the base of the others."""
    depths, base = _depths(counts), counts[0]
    varied = any(one.variant for one in counts)
    made = []
    for one in counts:
        ratios = {found.depth: found for found in comparing.differences(base, one)} if one is not base else {}
        cells = [one.title, *([one.variant or figures.NOTHING] if varied else [])]
        cells += [one.version or figures.NOTHING, one.python or figures.NOTHING]
        for depth in depths:
            found = one.at(depth)
            cells += [instructions(found), left_open(found)]
            if len(counts) > 1:
                cells.append(f"{ratios[depth].ratio - 1:+.2%}" if depth in ratios else figures.NOTHING)
        if len(depths) > 1:
            cells += shares(one)
        made.append(tuple(cell.replace("%", " %") for cell in cells))
    return made


def notes(counts: Sequence[Count]) -> list[str]:
    """Why what could not be counted was not, and where goes did not agree."""
    found = []
    for one in counts:
        name = f"{one.title} · {one.variant}" if one.variant else one.title
        if one.reason is not None:
            found.append(f"{name}: not counted: {one.reason}")
        wobbling = [at for at in one.depths if not at.agrees]
        if wobbling:
            what = ", ".join(f"{at.apart:.2%} at depth {at.depth}" for at in wobbling if at.apart is not None)
            goes = max(len(at.goes) for at in wobbling)
            found.append(f"{name}: {goes} goes leave more open than {AGREEMENT:.2%}: {what}".replace("%", " %"))
        if (one.processes or 1) > 1:
            found.append(f"{name}: {one.processes} processes together")
    return found


def legend(counts: Sequence[Count]) -> str:
    """What the figures are, in one line."""
    tool = next((one.tool for one in counts if one.tool), "valgrind")
    return f"Instructions a request in user space, by {tool}; ±: what its goes leave open"


def terminal(counts: Sequence[Count]) -> list[RenderableType]:
    """The table for rich, its legend and its notes."""
    from rich.text import Text  # noqa: PLC0415 - only where a table is drawn

    drawn = _drawn(legend(counts), headings(counts), lines(counts))
    return [drawn, *(Text(f"  {note}") for note in notes(counts))]


def places(base: Counted, new: Counted) -> list[RenderableType]:
    """Where two servers differ, for rich: native functions, then lines of Python."""
    from rich.text import Text  # noqa: PLC0415

    made: list[RenderableType] = []
    native = comparing.moved(base.places, new.places, least=LEAST_INSTRUCTIONS)
    made += [Text(), _moved("Instructions a request at the first depth, by native function", native)]
    for side in (base, new):
        if isinstance(side.bytecodes, str):
            return [*made, Text(f"\nLines of Python are not known: {side.bytecodes}")]
    assert not isinstance(base.bytecodes, str)  # noqa: S101 - just looked at
    assert not isinstance(new.bytecodes, str)  # noqa: S101
    before, after = _without_folder(base.bytecodes), _without_folder(new.bytecodes)
    lines_ = comparing.moved_lines(before, after, least=LEAST_BYTECODES)
    return [*made, Text(), _moved("Bytecodes a request at depth 1, by line of Python", lines_)]


def _moved(title: str, moved: Sequence[Moved]) -> RenderableType:
    cells = [
        (
            f"{one.difference:+,.1f}".replace(",", " "),
            f"{one.base:,.1f}".replace(",", " "),
            f"{one.new:,.1f}".replace(",", " "),
            one.place.function,
            "" if one.place.file == UNKNOWN else f"{comparing.short(one.place.file)}:{one.place.line}",
        )
        for one in moved[:WHERE_ROWS]
    ]
    more = f", the {WHERE_ROWS} greatest of {len(moved)}" if len(moved) > WHERE_ROWS else ""
    return _drawn(title + more, ("new - base", "base", "new", "function", "line"), cells)


def _drawn(title: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> RenderableType:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    drawn = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in names:
        drawn.add_column(Text(name), justify="left" if name in LEFT else "right", no_wrap=name not in LEFT)
    for cells in rows:
        drawn.add_row(*map(Text, cells))
    return drawn


def verdict(base: Count, new: Count, tolerated: float) -> str:
    """Why one has more instructions than ``tolerated`` allows, in one line."""
    name = f"{new.title} · {new.variant}" if new.variant else new.title
    if new.reason is not None:
        return f"{name}: not counted: {new.reason}"
    beyond = [one for one in comparing.differences(base, new) if one.more_than(tolerated)]
    what = ", ".join(f"{one.ratio - 1:+.2%} at depth {one.depth}" for one in beyond)
    return f"{name}: more instructions than {tolerated:.2%} allows: {what}".replace("%", " %")


def markdown(counts: Sequence[Count]) -> str:
    """The table, its legend and its notes."""
    drawn = (map(escape, cells) for cells in lines(counts))
    parts = [
        *table(headings(counts), LEFT, drawn),
        "",
        legend(counts),
        *(f"\n{escape(note)}" for note in notes(counts)),
    ]
    return "\n".join(parts) + "\n"


def _depths(counts: Sequence[Count]) -> tuple[int, ...]:
    return tuple(sorted({at.depth for one in counts for at in one.depths}))


def instructions(found: DepthCount | None) -> str:
    """Instructions a request at one depth."""
    return figures.NOTHING if found is None else figures.grouped_digits(found.instructions)


def left_open(found: DepthCount | None) -> str:
    """What goes leave open of it."""
    return figures.NOTHING if found is None or found.apart is None else f"{found.apart:.3%}"


def shares(one: Count) -> Sequence[str]:
    """Instructions of a batch and of a request in it, where the count tells them apart."""
    found = one.shares
    return [figures.NOTHING] * 2 if found is None else [figures.grouped_digits(share) for share in found]


def _without_folder(at: Mapping[Line, float]) -> Mapping[Line, float]:
    """Lines whose files begin at their distribution: two variants have their own folders for the same file."""
    found: dict[Line, float] = defaultdict(float)
    for line, count in at.items():
        found[replace(line, place=replace(line.place, file=comparing.short(line.place.file)))] += count
    return found
