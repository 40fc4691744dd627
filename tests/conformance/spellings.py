"""The names of a case's spellings, in the order of its exchanges, as its judge gives them. Pure."""

from __future__ import annotations

from runner.conformance.case import Case, Conversation, Ending, Event, EventKind, Observation
from runner.conformance.running.wire import ResponseReader


def names(case: Case) -> tuple[str, ...]:
    """One for each exchange; none where the case has no spellings.

    A judge names what is no pass, and judges as many spellings as there are conversations: with each one more, the
    name that is new is that one's. A server that is silent, or takes all, passes none.
    """
    if case.race is not None:
        return ()
    silent, taken = _talk(b""), _talk(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nall" * 2)
    count = len(case.exchanges)
    alone = [
        {name: said for answer in (silent, taken) for name, said in _parts(case, (answer,) * (index + 1)).items()}
        for index in range(count)
    ]
    found: list[str] = []
    for parts in alone:
        found += [name for name in parts if name not in found]
    return tuple(found)


def _parts(case: Case, talks: tuple[Conversation, ...]) -> dict[str, str]:
    return dict(case.judge(Observation(talks)).parts)


def _talk(reply: bytes) -> Conversation:
    reader = ResponseReader(["GET"] * 4)
    reader.feed(reply)
    return Conversation((Event(0.0, EventKind.SENT, b"x"),), reader.reading, Ending.DEADLINE)
