"""Transfer codings that are unknown, repeated, misspelt, or stand where they may not.

If ``chunked`` is not the final coding of a request, nobody can tell its end: 400 and close (RFC 9112 §6.3). One that a
server does not understand SHOULD get a 501 (§6.1).
"""

from __future__ import annotations

from typing import Final

from runner.conformance.case import Case, Exchange, Hurt, Level, Outcome, Theme
from runner.conformance.cases.requests import NEXT, at_once, head
from runner.conformance.cases.responses import NEXT_ANSWER
from runner.conformance.judge import Look, Then, answers, body, either, only, permitted, status
from runner.conformance.spelling import REFUSALS, Spelling, reads, refuses, spelled, tolerates

METHODS: Final = ("POST", "GET", "GET")
NOTED: Final = Outcome.NOTE
TE: Final = b"Transfer-Encoding: "

UNKNOWN: Final[tuple[tuple[str, tuple[bytes, ...], Outcome], ...]] = (
    ("x", (TE + b"x",), Outcome.FAIL),
    ("x and a length", (b"Content-Length: 11", TE + b"x"), Outcome.FAIL),
    ("gzip", (TE + b"gzip",), Outcome.FAIL),
    ("chunked, x", (TE + b"chunked, x",), Outcome.FAIL),
    ("chunked, gzip", (TE + b"chunked, gzip",), Outcome.FAIL),
    ("chunked, identity", (TE + b"chunked, identity",), Outcome.FAIL),
    ("chunked,x", (TE + b"chunked,x",), Outcome.FAIL),
    ("chunked, x, and a length", (b"Content-Length: 11", TE + b"chunked, x"), Outcome.FAIL),
    ("x, chunked, x", (TE + b"x, chunked, x",), Outcome.FAIL),
    ("chunked, identity in a fold", (TE + b"chunked\r\n , identity",), Outcome.FAIL),
    ("chunked, deflate", (TE + b"chunked, deflate",), Outcome.FAIL),
    ("chunked, trailers", (TE + b"chunked, trailers",), Outcome.FAIL),
    ("lines chunked, x, chunked and x", (TE + b"chunked", TE + b"x, chunked", TE + b"x"), Outcome.FAIL),
    ("lines chunked and x", (TE + b"chunked", TE + b"x"), Outcome.FAIL),
    ("lines chunked and identity", (TE + b"chunked", TE + b"identity"), Outcome.FAIL),
    ("identity", (TE + b"identity",), NOTED),
    ("identity and a length", (b"Content-Length: 11", TE + b"identity"), NOTED),
    ("empty", (b"Transfer-Encoding:",), NOTED),
    ("x, chunked", (TE + b"x, chunked",), NOTED),
    ("gzip, chunked", (TE + b"gzip, chunked",), NOTED),
    ("identity, chunked", (TE + b"identity, chunked",), NOTED),
    ("lines x and chunked", (TE + b"x", TE + b"chunked"), NOTED),
    ("x with a NUL", (TE + b"x\x00",), Outcome.FAIL),
    ("0", (TE + b"0",), Outcome.FAIL),
)
"""Name, field lines, and what it is to take them: a fail where ``chunked`` is not the last of them."""

