"""Races: what a server does right nearly always. Tried until the chance to miss is small, or two seconds have passed.

A race that one connection of three hundred loses is seen with a chance of 99 % in 1 500 tries; a busy machine makes
four hundred in a second. One loss proves it: no slow machine answers a request behind an error.
"""

from __future__ import annotations

from typing import Final

from runner.conformance.case import Case, Exchange, Hurt, Level, Outcome, Pause, Race, Send, Theme
from runner.conformance.cases.requests import NEXT, chunked, get, head
from runner.conformance.spelling import raced

TRIES: Final = 1500
TRIES_S: Final = 2.0
GAPS_S: Final = (0.0, 0.00005, 0.0001, 0.0002, 0.0004)
"""Between the two writes, in turn."""

ERRORS: Final = (
    ("a line that is no field", b"GET / HTTP/1.1\r\nHost: x\r\nbad\r\n\r\n", "GET"),
    ("no request line", b"BAD\r\n\r\n", "GET"),
    ("no length", head(b"Content-Length: a"), "POST"),
    ("no chunk size", chunked(b"z\r\n\r\n"), "POST"),
)


CLOSES: Final = (
    ("Connection: close", get("/", "Connection: close"), "GET"),
    ("HTTP/1.0", get(version="1.0"), "GET"),
    ("Connection: close behind a request", get() + get("/", "Connection: close"), "GET"),
)
RACE: Final = Race(b"next", TRIES, TRIES_S)


def _run(kinds: tuple[tuple[str, bytes, str], ...]) -> tuple[Exchange, ...]:
    return tuple(
        Exchange(
            (Send(first), Pause(gap_s), Send(NEXT)), (method, "GET", "GET"), enough=max(1, first.count(b" HTTP/1."))
        )
        for gap_s in GAPS_S
        for _, first, method in kinds
    )


def _names(kinds: tuple[tuple[str, bytes, str], ...]) -> tuple[str, ...]:
    return tuple(name for name, _, _ in kinds) * len(GAPS_S)


RACES: Final = (
    Case(
        59,
        "race-behind-error",
        Theme.RACES,
        f"a request that is none, and at once or up to {GAPS_S[-1] * 1000:g} ms later `G`, up to {TRIES} connections "
        f"in {TRIES_S:g} s",
        "the `G` is never answered; a server that always goes on behind an error gets a note",
        Level.SHOULD,
        "RFC 9112 §2.2",
        "the server SHOULD respond with a 400 (Bad Request) response and close the connection",
        "A server that looks for more input before it has closed makes a request of what stands behind an error.",
        _run(ERRORS),
        raced(_names(ERRORS), always=Outcome.NOTE),
        at_once=4,
        alone=True,
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
        race=RACE,
    ),
    Case(
        60,
        "race-behind-close",
        Theme.RACES,
        f"`G` with `Connection: close`, and at once or up to {GAPS_S[-1] * 1000:g} ms later `G`, up to {TRIES} "
        f"connections in {TRIES_S:g} s",
        "the second `G` is never answered; a server that always goes on behind HTTP/1.0 gets a note",
        Level.MUST_NOT,
        "RFC 9112 §9.6",
        "The server MUST NOT process any further requests received on that connection",
        "What follows the last request may not be the client's, and its response has nobody to go to.",
        _run(CLOSES),
        raced(_names(CLOSES), always=Outcome.FAIL, other={"HTTP/1.0": Outcome.NOTE}),
        at_once=4,
        alone=True,
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
        race=RACE,
    ),
)
