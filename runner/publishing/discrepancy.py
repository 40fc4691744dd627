"""Where a published document is not what its record gives: which table, which row, which column. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from html.parser import HTMLParser

_CELL_BOUNDARY = re.compile(r"(?<!\\)\|")
_HEADINGS = ("h1", "h2", "h3", "h4", "caption", "summary")
_BLOCKS = (*_HEADINGS, "p", "li", "dt", "dd", "pre", "title", "text", "desc", "tr")
_UNSEEN = ("script", "style")


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One place of a document: what stands there, and what the record gives (``None``: nothing)."""

    document: str
    where: str
    stands: str | None
    gives: str | None

    def __str__(self) -> str:
        stands = "nothing stands there" if self.stands is None else f"{self.stands!r} stands there"
        gives = "nothing" if self.gives is None else repr(self.gives)
        return f"{self.document}: {self.where}: {stands}, its record gives {gives}"


def discrepancies(document: str, stored: str, computed: str) -> list[Discrepancy]:
    """Every line, and of a table every cell, in which the stored document is not the computed one.

    HTML and SVG are compared by their text first; what differs in markup alone is named by its line.
    """
    if stored == computed:
        return []
    if document.endswith((".html", ".svg")):
        found = _compare(document, _Flattened.lines(stored), _Flattened.lines(computed))
        return found or _compare(document, stored.splitlines(), computed.splitlines(), short=True)
    return _compare(document, stored.splitlines(), computed.splitlines()) or [
        Discrepancy(document, "line ends", None, None)
    ]


def _compare(
    document: str, stored: Sequence[str], computed: Sequence[str], *, short: bool = False
) -> list[Discrepancy]:
    found: list[Discrepancy] = []
    matcher = SequenceMatcher(None, stored, computed, autojunk=False)
    for kind, low, high, other_low, other_high in matcher.get_opcodes():
        if kind == "equal":
            continue
        for number in range(max(high - low, other_high - other_low)):
            stands = stored[low + number] if low + number < high else None
            gives = computed[other_low + number] if other_low + number < other_high else None
            if short:
                where = f"line {low + number + 1}"
                found.append(Discrepancy(document, where, *_around(stands, gives)))
            else:
                found += _in_line(document, _Place.of(stored, low + number), stands, gives)
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a line stands: the last heading above it, and the headings of its table's columns."""

    title: str
    columns: tuple[str, ...]
    number: int

    @classmethod
    def of(cls, lines: Sequence[str], index: int) -> _Place:
        title = ""
        columns: tuple[str, ...] = ()
        for number in range(min(index, len(lines) - 1), -1, -1):
            text = lines[number]
            if text.startswith("#"):
                title = text.lstrip("# ")
                break
            if not columns and text.startswith("|") and (number == 0 or not lines[number - 1].startswith("|")):
                columns = tuple(_cells(text))
        return cls(title, columns, index + 1)


def _in_line(document: str, place: _Place, stands: str | None, gives: str | None) -> Iterator[Discrepancy]:
    old, new = (_cells(text) if text is not None and text.startswith("|") else [] for text in (stands, gives))
    beginning = f"{place.title}, " if place.title else ""
    if not old or not len(old) == len(new) == len(place.columns):
        yield Discrepancy(document, f"{beginning}line {place.number}", stands, gives)
        return
    server = place.columns.index("server") if "server" in place.columns else 0
    for column, before, now in zip(place.columns, old, new, strict=True):
        if before != now:
            yield Discrepancy(document, f"{beginning}{new[server]}, {column}", before, now)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in _CELL_BOUNDARY.split(line)[1:-1]]


def _around(stands: str | None, gives: str | None, width: int = 60) -> tuple[str | None, str | None]:
    """The parts of two long lines that differ, with a little of what is around them."""
    if stands is None or gives is None:
        return stands and stands[:width], gives and gives[:width]
    pairs = enumerate(zip(stands, gives, strict=False))
    first = next((n for n, (before, now) in pairs if before != now), min(len(stands), len(gives)))
    begin = max(0, first - width // 2)
    return stands[begin : begin + width], gives[begin : begin + width]


class _Flattened(HTMLParser):
    """HTML or SVG as lines of text: ``#`` before a heading, table rows as in Markdown."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []
        self._text: list[str] = []
        self._row: list[str] | None = None
        self._unseen = 0

    @classmethod
    def lines(cls, document: str) -> list[str]:
        """The text of a document, a line for each block."""
        parser = cls()
        parser.feed(document)
        parser.close()
        parser._end_line("")
        return parser._lines

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in _UNSEEN:
            self._unseen += 1
        if tag in _BLOCKS and self._row is None:
            self._end_line("")
        if tag == "tr":
            self._row = []

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen -= 1
        if tag in {"td", "th"} and self._row is not None:
            self._row.append(self._take())
        elif tag == "tr" and self._row is not None:
            self._lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in self._row) + " |")
            self._row = None
        elif tag == "table":
            self._lines.append("")
        elif tag in _BLOCKS and self._row is None:
            self._end_line("# " if tag in _HEADINGS else "")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._text.append(data)

    def _take(self) -> str:
        text = " ".join("".join(self._text).split())
        self._text.clear()
        return text

    def _end_line(self, before: str) -> None:
        text = self._take()
        if text:
            self._lines.append(before + text)
