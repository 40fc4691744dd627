"""Field lines: line ends and NULs inside a value, names that are none, whitespace before the first of them.

A server may take a bare LF for a line's end (RFC 9112 §2.2), so whoever reads on over one differs from those that do.
A bare CR must be refused or replaced by a space (§2.2), a NUL too (RFC 9110 §5.5); which of the two cannot be seen.
"""

from __future__ import annotations

from typing import Final

from runner.conformance.case import Case, Conversation, Exchange, Fault, Finding, Hurt, Level, Outcome, Theme
from runner.conformance.cases.requests import NEXT, at_once, head
from runner.conformance.judge import Look, failed, noted
from runner.conformance.spelling import Spelling, refuses, spelled

METHODS: Final = ("POST", "GET", "GET", "GET")
HELLO: Final = b"hello"
CHUNKED_HELLO: Final = b"5\r\nhello\r\n0\r\n\r\n"
LENGTH: Final = b"Content-Length: 5"
CODING: Final = b"Transfer-Encoding: chunked"
NOTED: Final = Outcome.NOTE


def ends_at_lf(taken: Outcome = Outcome.FAIL) -> Look:
    """Refused, or the bare LF ends the line (a note); who reads on over it leaves the body for the next request."""

    def look(talk: Conversation) -> Finding:
        first = talk.due[:1]
        if first and first[0].status == 200 and first[0].body == HELLO:
            return noted("a bare LF ends the line")
        if first and first[0].status in {404, 405} and any(one.body == b"next" for one in talk.due):
            return noted("a bare LF ends the line")
        return refuses(taken)(talk)

    return look


def frames_nothing(taken: Outcome) -> Look:
    """Refused, or read as another field than the one that frames; what it is to take it without framing by it."""

    def look(talk: Conversation) -> Finding:
        first = talk.due[:1]
        if first and first[0].status == 200 and first[0].body == HELLO:
            return failed(Fault.WRONG, "taken for the field it is not")
        return refuses(taken)(talk)

    return look


LINE_ENDS: Final[tuple[tuple[str, bytes, bytes, Look], ...]] = (
    ("LF, then a length", b"X: y\n" + LENGTH, HELLO, ends_at_lf()),
    ("LF at once, then a length", b"X:\n" + LENGTH, HELLO, ends_at_lf()),
    ("SP LF, then a length", b"X: y \n" + LENGTH, HELLO, ends_at_lf()),
    ("LF, then chunked", b"X: y\n" + CODING, CHUNKED_HELLO, ends_at_lf()),
    ("two LF lines", b"X: y\nZ: y\n" + LENGTH, HELLO, ends_at_lf()),
    ("LF in a name", b"X\n" + LENGTH, HELLO, ends_at_lf()),
    ("CR, then a length", b"X: y\r" + LENGTH, HELLO, frames_nothing(NOTED)),
    ("CR, then chunked", b"X: y\r" + CODING, CHUNKED_HELLO, frames_nothing(NOTED)),
    ("NUL, then a length", b"X: y\x00" + LENGTH, HELLO, frames_nothing(NOTED)),
    ("VT, then a length", b"X: y\x0b" + LENGTH, HELLO, frames_nothing(Outcome.PASS)),
    ("FF, then a length", b"X: y\x0c" + LENGTH, HELLO, frames_nothing(Outcome.PASS)),
    ("FS, then a length", b"X: y\x1c" + LENGTH, HELLO, frames_nothing(Outcome.PASS)),
    ("GS, then chunked", b"X: y\x1d" + CODING, CHUNKED_HELLO, frames_nothing(Outcome.PASS)),
    ("RS, then a length", b"X: y\x1e" + LENGTH, HELLO, frames_nothing(Outcome.PASS)),
    ("VT, then chunked", b"X: y\x0b" + CODING, CHUNKED_HELLO, frames_nothing(Outcome.PASS)),
    ("NUL, then chunked", b"X: y\x00" + CODING, CHUNKED_HELLO, frames_nothing(NOTED)),
    ("CR CR, then a length", b"X: y\r\r" + LENGTH, HELLO, frames_nothing(NOTED)),
    ("CR at once, then a length", b"X:\r" + LENGTH, HELLO, frames_nothing(NOTED)),
    ("a fold, then a length", b"X: y\r\n " + LENGTH, HELLO, frames_nothing(Outcome.PASS)),
    ("a fold by HTAB, then a length", b"X: y\r\n\t" + LENGTH, HELLO, frames_nothing(Outcome.PASS)),
    ("a fold, then chunked", b"X: y\r\n " + CODING, CHUNKED_HELLO, frames_nothing(Outcome.PASS)),
    ("a fold at once, then a length", b"X:\r\n " + LENGTH, HELLO, frames_nothing(Outcome.PASS)),
    ("NEL, then a length (Latin-1)", b"X: y\x85" + LENGTH, HELLO, frames_nothing(Outcome.PASS)),
    ("PS, then a length (UTF-8)", b"X: y\xe2\x80\xa9" + LENGTH, HELLO, frames_nothing(Outcome.PASS)),
    ("LS, then a length (UTF-8)", b"X: y\xe2\x80\xa8" + LENGTH, HELLO, frames_nothing(Outcome.PASS)),
)
"""Name, field lines, content, and what may come. Python's ``splitlines`` ends a line at each of these."""

