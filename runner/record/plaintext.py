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


def counted(number: int, noun: str) -> str:
    """``1 trial``, ``2 trials``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _plain(letter: str) -> str:
    if letter.isprintable():
        return letter
    return " " if letter.isspace() else "\N{REPLACEMENT CHARACTER}"