MISSPELT: Final[tuple[tuple[str, tuple[bytes, ...], Outcome], ...]] = (
    ("chunked, chunked", (TE + b"chunked, chunked",), NOTED),
    ("lines chunked and chunked", (TE + b"chunked", TE + b"chunked"), NOTED),
    ("xchunked", (TE + b"xchunked",), Outcome.FAIL),
    ("chunkedx", (TE + b"chunkedx",), Outcome.FAIL),
    ("chunkedchunked", (TE + b"chunkedchunked",), Outcome.FAIL),
    ("chunke", (TE + b"chunke",), Outcome.FAIL),
    ("clunked", (TE + b"clunked",), Outcome.FAIL),
    ("chunked chunked", (TE + b"chunked chunked",), Outcome.FAIL),
    ("x chunked", (TE + b"x chunked",), Outcome.FAIL),
    ("chunked x", (TE + b"chunked x",), Outcome.FAIL),
    ('"chunked"', (TE + b'"chunked"',), Outcome.FAIL),
    ("'chunked'", (TE + b"'chunked'",), Outcome.FAIL),
    ("chunked in brackets", (TE + b"(chunked)",), Outcome.FAIL),
    ("chunked and a backslash", (TE + b"chunked\\",), Outcome.FAIL),
    ("chunked and a colon", (TE + b"chunked:",), Outcome.FAIL),
    ("equals sign before", (TE + b"=chunked",), Outcome.FAIL),
    ("hyphen within", (TE + b"chunk-ed",), Outcome.FAIL),
    ("SP within", (TE + b"chun ked",), Outcome.FAIL),
    ("fold within", (TE + b"chun\r\n ked",), Outcome.FAIL),
    ("as often in a line and in two", (TE + b"chunked, chunked", TE + b"chunked"), NOTED),
    ("chunked, CHUNKED", (TE + b"chunked, CHUNKED",), NOTED),
    ("chunked and a dot", (TE + b"chunked.",), Outcome.FAIL),
    ("chunked and a semicolon", (TE + b"chunked;",), NOTED),
    ("chunked;a=b", (TE + b"chunked;a=b",), NOTED),
    ("VT before", (TE + b"\x0bchunked",), Outcome.FAIL),
    ("VT after", (TE + b"chunked\x0b",), Outcome.FAIL),
    ("FF before", (TE + b"\x0cchunked",), Outcome.FAIL),
    ("FF after", (TE + b"chunked\x0c",), Outcome.FAIL),
    ("FS after", (TE + b"chunked\x1c",), Outcome.FAIL),
    ("SOH before", (TE + b"\x01chunked",), Outcome.FAIL),
    ("NUL before", (TE + b"\x00chunked",), Outcome.FAIL),
    ("NUL after", (TE + b"chunked\x00",), Outcome.FAIL),
    ("NUL within", (TE + b"chun\x00ked",), Outcome.FAIL),
    ("US before", (TE + b"\x1fchunked",), Outcome.FAIL),
    ("DEL after", (TE + b"chunked\x7f",), Outcome.FAIL),
    ("bare CR after", (TE + b"chunked\rx",), Outcome.FAIL),
    ("NEL after (Latin-1)", (TE + b"chunked\x85",), Outcome.FAIL),
    ("NBSP before (Latin-1)", (TE + b"\xa0chunked",), Outcome.FAIL),
    ("NBSP after (UTF-8)", (TE + b"chunked\xc2\xa0",), Outcome.FAIL),
    ("zero width space after (UTF-8)", (TE + b"chunked\xe2\x80\x8b",), Outcome.FAIL),
    ("fullwidth c (UTF-8)", (TE + b"\xef\xbd\x83hunked",), Outcome.FAIL),
    ("Kelvin sign for k (UTF-8)", (TE + b"chun\xe2\x84\xaaed",), Outcome.FAIL),
    ("VT before, and a length", (b"Content-Length: 11", TE + b"\x0bchunked"), Outcome.FAIL),
    ("xchunked and a length", (b"Content-Length: 11", TE + b"xchunked"), Outcome.FAIL),
)
"""Name, field lines, and what it is to take them. ``chunked`` twice is forbidden to who sends it alone (RFC 9112 §6.1).

It is still the final coding, by which the body ends (§6.3); so is one with a parameter, which §7 gives no meaning.
"""
BODY: Final = b"1\r\na\r\n0\r\n\r\n"
"""Eleven octets: a body by the chunked coding or by the length that some spellings give beside it."""


def _asked(lines: tuple[bytes, ...], content: bytes = BODY) -> Exchange:
    return Exchange(at_once(head(*lines), content, NEXT), METHODS, until_close=True, enough=2)


def _look(lines: tuple[bytes, ...], taken: Outcome) -> Look:
    """What may be taken is taken by its chunks, where chunked is the last coding."""
    by_chunks = taken is NOTED and b"chunked" in lines[-1].lower()
    return tolerates(b"a") if by_chunks else refuses(taken, error=taken)