NAMES: Final[tuple[tuple[str, bytes, bytes, Look], ...]] = (
    ("SP before the colon, a length", b"Content-Length : 5", HELLO, frames_nothing(Outcome.FAIL)),
    ("HTAB before the colon, a length", b"Content-Length\t: 5", HELLO, frames_nothing(Outcome.FAIL)),
    ("SP before the colon, chunked", b"Transfer-Encoding : chunked", CHUNKED_HELLO, frames_nothing(Outcome.FAIL)),
    ("HTAB before the colon, chunked", b"Transfer-Encoding\t: chunked", CHUNKED_HELLO, frames_nothing(Outcome.FAIL)),
    ("SP HTAB before the colon, a length", b"Content-Length \t: 5", HELLO, frames_nothing(Outcome.FAIL)),
    ("SP before the colon, another field", b"X : y\r\n" + LENGTH, HELLO, refuses(may_go_on=True)),
    ("VT before the colon", b"Content-Length\x0b: 5", HELLO, frames_nothing(NOTED)),
    ("NUL before the colon", b"Content-Length\x00: 5", HELLO, frames_nothing(NOTED)),
    ("NUL in the name", b"Content\x00-Length: 5", HELLO, frames_nothing(NOTED)),
    ("CR before the colon", b"Content-Length\r: 5", HELLO, frames_nothing(NOTED)),
    ("NBSP before the colon (Latin-1)", b"Content-Length\xa0: 5", HELLO, frames_nothing(NOTED)),
    ("SP in the name", b"Content Length: 5", HELLO, frames_nothing(NOTED)),
    ("underscore in the name", b"Content_Length: 5", HELLO, frames_nothing(Outcome.PASS)),
    ("underscore in the name, chunked", b"Transfer_Encoding: chunked", CHUNKED_HELLO, frames_nothing(Outcome.PASS)),
    ("a longer name", b"Content-Lengths: 5", HELLO, frames_nothing(Outcome.PASS)),
    ("a longer name, chunked", b"Transfer-Encodings: chunked", CHUNKED_HELLO, frames_nothing(Outcome.PASS)),
    ("a shorter name", b"Content-Lengt: 5", HELLO, frames_nothing(Outcome.PASS)),
    ("a name before it", b"X-Content-Length: 5", HELLO, frames_nothing(Outcome.PASS)),
    ("a name before it, chunked", b"X-Transfer-Encoding: chunked", CHUNKED_HELLO, frames_nothing(Outcome.PASS)),
    ("no hyphen", b"ContentLength: 5", HELLO, frames_nothing(Outcome.PASS)),
    ("FF before the colon", b"Content-Length\x0c: 5", HELLO, frames_nothing(NOTED)),
    ("US before the name", b"\x1fContent-Length: 5", HELLO, frames_nothing(NOTED)),
    ("NUL before the name", b"\x00Content-Length: 5", HELLO, frames_nothing(NOTED)),
    ("brackets around the name", b"(Content-Length): 5", HELLO, frames_nothing(NOTED)),
    ("another octet before the colon", b"Content-Length;: 5", HELLO, frames_nothing(NOTED)),
    ("en dash for the hyphen (UTF-8)", b"Content\xe2\x80\x93Length: 5", HELLO, frames_nothing(NOTED)),
    ("quoted name", b'"Content-Length": 5', HELLO, frames_nothing(NOTED)),
    ("no colon", b"Content-Length 5", HELLO, frames_nothing(NOTED)),
    ("equals sign for the colon", b"Content-Length=5", HELLO, frames_nothing(NOTED)),
    ("long s (UTF-8)", b"Tran\xc5\xbffer-Encoding: chunked", CHUNKED_HELLO, frames_nothing(NOTED)),
)
FIRST: Final[tuple[tuple[str, bytes, bytes], ...]] = (
    ("SP before the first line, a length", b" " + LENGTH, HELLO),
    ("HTAB before the first line, a length", b"\t" + LENGTH, HELLO),
    ("SP before the first line, chunked", b" " + CODING, CHUNKED_HELLO),
)


