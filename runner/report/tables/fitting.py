"""Tables that fit a terminal: a figure is shown whole or not at all, and what is not shown is named.

Columns that a row makes no sense without always stand; the others come in the order of their worth, as far as there is
room. A column of words may be folded; one of figures never is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.text import Text

GAP = 2
"""Columns of the terminal between two columns of a table."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: ``worth`` 0 always stands, of the others the smallest comes first.

    ``least`` is the width to which its words may be folded, ``None`` where they may not; ``whole``: they are not
    folded to make room for columns that may be left out.
    """

    heading: str
    left: bool = True
    worth: int = 0
    least: int | None = None
    whole: bool = False


class Fitted:
    """A table for rich that is drawn for the width it is given."""

    def __init__(self, title: str | None, columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> None:
        if any(len(row) != len(columns) for row in rows):
            raise ValueError("a row has another number of cells than the table has columns")
        self._title = title
        self._columns = columns
        self._rows = rows

    def left_out(self, width: int) -> list[str]:
        """The headings of the columns that so many columns of a terminal have no room for."""
        shown = self._shown(width)
        return [column.heading for number, column in enumerate(self._columns) if number not in shown]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it."""
        from rich.table import Table  # noqa: PLC0415 - only where a table is drawn
        from rich.text import Text  # noqa: PLC0415

        shown = self._shown(options.max_width)
        table = Table(title=self._title, title_justify="left", title_style="bold", box=None, pad_edge=False)
        folded = self._folded(shown, options.max_width)
        for number in shown:
            column = self._columns[number]
            table.add_column(
                Text(column.heading),
                justify="left" if column.left else "right",
                no_wrap=number not in folded,
                overflow="fold",
                width=folded.get(number, self._width(number)),
            )
        for row in self._rows:
            table.add_row(*(row[number] for number in shown))
        yield table

    def _width(self, number: int) -> int:
        return max([len(self._columns[number].heading), *(row[number].cell_len for row in self._rows)])

    def _least(self, number: int) -> int:
        least = self._columns[number].least
        return self._width(number) if least is None else min(least, self._width(number))

    def _shown(self, width: int) -> list[int]:
        shown = {number for number, column in enumerate(self._columns) if not column.worth}
        wanted = [self._width(n) if self._columns[n].whole else self._least(n) for n in shown]
        taken = sum(wanted) + GAP * (len(shown) - 1)
        for number in sorted(range(len(self._columns)), key=lambda number: self._columns[number].worth):
            if number not in shown and taken + GAP + self._least(number) <= width:
                shown.add(number)
                taken += GAP + self._least(number)
        return sorted(shown)

    def _folded(self, shown: Sequence[int], width: int) -> dict[int, int]:
        """The widths of the columns whose words do not all find room on a line: what the others leave, in turn."""
        over = sum(map(self._width, shown)) + GAP * (len(shown) - 1) - width
        folded = {}
        for number in sorted(shown, key=lambda number: self._least(number) - self._width(number)):
            spare = self._width(number) - self._least(number)
            if over > 0 and spare:
                folded[number] = self._width(number) - min(over, spare)
                over -= min(over, spare)
        return folded


class LeftOut:
    """The line below some tables that names what they had no room for; nothing where they had room for all."""

    def __init__(self, tables: Sequence[Fitted], elsewhere: str) -> None:
        self._tables = tables
        self._elsewhere = elsewhere

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it."""
        from rich.text import Text  # noqa: PLC0415

        names = dict.fromkeys(name for table in self._tables for name in table.left_out(options.max_width))
        if names:
            yield Text(f"\nNo room for {_listed(list(names))}: {self._elsewhere}", style="dim")


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def columns(headings: Sequence[str], always: Sequence[str], worth: Sequence[str], left: frozenset[str]) -> list[Column]:
    """Columns of figures, in the order of ``headings``; ``worth`` names the first that may be left out, best first.

    What neither names comes last. The column ``server`` may be folded.
    """
    return list(_columns(headings, always, worth, left))


def _columns(
    headings: Sequence[str], always: Sequence[str], worth: Sequence[str], left: frozenset[str]
) -> Iterator[Column]:
    for number, heading in enumerate(headings):
        place = worth.index(heading) + 1 if heading in worth else len(worth) + 1 + number
        yield Column(
            heading,
            left=heading in left,
            worth=0 if heading in always else place,
            least=16 if heading == "server" else None,
            whole=heading == "server",
        )
