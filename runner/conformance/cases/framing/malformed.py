# ruff: noqa: RUF001 - the sign for "times" stands in what people read here
"""Malformed requests: what cannot be delimited must not be guessed."""

from __future__ import annotations

from typing import Final

from runner.conformance.case import Case, Exchange, Hurt, Level, Theme
from runner.conformance.cases.requests import EMBEDDED, SMUGGLED, G, at_once, chunked, gets, request
from runner.conformance.cases.responses import BAD_REQUEST, HELLO, REFUSED, SERVER_ERROR
from runner.conformance.judge import (
    Then,
    answers,
    begins,
    body,
    either,
    only,
    permitted,
    sparing,
    unsmuggled,
)
from runner.conformance.spelling import Spelling, spelled

CHUNKED_HELLO: Final = b"5\r\nhello\r\n0\r\n\r\n"
_BOTH: Final = tuple(
    Spelling(
        name,
        Exchange(
            at_once(request("POST", "/echo", *fields, content=CHUNKED_HELLO), G),
            ("POST", "GET"),
            until_close=True,
            enough=2,
        ),
        either(answers(body(b"hello"), then=Then.CLOSES), answers(REFUSED, then=Then.CLOSES)),
    )
    for name, fields in (
        ("length first", ("Content-Length: 6", "Transfer-Encoding: chunked")),
        ("coding first", ("Transfer-Encoding: chunked", "Content-Length: 6")),
        ("CHUNKED", ("Content-Length: 6", "Transfer-Encoding: CHUNKED")),
        ("the length of all chunks", ("Content-Length: 15", "Transfer-Encoding: chunked")),
    )
)

