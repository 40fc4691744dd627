"""Where a head ends, and its lines: a bare CR is no line end, and a line of whitespace is no empty line.

A server may take a bare LF for a line's end; a bare CR it must refuse or read as a space (RFC 9112 §2.2).
"""

from __future__ import annotations

from typing import Final

from runner.conformance.case import Case, Exchange, Hurt, Level, Theme
from runner.conformance.cases.requests import NEXT, at_once
from runner.conformance.cases.responses import NEXT_ANSWER
from runner.conformance.judge import Look, body
from runner.conformance.spelling import Spelling, reads, refuses, spelled

METHODS: Final = ("POST", "GET", "GET", "GET")
LINE: Final = b"POST /echo HTTP/1.1"
HELLO: Final = b"hello"
FIELDS: Final = LINE + b"\r\nHost: x\r\nContent-Length: 5"
READS: Final = reads(body(HELLO), NEXT_ANSWER)

ENDS: Final[tuple[tuple[str, bytes, Look], ...]] = (
    ("CRLF CR and another octet", FIELDS + b"\r\n\rX", refuses()),
    ("CRLF CR", FIELDS + b"\r\n\r", refuses()),
    ("CRLF CR CR LF", FIELDS + b"\r\n\r\r\n", refuses()),
    ("CR CR", FIELDS + b"\r\r", refuses()),
    ("LF CR", FIELDS + b"\n\r", refuses()),
    ("CRLF NUL CRLF", FIELDS + b"\r\n\x00\r\n", refuses()),
    ("CRLF VT CRLF", FIELDS + b"\r\n\x0b\r\n", refuses()),
    ("CRLF LF", FIELDS + b"\r\n\n", READS),
    ("LF LF", FIELDS + b"\n\n", READS),
    ("LF CRLF", FIELDS + b"\n\r\n", READS),
    ("CR CR LF CRLF", FIELDS + b"\r\r\n\r\n", READS),
    ("a line of SP before a field", LINE + b"\r\nHost: x\r\n \r\nContent-Length: 5\r\n\r\n", READS),
    ("a line of HTAB before a field", LINE + b"\r\nHost: x\r\n\t\r\nContent-Length: 5\r\n\r\n", READS),
    ("a line of CR before a field", LINE + b"\r\nHost: x\r\n\r\r\nContent-Length: 5\r\n\r\n", READS),
    ("request line ends in CR", LINE + b"\rHost: x\r\nContent-Length: 5\r\n\r\n", refuses()),
    ("request line ends in CR CR LF", LINE + b"\r\r\nHost: x\r\nContent-Length: 5\r\n\r\n", READS),
    ("request line ends in LF", LINE + b"\nHost: x\r\nContent-Length: 5\r\n\r\n", READS),
    ("LF in the target", b"POST /echo\nX HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", refuses()),
)
"""Name, the head, and what may come: where the end may be read, the body must be that behind it."""

_ENDS: Final = tuple(
    Spelling(name, Exchange(at_once(data, HELLO, NEXT), METHODS, until_close=True, enough=2), look)
    for name, data, look in ENDS
)

HEADS: Final = (
    Case(
        61,
        "head-end",
        Theme.FIELDS,
        f"`POST /echo` whose head, or a line of it, ends in something else than CRLF, {len(_ENDS)} spellings, its "
        "content, `G`",
        "400; where bare LFs are taken for line ends, or a line of whitespace for a fold, the echo",
        Level.MUST,
        "RFC 9112 §2.2",
        "A recipient of such a bare CR MUST consider that element to be invalid or replace each bare CR with SP",
        "A proxy that goes on to the empty line sees more fields, and another body.",
        tuple(one.exchange for one in _ENDS),
        spelled(_ENDS),
        at_once=6,
        together=False,
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
    ),
)
