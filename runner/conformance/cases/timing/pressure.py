# ruff: noqa: RUF001 - the sign for "times" stands in what people read here
"""Pressure and time: slow clients, slow handlers, many connections."""

from __future__ import annotations

from typing import Final

from runner.conformance.case import Case, Exchange, Hurt, Level, Send, Theme
from runner.conformance.cases.requests import G, at_once, gets, numbered, sleeps
from runner.conformance.cases.responses import HELLO, tokens
from runner.conformance.judge import answers, bounded, each, only

FLOOD: Final = 10_000
MEMORY_GROWTH_BYTES: Final = 64 * 2**20
KEEP_ALIVE_S: Final = 5.5
"""Longer than the 5 s that several servers keep an idle connection by default."""

PRESSURE: Final = (
    Case(
        32,
        "slow-reader",
        Theme.PRESSURE,
        f"{FLOOD} × `G`, nothing read for 5 s, then all of it",
        f"the server's memory grows by less than {MEMORY_GROWTH_BYTES // 2**20} MiB, then every response comes",
        Level.SHOULD,
        "RFC 9112 §9.5",
        "A server SHOULD sustain persistent connections, when possible, and allow the underlying transport's "
        "flow-control mechanisms to resolve temporary overloads",
        "A server that reads on while nobody reads its responses can be made to use all memory.",
        (Exchange((Send(G * FLOOD),), gets(FLOOD), read_after_s=5.0),),
        bounded(only(answers(*[HELLO] * FLOOD)), growth_bytes=MEMORY_GROWTH_BYTES),
        deadline_s=15.0,
        watches_memory=True,
        hurts=Hurt.OTHERS,
        needs=("two-gets", "deep-batches"),
    ),
    Case(
        33,
        "slower-than-keep-alive",
        Theme.PRESSURE,
        f"2 × `G(/sleep/{round(KEEP_ALIVE_S * 1000)}/i)`",
        "both answered",
        Level.NONE,
        "RFC 9112 §9.5",
        "Servers will usually have some timeout value beyond which they will no longer maintain an inactive connection",
        "A keep-alive timer that runs while a request is being served cuts off the one behind it.",
        (Exchange(at_once(*sleeps(KEEP_ALIVE_S, "1", "2")), gets(2)),),
        only(answers(*tokens("1", "2"))),
        deadline_s=2 * KEEP_ALIVE_S + 4.0,
    ),
    Case(
        35,
        "hundred-connections",
        Theme.PRESSURE,
        "100 connections × 16 × `G(/sleep/0/unique)` at once",
        "every token on its own connection, in order",
        Level.MUST,
        "RFC 9112 §9.3.2",
        "it MUST send the corresponding responses in the same order that the requests were received",
        "State that is shared between connections shows only when there are many.",
        tuple(Exchange(at_once(*sleeps(0, *numbered(16, f"{n}-"))), gets(16)) for n in range(100)),
        each(*[answers(*tokens(*numbered(16, f"{n}-"))) for n in range(100)]),
        core=True,
        at_once=100,
        deadline_s=6.0,
        hurts=Hurt.OTHERS,
        needs=("two-gets", "sixteen-in-order"),
    ),
)
