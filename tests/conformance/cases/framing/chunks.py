"""Servers that take for a chunk, an extension or a trailer what is none."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tests.conformance.cases.framing import model
from tests.conformance.cases.framing.model import STRICT, MoreError, RefusedError, Rules
from tests.conformance.cases.framing.mutant import (
    DIGITS_KEPT,
    RANGES,
    Mutant,
    allowed,
    hex_digits,
    kept_digits,
    or_none,
    or_refuse,
    strtol,
    unchecked,
)

SIZES: Final[dict[str, Callable[[bytes], int]]] = {
    "int() of text": lambda line: int(line.split(b";")[0].decode("latin-1"), 16),
    "int() of UTF-8": lambda line: int(line.split(b";")[0].decode("utf-8"), 16),
    "int() of octets": lambda line: int(line.split(b";")[0], 16),
    "int() without a minus": lambda line: int(line.split(b";")[0], 16) if b"-" not in line else hex_digits(line),
    "int() without sign and underscore": lambda line: (
        int(line.split(b";")[0], 16) if not re.search(rb"[+_-]", line) else hex_digits(line)
    ),
    "int() without a prefix": lambda line: (
        int(line.split(b";")[0], 16) if b"x" not in line.lower() else hex_digits(line)
    ),
    "int(), no number the last": or_none(lambda line: int(line.split(b";")[0], 16)),
    "strtol": lambda line: strtol(line, 16),
    "strtol that wants a digit first": lambda line: (
        strtol(line, 16) if re.match(rb"[0-9a-fA-F]", line) else hex_digits(line)
    ),
    "strtoul": lambda line: strtol(line, 16) % 2**64,
    "octets for digits": lambda line: unchecked(line.split(b";")[0], 16),
    "a match, not of all": lambda line: int((re.match(rb"[0-9a-fA-F]+", line) or [b"z"])[0], 16),
    "a search": lambda line: int((re.search(rb"[0-9a-fA-F]+", line) or [b"z"])[0], 16),
    "digits, the rest read over": lambda line: int(re.sub(rb"[^0-9a-fA-F]", b"", line.split(b";")[0]) or b"0", 16),
    "decimal digits of any script": lambda line: (
        int(line.decode("utf-8"), 16) if line.decode("utf-8").isnumeric() else hex_digits(line)
    ),
    "strip() of octets": lambda line: hex_digits(line.strip()),
    "strip() of Latin-1": lambda line: hex_digits(line.decode("latin-1").strip().encode("latin-1")),
    "NUL ends it": lambda line: hex_digits(line.split(b"\0")[0]),
    "quotes taken away": lambda line: hex_digits(line.strip(b'"')),
    "a prefix taken away": lambda line: hex_digits(re.sub(rb"^0[xX]", b"", line)),
    "a prefix taken away, nothing left is 0": lambda line: hex_digits(re.sub(rb"^0[xX]", b"0", line)),
    "a plus taken away": lambda line: hex_digits(line.lstrip(b"+")),
    "a minus taken away": lambda line: hex_digits(line.lstrip(b"-")),
    "underscores taken away": lambda line: hex_digits(line.replace(b"_", b"")),
    "empty is 0": lambda line: hex_digits(line or b"0"),
    "no number is 0": or_none(hex_digits),
    "0 and anything is the last": lambda line: 0 if line.startswith(b"0") and line != b"01" else hex_digits(line),
    "up to a comma": lambda line: hex_digits(line.split(b",")[0]),
    "up to a space": lambda line: hex_digits(line.split(b" ")[0] or line),
    "up to a dot": lambda line: hex_digits(line.split(b".")[0]),
    "f of any letter": lambda line: int(re.sub(rb"[G-Zg-z]", b"f", line), 16),
}


def _size(read: Callable[[bytes], int]) -> Rules:
    return replace(STRICT, size=lambda line: or_refuse(lambda: read(line)))


def _size_within(limit: Callable[[int], int]) -> Rules:
    return replace(STRICT, size=lambda line: limit(model.size(line)))


def _skips(octets: int) -> Callable[[bytes], int]:
    def skip(data: bytes) -> int:
        if len(data) < octets:
            raise MoreError
        return octets

    return skip


def _end(pattern: bytes) -> Callable[[bytes], int]:
    """Whatever this matches, or CRLF."""

    def end(data: bytes) -> int:
        found = re.match(pattern, data, re.DOTALL)
        return found.end() if found else model.data_end(data)

    return end


DATA_ENDS: Final[dict[str, Callable[[bytes], int]]] = {
    "two octets": _skips(2),
    "one octet": _skips(1),
    "nothing": _skips(0),
    "CRLF, or nothing": _end(rb"(\r\n)?"),
    "CR, LF or both": _end(rb"\r\n|\r|\n"),
    "CR at least": _end(rb"\r\n?"),
    "LF": _end(rb"\n"),
    "CR and an octet": _end(rb"\r."),
    "an octet and LF": _end(rb".\n"),
    "all CRs, LF": _end(rb"\r*\n"),
    "whitespace": _end(rb"\s*"),
    "spaces, then CRLF": _end(rb" *\r\n"),
    "any line ends": _end(rb"[\r\n]*"),
    "to the next CRLF": _end(rb".*?\r\n"),
    "to the next LF": _end(rb".*?\n"),
    "LF, CR": _end(rb"\n\r"),
    "empty lines": _end(rb"(\r\n)*"),
    "NULs": _end(rb"\0*"),
}


def _line(pattern: bytes) -> Rules:
    """A line of a chunk that ends at this; before it, what may stand on such a line."""

    def size_line(data: bytes) -> tuple[bytes, int]:
        found = re.search(pattern, data, re.DOTALL)
        if not found:
            raise MoreError
        return data[: found.start()], found.end()

    return replace(STRICT, size_line=size_line)


LINES: Final[dict[str, bytes]] = {
    "CRLF or LF": rb"\r?\n",
    "all CRs, LF": rb"\r*\n",
    "CRLF or CR": rb"\r\n?",
    "CR, LF or both": rb"\r\n|\r|\n",
    "CR and an octet": rb"\r.",
    "LF, CR": rb"\r\n|\n\r",
    "LF, empty lines": rb"\n\r\n|\r\n",
}


def _extension(read: Callable[[bytes], bytes], first: Callable[[bytes], tuple[bytes, int]] | None = None) -> Rules:
    def size(line: bytes) -> int:
        return or_refuse(lambda: hex_digits(read(line)))

    return replace(STRICT, size=size, size_line=first or STRICT.size_line)


def _to_lf(data: bytes) -> tuple[bytes, int]:
    end = data.find(b"\n")
    if end < 0:
        raise MoreError
    return data[:end].rstrip(b"\r"), end + 1


EXTENSIONS: Final[dict[str, Rules]] = {
    "up to the semicolon": _extension(lambda line: line.split(b";")[0]),
    "up to the semicolon, strip()": _extension(lambda line: line.split(b";")[0].strip()),
    "but NUL": _extension(lambda line: line.split(b";")[0] if b"\0" not in line else line),
    "but CR": _extension(lambda line: line.split(b";")[0] if b"\r" not in line else line),
    "of a regular expression": _extension(
        lambda line: (re.match(rb"([0-9a-fA-F]+)(;.*)?$", line) or [b"", b"z"])[1] or b"z"
    ),
    "quoted ones unseen": _extension(lambda line: re.sub(rb'"[^"]*"', b"", line)),
    "values unseen": _extension(lambda line: re.sub(rb"=[^;]*", b"", line)),
    "names unseen": _extension(lambda line: re.sub(rb";[^=]*", b";", line)),
    "of the last chunk unseen": _extension(lambda line: b"0" if line.startswith(b"0;") else line),
    "of all but the last chunk unseen": _extension(
        lambda line: line if line.startswith(b"0;") else line.split(b";")[0]
    ),
    "after the first unseen": _extension(lambda line: b";".join(line.split(b";")[:2])),
    "a bare LF ends it": _extension(lambda line: line, _to_lf),
    "control characters before the semicolon": _extension(lambda line: re.sub(rb"[\0-\x1f]*;.*", b"", line)),
}
CRS_AS_SPACES: Final[dict[str, Rules]] = {
    "a CR is a space": _extension(lambda line: line.replace(b"\r", b" ")),
    "all but LF unseen": _extension(lambda line: line.split(b";")[0].strip() if b"\n" not in line else line),
}
"""RFC 9112 §2.2 lets a recipient do the first, from which the second cannot be told."""


def _trailers(sound: Callable[[bytes], object], line: bytes = rb"\r\n") -> Rules:
    def trailers(data: bytes) -> int:
        taken = 0
        while found := re.match(rb"(.*?)" + line, data[taken:], re.DOTALL):
            taken += found.end()
            if not found[1]:
                return taken
            if not sound(found[1]):
                raise RefusedError
        raise MoreError

    return replace(STRICT, trailers=trailers)


def _to_empty_line(data: bytes) -> int:
    if data.startswith(b"\r\n"):
        return 2
    end = data.find(b"\r\n\r\n")
    if end < 0:
        raise MoreError
    return end + 4


def _name(pattern: bytes) -> Callable[[bytes], object]:
    return lambda line: re.match(pattern + rb":", line, re.DOTALL)


def _first_only(data: bytes) -> int:
    line, octets = model.size_line(data)
    if not line:
        return octets
    model.field(line)
    return octets + _to_empty_line(data[octets:])


TRAILERS: Final[dict[str, Rules]] = {
    "any lines": _trailers(lambda line: True),
    "to an empty line": replace(STRICT, trailers=_to_empty_line),
    "two octets": replace(STRICT, trailers=_skips(2)),
    "nothing": replace(STRICT, trailers=_skips(0)),
    "CRLF, or nothing": replace(STRICT, trailers=_end(rb"(\r\n)?")),
    "any line that is no request": _trailers(lambda line: b"HTTP/" not in line),
    "any line but the first": replace(STRICT, trailers=_first_only),
    "CR, LF or both": _trailers(lambda line: model.TOKEN.match(line) and b":" in line, rb"(?:\r\n|\r|\n)"),
    "LF": _trailers(lambda line: True, rb"\r?\n"),
}
ODD_NAMES: Final[dict[str, Rules]] = {
    "any with a colon": _trailers(lambda line: b":" in line),
    "any name": _trailers(_name(rb"[^:]+")),
    "any name without a space": _trailers(_name(rb"[^: ]+")),
    "any name in ASCII": _trailers(_name(rb"[!-~]+[\t ]*")),
    "any name that is printable": _trailers(_name(rb"[!-9;-~]+")),
    "any name that is a word": _trailers(_name(rb"[^\x00-\x20:]+")),
    "space before the colon": _trailers(_name(rb"[!#-'*+.^-z|~0-9A-Z-]+[\t ]+")),
    "no name": _trailers(_name(rb"[A-Z]*")),
}


CHUNKS: Final = (
    *(Mutant("chunk-size-no-number", name, _size(read)) for name, read in SIZES.items()),
    *(Mutant("chunk-size-out-of-range", name, _size_within(limit)) for name, limit in RANGES.items()),
    *(
        Mutant("chunk-size-out-of-range", f"{count} digits kept", _size(kept_digits(count, 16)))
        for count in DIGITS_KEPT
    ),
    *(Mutant("chunk-data-end", name, replace(STRICT, data_end=end)) for name, end in DATA_ENDS.items()),
    *(Mutant("chunk-size-line-end", name, _line(pattern)) for name, pattern in LINES.items()),
    *(Mutant("chunk-extension-control-character", name, rules) for name, rules in EXTENSIONS.items()),
    *allowed("chunk-extension-control-character", CRS_AS_SPACES),
    *allowed("chunk-size-line-end", {"CRs as spaces": _extension(lambda line: line.replace(b"\r", b" ").strip(b" "))}),
    *allowed("trailer-no-field", ODD_NAMES),
    *(Mutant("trailer-no-field", name, rules) for name, rules in TRAILERS.items()),
)
