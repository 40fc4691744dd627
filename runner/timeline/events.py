"""What became of each request of a batch or burst, and when: events in, lanes out, and what they show. Pure.

Times are microseconds since the first event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

AT_ONCE = 1.5
"""Up to so many times one delay, all requests overlapped."""
IN_TURN = 0.9
"""From this share of the sum of all delays on, none did."""


class Kind(StrEnum):
    """What happened to a request."""

    SENT = "sent"
    FIRST_BYTE = "first byte"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to request ``request``, counted from 0, at a time of some clock, in microseconds."""

    request: int
    kind: Kind
    at_us: int


@dataclass(frozen=True, slots=True)
class Lane:
    """One request, or one other thing that a program did. ``None``: it did not come to that."""

    label: str
    sent_us: int
    first_byte_us: int | None
    done_us: int | None

    @property
    def is_moment(self) -> bool:
        """Whether it took no time that could be drawn: a statement, not a request."""
        return self.first_byte_us is None and self.done_us == self.sent_us


@dataclass(frozen=True, slots=True)
class Timeline:
    """What is drawn: a title, what the lanes show in a sentence, and the lanes from top to bottom."""

    title: str
    shows: str
    lanes: tuple[Lane, ...]

    @property
    def span_us(self) -> int:
        """From the first event to the last."""
        return max(
            (at for lane in self.lanes for at in (lane.sent_us, lane.first_byte_us, lane.done_us) if at is not None),
            default=0,
        )


def lanes(events: Iterable[Event]) -> tuple[Lane, ...]:
    """One lane a request that was sent, in their order; the first event is at 0."""
    seen: dict[int, dict[Kind, int]] = {}
    for event in events:
        seen.setdefault(event.request, {}).setdefault(event.kind, event.at_us)
    begun = min((at for times in seen.values() for at in times.values()), default=0)

    def at(times: dict[Kind, int], kind: Kind) -> int | None:
        return times[kind] - begun if kind in times else None

    return tuple(
        Lane(
            label=f"request {number + 1}",
            sent_us=times[Kind.SENT] - begun,
            first_byte_us=at(times, Kind.FIRST_BYTE),
            done_us=at(times, Kind.DONE),
        )
        for number, times in sorted(seen.items())
        if Kind.SENT in times
    )


def overlap(found: Sequence[Lane], delay_us: int) -> str:
    """In words, how far requests that each take ``delay_us`` were worked on at the same time."""
    unanswered = sum(1 for lane in found if lane.done_us is None)
    if unanswered:
        return f"{unanswered} of {len(found)} requests were not answered"
    span_us = max((lane.done_us or 0) for lane in found) - min(lane.sent_us for lane in found)
    count = len(found)
    if count == 1:
        return "one request"
    if span_us <= AT_ONCE * delay_us:
        return "all at once"
    if span_us >= IN_TURN * count * delay_us:
        return "one after the other"
    return f"in {round(span_us / delay_us)} turns"


def ticks(span_us: int, most: int = 8) -> tuple[int, ...]:
    """Round times for an axis from 0 to at least ``span_us``: a step of 1, 2 or 5 times a power of ten."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if factor * step * (most - 1) >= span_us:
                last = -(-max(span_us, 1) // (factor * step))
                return tuple(number * factor * step for number in range(last + 1))
        step *= 10
