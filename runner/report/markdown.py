"""GitHub's Markdown: lines of a table, and other people's words shown as they are. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runner.record.plaintext import plain


def escape(text: str) -> str:
    """Text that Markdown shows as it is: logs and metadata are other people's words."""
    text = plain(text)
    for sign in "\\|`*_<>[]~&":
        text = text.replace(sign, "\\" + sign)
    return text


def line(values: Iterable[str]) -> str:
    """One line of a table."""
    return "| " + " | ".join(values) + " |"


def table(headings: Sequence[str], left: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A table's lines; the columns of the headings in ``left`` begin at the left, the others end at the right.

    The cells are taken as they are: escape what others wrote.
    """
    words = set(left)
    return [line(headings), line("---" if name in words else "---:" for name in headings), *map(line, rows)]
