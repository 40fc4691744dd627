"""Other people's words as text that is safe to print: logs, metadata, messages of tools. Pure.

What is not printable (Unicode's category C: control characters and escapes, NUL, marks that turn the direction of
text around, surrogates) would move a terminal's cursor, end a row, or let a line read as another one.
"""

from __future__ import annotations


def plain(text: str) -> str:
    """Text on one line: line ends become a space each, what is not printable a replacement character."""
    if text.isprintable():
        return text
    return "".join(_plain(letter) for letter in " ".join(text.splitlines()))


def plain_lines(text: str) -> str:
    """The same, line by line, which stay."""
    return "\n".join(plain(line) for line in text.splitlines())


def _plain(letter: str) -> str:
    if letter.isprintable():
        return letter
    return " " if letter.isspace() else "\N{REPLACEMENT CHARACTER}"
