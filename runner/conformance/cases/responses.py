"""Responses as they must be, and what is permitted in their place."""

from __future__ import annotations

from typing import Final

from runner.conformance.judge import Expected, Look, Then, answers, body, either, permitted, status

HELLO: Final = body(b"Hello world!")
REFUSED: Final = Expected(frozenset({*range(400, 418), 426, 431, 501, 505}))
BAD_REQUEST: Final = status(400)
SERVER_ERROR: Final = Expected(frozenset(range(500, 600)))
UNSERVED: Final = status(404, 405, 501)
NEXT_ANSWER: Final = body(b"next")
FINAL: Final = Expected(frozenset(range(200, 600)))
LENGTH_REQUIRED: Final = permitted(
    either(answers(status(411), HELLO), answers(status(411), then=Then.CLOSES)),
    "asks for a length, as RFC 9112 §6.3 lets a server do",
)


def tokens(*names: str) -> tuple[Expected, ...]:
    """The responses to :func:`sleeps`."""
    return tuple(body(name.encode()) for name in names)


def echoed(content: bytes, *others: Look) -> Look:
    """The echo, then a GET's response. Without a route for it, right framing is all that can be seen."""
    unserved = permitted(answers(UNSERVED, HELLO), "POST /echo is not served; its body is read all the same")
    return either(answers(body(content), HELLO), unserved, *others)