def _asked(lines: bytes, content: bytes) -> Exchange:
    return Exchange(at_once(head(lines), content, NEXT), METHODS, until_close=True, enough=2)


def _first(line: bytes, content: bytes) -> Exchange:
    start = b"POST /echo HTTP/1.1\r\n" + line + b"\r\nHost: x\r\n\r\n"
    return Exchange(at_once(start, content, NEXT), METHODS, until_close=True, enough=2)


_LINE_ENDS: Final = tuple(Spelling(name, _asked(lines, content), look) for name, lines, content, look in LINE_ENDS)
_NAMES: Final = (
    *(Spelling(name, _asked(lines, content), look) for name, lines, content, look in NAMES),
    *(Spelling(name, _first(line, content), frames_nothing(NOTED)) for name, line, content in FIRST),
)

FIELDS: Final = (
    Case(
        48,
        "line-end-in-value",
        Theme.FIELDS,
        f"`POST /echo` whose length or coding stands behind a bare LF or CR, a NUL or the like in another field's "
        f"value, {len(_LINE_ENDS)} spellings, its content, `G`",
        "400, or a value like any other where it is text; to end the line at a bare LF, or to pass a CR or a NUL, is "
        "a note",
        Level.MUST,
        "RFC 9112 §2.2; RFC 9110 §5.5",
        "A recipient of such a bare CR MUST consider that element to be invalid or replace each bare CR with SP",
        "A proxy that ends the line there sees a body; a server that does not reads the body as the next request.",
        tuple(one.exchange for one in _LINE_ENDS),
        spelled(_LINE_ENDS),
        at_once=6,
        together=False,
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
    ),
    Case(
        49,
        "field-name-no-token",
        Theme.FIELDS,
        f"`POST /echo` whose length or coding has a name that is none, or stands behind whitespace before the first "
        f"field, {len(_NAMES)} spellings, its content, `G`",
        "400; to read over another name than one with whitespace before the colon is a note; to frame by it a fail",
        Level.MUST,
        "RFC 9112 §5.1, §2.2",
        "A server MUST reject, with a response status code of 400 (Bad Request), any received request message that "
        "contains whitespace between a header field name and colon",
        "A field that frames for one and not for the other ends the message in two places.",
        tuple(one.exchange for one in _NAMES),
        spelled(_NAMES),
        at_once=6,
        together=False,
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
    ),
)