MALFORMED: Final = (
    Case(
        21,
        "extra-crlf",
        Theme.MALFORMED,
        "`G`, an extra CRLF, `G`",
        "2 × 200",
        Level.SHOULD,
        "RFC 9112 §2.2",
        "a server that is expecting to receive and parse a request-line SHOULD ignore at least one empty line (CRLF) "
        "received prior to the request-line",
        "Old clients end a body with one.",
        (Exchange(at_once(G, b"\r\n", G), gets(3), enough=2, asks_again=True),),
        only(
            either(
                answers(HELLO, HELLO),
                permitted(answers(HELLO, REFUSED, then=Then.CLOSES), "refuses an empty line"),
                permitted(answers(HELLO, REFUSED, HELLO), "refuses an empty line"),
                permitted(answers(HELLO, then=Then.CLOSES), "closes at an empty line"),
            )
        ),
    ),
    Case(
        22,
        "bad-line-after-get",
        Theme.MALFORMED,
        "`G`, `BAD` and an empty line, `G`",
        "200, 400, then the server closes: the good response is not lost",
        Level.SHOULD,
        "RFC 9112 §2.2, §9.3.2",
        "the server SHOULD respond with a 400 (Bad Request) response and close the connection",
        "A client gives the 400 to the request that was good.",
        (Exchange(at_once(G, b"BAD\r\n\r\n", G), gets(3), until_close=True, enough=3),),
        only(
            sparing(
                HELLO,
                either(
                    answers(HELLO, BAD_REQUEST, then=Then.CLOSES),
                    permitted(begins(HELLO), "not 200, 400 and close"),
                ),
            )
        ),
    ),
    Case(
        23,
        "missing-host",
        Theme.MALFORMED,
        "`G`, a GET without Host",
        "200, 400",
        Level.MUST,
        "RFC 9112 §3.2",
        "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that lacks a Host "
        "header field",
        "Without Host there is no telling whose resource is meant.",
        (Exchange(at_once(G, b"GET / HTTP/1.1\r\n\r\n"), gets(2)),),
        only(sparing(HELLO, answers(HELLO, BAD_REQUEST))),
        hurts=Hurt.BEHIND_PROXY,
    ),
    Case(
        24,
        "invalid-content-length",
        Theme.MALFORMED,
        "`G`, `POST /echo` with `Content-Length: abc`",
        "200, 400, then the server closes",
        Level.MUST,
        "RFC 9112 §6.3",
        "the server MUST respond with a 400 (Bad Request) status code and then close the connection",
        "Nobody knows where such a request ends.",
        (
            Exchange(
                at_once(G, request("POST", "/echo", "Content-Length: abc", content=b"hello")),
                ("GET", "POST"),
                until_close=True,
            ),
        ),
        only(sparing(HELLO, answers(HELLO, BAD_REQUEST, then=Then.CLOSES))),
        hurts=Hurt.BEHIND_PROXY,
    ),
    Case(
        25,
        "two-content-lengths",
        Theme.MALFORMED,
        "`G`, `POST /echo` with two different lengths around an embedded GET",
        "200, 400, then the server closes; no third response",
        Level.MUST,
        "RFC 9112 §6.3",
        "the server MUST respond with a 400 (Bad Request) status code and then close the connection",
        "Two parsers that each believe another length make a request out of a body.",
        (
            Exchange(
                at_once(
                    G,
                    request(
                        "POST",
                        "/echo",
                        "Content-Length: 5",
                        f"Content-Length: {5 + len(EMBEDDED)}",
                        content=b"hello" + EMBEDDED,
                    ),
                ),
                ("GET", "POST", "GET"),
                until_close=True,
                enough=3,
            ),
        ),
        only(sparing(HELLO, unsmuggled(SMUGGLED, answers(HELLO, BAD_REQUEST, then=Then.CLOSES)))),
        hurts=Hurt.BEHIND_PROXY,
    ),
    Case(
        26,
        "length-and-chunked",
        Theme.MALFORMED,
        "`POST /echo` with both Content-Length and chunked, in either order, in capitals, or with the length of all "
        "chunks, `G`, a connection each",
        "400, or one response by the chunked coding; then the server closes",
        Level.MUST,
        "RFC 9112 §6.1, §6.3",
        "Regardless, the server MUST close the connection after responding to such a request to avoid the potential "
        "attacks",
        "The classic of request smuggling: what follows may not be the client's request.",
        tuple(one.exchange for one in _BOTH),
        spelled(_BOTH),
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
    ),
    Case(
        27,
        "space-before-colon",
        Theme.MALFORMED,
        "`POST /echo` with `Transfer-Encoding : chunked`",
        "400",
        Level.MUST,
        "RFC 9112 §5.1",
        "A server MUST reject, with a response status code of 400 (Bad Request), any received request message that "
        "contains whitespace between a header field name and colon",
        "A field that one parser sees and the next does not decides where the request ends.",
        (
            Exchange(
                at_once(request("POST", "/echo", "Transfer-Encoding : chunked", content=b"5\r\nhello\r\n0\r\n\r\n")),
                ("POST", "GET", "GET"),
                enough=1,
            ),
        ),
        only(begins(BAD_REQUEST)),
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
    ),
    Case(
        28,
        "invalid-chunk-size",
        Theme.MALFORMED,
        "`POST /echo` chunked with an invalid chunk size, `G`",
        "400, then the server closes; the GET is never answered",
        Level.MUST,
        "RFC 9112 §2.2, §9.3, §7.1",
        "A server MUST read the entire request message body or close the connection after sending its response",
        "Where the body ends is unknown, so nothing after it can be a request.",
        (
            Exchange(
                at_once(chunked(b"zz\r\nhello\r\n0\r\n\r\n"), EMBEDDED),
                ("POST", "GET", "GET"),
                until_close=True,
                enough=3,
            ),
        ),
        only(
            unsmuggled(
                SMUGGLED,
                either(
                    answers(BAD_REQUEST, then=Then.CLOSES),
                    permitted(begins(REFUSED), "not 400 and close"),
                    permitted(answers(SERVER_ERROR, then=Then.CLOSES), "an error of its own, and closes"),
                    permitted(answers(then=Then.CLOSES), "closes without the 400"),
                ),
            )
        ),
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
    ),
)