_UNKNOWN: Final = (
    *(Spelling(name, _asked(lines), _look(lines, taken)) for name, lines, taken in UNKNOWN),
    *(
        Spelling(
            f"{name}, no content",
            _asked(lines, b""),
            refuses(taken, error=taken),
        )
        for name, lines, taken in UNKNOWN
        if b"chunked" not in b"".join(lines).lower() and len(lines) == 1
    ),
)
_MISSPELT: Final = (
    *(Spelling(name, _asked(lines), _look(lines, taken)) for name, lines, taken in MISSPELT),
    *(
        Spelling(name, _asked((line,)), reads(body(b"a"), NEXT_ANSWER, refused=NOTED))
        for name, line in (
            ("CHUNKED, which is right", TE + b"CHUNKED"),
            ("HTAB and SP around, which is right", b"Transfer-Encoding:\t chunked \t"),
        )
    ),
    *(
        Spelling(name, _asked((line,)), reads(body(b"a"), NEXT_ANSWER))
        for name, line in (
            ("folded, which may be refused", b"Transfer-Encoding:\r\n chunked"),
            ("chunked and nothing, which may be refused", TE + b"chunked,"),
            ("nothing and chunked, which may be refused", TE + b", chunked"),
        )
    ),
)
_TEN: Final = head(b"Connection: keep-alive", TE + b"chunked", version=b"1.0")

CODINGS: Final = (
    Case(
        45,
        "transfer-coding-unknown",
        Theme.CODINGS,
        f"`POST /echo` with a transfer coding that is unknown, or with another after chunked, in a line or in two, "
        f"{len(_UNKNOWN)} spellings, `G`",
        "400 or 501, then the server closes; to take an unknown one before chunked, or identity, is a note",
        Level.MUST,
        "RFC 9112 §6.3, §6.1",
        "the server MUST respond with the 400 (Bad Request) status code and then close the connection",
        "Whoever reads over the coding finds the next request where its body stands.",
        tuple(one.exchange for one in _UNKNOWN),
        spelled(_UNKNOWN),
        at_once=6,
        together=False,
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
    ),
    Case(
        46,
        "transfer-coding-misspelt",
        Theme.CODINGS,
        f"`POST /echo` with chunked misspelt, repeated, quoted, or beside a control character, {len(_MISSPELT)} "
        "spellings, `G`",
        "400 or 501, then the server closes; capitals, and spaces around, are right; to take chunked twice is a note",
        Level.MUST,
        "RFC 9112 §6.3, §6.1",
        "the server MUST respond with the 400 (Bad Request) status code and then close the connection",
        "The oldest way past a proxy: a coding that one of the two takes for chunked.",
        tuple(one.exchange for one in _MISSPELT),
        spelled(_MISSPELT),
        at_once=6,
        together=False,
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
    ),
    Case(
        47,
        "http10-chunked",
        Theme.CODINGS,
        "an HTTP/1.0 `POST /echo` with keep-alive and chunked, `G`",
        "the echo or a refusal, then the server closes",
        Level.MUST,
        "RFC 9112 §6.1",
        "A server or client that receives an HTTP/1.0 message containing a Transfer-Encoding header field MUST treat "
        "the message as if the framing is faulty, even if a Content-Length is present, and close the connection after "
        "processing the message",
        "An HTTP/1.0 proxy may have passed on the coding without knowing it.",
        (Exchange(at_once(_TEN, BODY, NEXT), METHODS, until_close=True, enough=2),),
        only(
            either(
                answers(body(b"a"), then=Then.CLOSES),
                answers(status(*REFUSALS), then=Then.CLOSES),
                permitted(answers(status(200, 404, 405), then=Then.CLOSES), "does not read the coding, but closes"),
                permitted(answers(status(*REFUSALS, 200), status(*REFUSALS), then=Then.CLOSES), "reads on"),
            )
        ),
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
    ),
)
