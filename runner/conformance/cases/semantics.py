# ruff: noqa: RUF001 - the sign for "times" stands in what people read here
"""Methods and fields that change how a response ends or whether there is one."""

from __future__ import annotations

from typing import Final

from runner.conformance.case import Case, Exchange, Level, Theme
from runner.conformance.cases.requests import G, at_once, get, gets, post, request
from runner.conformance.cases.responses import HELLO, REFUSED, UNSERVED, echoed
from runner.conformance.judge import Expected, Then, about, answers, each, either, only, permitted, status, unrefused

UNEXPECTED: Final = (
    permitted(answers(status(417), HELLO), "refuses the expectation"),
    permitted(answers(status(417), then=Then.CLOSES), "refuses the expectation"),
)

SEMANTICS: Final = (
    Case(
        14,
        "head-then-get",
        Theme.SEMANTICS,
        "`HEAD /`, `G`",
        "no body for HEAD, or HEAD refused without one; then 200",
        Level.MUST_NOT,
        "RFC 9110 §9.3.2, §9.1",
        "the server MUST NOT send content in the response",
        "A client takes a body after a HEAD response for the next response.",
        (Exchange(at_once(request("HEAD", "/"), G), ("HEAD", "GET")),),
        only(
            unrefused(
                UNSERVED,
                answers(Expected(frozenset({200, *UNSERVED.statuses})), HELLO),
                "HEAD is refused, though RFC 9110 §9.1 has servers support it",
            )
        ),
    ),
    Case(
        15,
        "not-found-between",
        Theme.SEMANTICS,
        "`G`, `G(/missing)`, `G`",
        "200, 404, 200",
        Level.MUST,
        "RFC 9112 §9.3.2, §9.3",
        "it MUST send the corresponding responses in the same order that the requests were received",
        "An error in one request is no reason to lose the next.",
        (Exchange(at_once(G, get("/missing"), G), gets(3)),),
        only(answers(HELLO, status(404), HELLO)),
    ),
    Case(
        29,
        "expect-continue",
        Theme.SEMANTICS,
        "`POST /echo` with `Expect: 100-continue` and its body, or `G` with it and none, then `G`, a connection each",
        "an optional 100, the response, then 200, each time",
        Level.MUST,
        "RFC 9110 §10.1.1",
        "A server that sends a 100 (Continue) response MUST ultimately send a final status code, once it receives and "
        "processes the request content",
        "curl sends it with every larger body.",
        (
            Exchange(at_once(post(b"hello", "Expect: 100-continue"), G), ("POST", "GET"), asks_again=True),
            Exchange(at_once(get("/", "Expect: 100-continue"), G), gets(2), asks_again=True),
        ),
        each(
            about("with content", echoed(b"hello", *UNEXPECTED)),
            about(
                "without content",
                either(answers(HELLO, HELLO), *UNEXPECTED, permitted(answers(REFUSED, then=Then.CLOSES), "refuses it")),
            ),
        ),
    ),
    Case(
        30,
        "unknown-upgrade",
        Theme.SEMANTICS,
        "`G` with `Connection: upgrade` and an unknown `Upgrade`, `G`",
        "2 × 200",
        Level.MAY,
        "RFC 9110 §7.8",
        "A server MAY ignore a received Upgrade header field if it wishes to continue using the current protocol",
        "Parsers stop at an upgrade, and what they do not hand back is lost.",
        (
            Exchange(
                at_once(get("/", "Connection: upgrade", "Upgrade: pipebench-unknown"), G),
                gets(3),
                enough=2,
                asks_again=True,
            ),
        ),
        only(
            either(
                answers(HELLO, HELLO),
                permitted(answers(REFUSED, HELLO), "refuses the upgrade"),
                permitted(answers(REFUSED, then=Then.CLOSES), "refuses the upgrade"),
            )
        ),
    ),
)
