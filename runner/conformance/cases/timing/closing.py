# ruff: noqa: RUF001 - the sign for "times" stands in what people read here
"""Closing: who closes a connection, and after which response."""

from __future__ import annotations

from typing import Final

from runner.conformance.case import Case, Exchange, HalfClose, Hurt, Level, Theme
from runner.conformance.cases.requests import G, at_once, get, gets, numbered, sleeps
from runner.conformance.cases.responses import HELLO, REFUSED, tokens
from runner.conformance.judge import Then, announcing, answers, body, either, only, permitted, sparing, unchunked

CLOSING: Final = (
    Case(
        16,
        "close-on-the-last",
        Theme.CLOSING,
        "3 × `G(/sleep/0/i)`, the last with `Connection: close`",
        "3 responses, then the server closes",
        Level.MUST,
        "RFC 9112 §9.6",
        "A server that receives a “close” connection option MUST initiate closure of the connection (see below) after "
        "it sends the final response to the request that contained the “close” connection option",
        "A client that asks for a close waits for it.",
        (
            Exchange(
                at_once(*sleeps(0, "1", "2"), get("/sleep/0/3", "Connection: close")),
                gets(3),
                until_close=True,
            ),
        ),
        only(announcing(answers(*tokens("1", "2", "3"), then=Then.CLOSES))),
    ),
    Case(
        17,
        "close-on-the-second",
        Theme.CLOSING,
        "3 × `G(/sleep/0/i)`, the second with `Connection: close`",
        "exactly 2 responses, then the server closes",
        Level.MUST_NOT,
        "RFC 9112 §9.6",
        "The server MUST NOT process any further requests received on that connection",
        "What follows the last request may not be the client's.",
        (
            Exchange(
                at_once(*sleeps(0, "1"), get("/sleep/0/2", "Connection: close"), *sleeps(0, "3")),
                gets(3),
                until_close=True,
                enough=3,
            ),
        ),
        only(sparing(body(b"1"), announcing(answers(*tokens("1", "2"), then=Then.CLOSES)))),
        hurts=Hurt.BEHIND_PROXY,
    ),
    Case(
        18,
        "garbage-after-close",
        Theme.CLOSING,
        "`G` with `Connection: close`, then garbage",
        "200 intact, then the server closes",
        Level.MUST_NOT,
        "RFC 9112 §9.6",
        "The server MUST NOT process any further requests received on that connection",
        "The response that was asked for must survive whatever comes after the last request.",
        (
            Exchange(
                at_once(get("/", "Connection: close"), b"\x16\x03\x01 this is no request\r\n\r\n"),
                gets(2),
                until_close=True,
                enough=2,
            ),
        ),
        only(
            sparing(
                HELLO,
                either(
                    answers(HELLO, then=Then.CLOSES),
                    permitted(answers(HELLO, REFUSED, then=Then.CLOSES), "answers what follows the last request"),
                ),
            )
        ),
        hurts=Hurt.ANY,
        needs=(),
    ),
    Case(
        19,
        "http10-then-get",
        Theme.CLOSING,
        "an HTTP/1.0 GET, `G`",
        "1 response, then the server closes",
        Level.NONE,
        "RFC 9112 §9.3, §6.1",
        "If the received protocol is HTTP/1.0, the “keep-alive” connection option is present […]; otherwise, "
        "The connection will close after the current response",
        "An HTTP/1.0 client may take the close for the end of the response.",
        (Exchange(at_once(get(version="1.0"), G), gets(2), until_close=True, enough=2),),
        only(
            sparing(
                HELLO,
                unchunked(
                    either(
                        answers(HELLO, then=Then.CLOSES),
                        permitted(answers(HELLO, HELLO), "persists after an HTTP/1.0 request"),
                        permitted(answers(HELLO), "persists after an HTTP/1.0 request"),
                    )
                ),
            )
        ),
        hurts=Hurt.ANY,
        needs=(),
    ),
    Case(
        20,
        "http10-keep-alive",
        Theme.CLOSING,
        "2 × HTTP/1.0 GET with `Connection: keep-alive`",
        "2 responses, or 1 and close",
        Level.NONE,
        "RFC 9112 §9.3, §C.2.2",
        "If the received protocol is HTTP/1.0, the “keep-alive” connection option is present, […] and the recipient "
        "wishes to honor the HTTP/1.0 “keep-alive” mechanism, the connection will persist after the current response",
        "ab and older proxies still speak it.",
        (Exchange(at_once(*[get("/", "Connection: keep-alive", version="1.0")] * 2), gets(2), asks_again=True),),
        only(
            unchunked(
                either(
                    answers(HELLO, HELLO),
                    permitted(answers(HELLO, then=Then.CLOSES), "closes in spite of keep-alive"),
                )
            )
        ),
    ),
    Case(
        31,
        "half-close",
        Theme.CLOSING,
        "4 × `G(/sleep/50/i)`, then the client's half-close",
        "all 4 responses",
        Level.NONE,
        "RFC 9112 §9.6",
        "a TCP connection that is half-closed by the client does not delimit a request message, nor does it imply that "
        "the client is no longer interested in a response",
        "Simple clients send all they have, shut down their side and read to the end.",
        (Exchange(at_once(*sleeps(0.05, *numbered(4)), then=(HalfClose(),)), gets(4)),),
        only(answers(*tokens(*numbered(4)))),
    ),
)
