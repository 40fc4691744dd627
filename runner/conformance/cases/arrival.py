# ruff: noqa: RUF001 - the sign for "times" stands in what people read here
"""Arrival: however the bytes of requests are cut."""

from __future__ import annotations

from typing import Final

from runner.conformance.case import Await, Case, Exchange, Level, Pause, Send, Theme
from runner.conformance.cases.requests import G, byte_by_byte, gets
from runner.conformance.cases.responses import HELLO
from runner.conformance.judge import answers, each, only, prompt

ARRIVAL: Final = (
    Case(
        4,
        "byte-at-a-time",
        Theme.ARRIVAL,
        "3 × `G`, each byte in a write of its own",
        "3 × 200",
        Level.NONE,
        "RFC 9112 §9, §2.2",
        "The mapping of HTTP request and response structures onto the data units of an underlying transport "
        "protocol is outside the scope of this specification",
        "A parser that needs a request in one read fails on real networks.",
        (Exchange(byte_by_byte(G * 3), gets(3)),),
        only(answers(HELLO, HELLO, HELLO)),
        core=True,
    ),
    Case(
        5,
        "cut-anywhere",
        Theme.ARRIVAL,
        "2 × `G`, cut in two at every offset, a connection each",
        "2 × 200 every time",
        Level.NONE,
        "RFC 9112 §9, §2.2",
        "The mapping of HTTP request and response structures onto the data units of an underlying transport "
        "protocol is outside the scope of this specification",
        "A segment boundary may fall anywhere; state that is lost at one offset loses a request in a million.",
        tuple(
            Exchange((Send((G + G)[:cut]), Pause(0.01), Send((G + G)[cut:])), gets(2)) for cut in range(1, 2 * len(G))
        ),
        each(answers(HELLO, HELLO)),
        core=True,
        at_once=8,
    ),
    Case(
        6,
        "first-not-held-back",
        Theme.ARRIVAL,
        "`G` and half of another; wait for a response; the other half",
        "the first response comes before the second request is complete",
        Level.NONE,
        "–",
        "",
        "A server that answers only when its input is used up deadlocks a client that waits for the first response.",
        (Exchange((Send(G + G[: len(G) // 2]), Await(1, 1.0), Send(G[len(G) // 2 :])), gets(2)),),
        only(
            prompt(
                answers(HELLO, HELLO),
                "the first response is held back until the second request is complete",
            )
        ),
    ),
)
