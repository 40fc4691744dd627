"""What our own generator, ``go/volley``, observes of a load beyond what any does; ``docs/volley.md`` has it all.

Every field states its unit; ``None`` means *not measured*.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """How a load goes on: a batch at a time (wrk's), a full window (h2load's), or arrivals at a rate."""

    CLOSED = "closed"
    WINDOW = "window"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution of times in short, in microseconds, by nearest rank; its histogram is not kept."""

    count: int
    mean: float | None
    p50: int | None
    p90: int | None
    p99: int | None
    p99_9: int | None
    max: int | None


@dataclass(frozen=True, slots=True)
class Faults:
    """Responses that were not what was asked for, by kind, over the whole load; ``first`` shows one, with bytes."""

    status: int
    framing: int
    length: int
    body: int
    surplus: int
    order: int
    repeat: int
    first: str | None

    @property
    def total(self) -> int:
        """All of them."""
        return self.status + self.framing + self.length + self.body + self.surplus + self.order + self.repeat


@dataclass(frozen=True, slots=True)
class Losses:
    """Connections that ended under load, by how; ``idle`` had nothing in flight. ``first`` says how the first did."""

    reset: int
    idle: int
    before_answer: int
    in_batch: int
    in_response: int
    abandoned: int
    error: int
    first: str | None

    @property
    def with_requests(self) -> int:
        """Those that took requests with them."""
        return self.reset + self.before_answer + self.in_batch + self.in_response + self.abandoned + self.error


@dataclass(frozen=True, slots=True)
class Wire:
    """What came over the wire, from ``TCP_INFO`` at the end of each connection; counts over the whole load."""

    data_segments_in: int
    bytes_received: int
    retransmits: int
    responses: int
    batches: int


@dataclass(frozen=True, slots=True)
class Batches:
    """Batches of the measured window: sent (open: intended in it), answered, lost with a connection, never answered.

    ``unsent`` ones of an open load waited in the client until the end.
    """

    sent: int
    answered: int
    lost: int
    unanswered: int
    unsent: int


@dataclass(frozen=True, slots=True)
class Arrivals:
    """An open load: what was asked for and what became of it. Rates in requests/s.

    ``backlog`` arrivals were not written when the window ended. ``anderson_darling`` is the statistic A² of the gaps
    between intended arrivals against the exponential distribution, ``sent_anderson_darling`` that of the gaps between
    the writes; ``None`` where arrivals are evenly spaced.
    """

    rate: float
    burst: int
    poisson: bool
    seed: int
    offered: int
    offered_per_second: float
    answered_per_second: float
    queued: int
    backlog: int
    anderson_darling: float | None
    sent_anderson_darling: float | None


@dataclass(frozen=True, slots=True)
class Interval:
    """A tenth of a second: responses that arrived in it; batches sent in it and answered, their mean latency (µs)."""

    responses: int
    batches: int
    latency_us: float | None


@dataclass(frozen=True, slots=True)
class Volley:
    """The rest of a load by volley. Times in microseconds unless a name says otherwise.

    ``stamped``: the kernel told when responses arrived; without, own delay counts as latency, and nothing is proved.
    ``little_ratio``: time that connections spent waiting for the server or in the generator, over all they had (closed
    and window). ``first``: latency of the first response of a batch, ``first_bounded`` of which came in one read with
    others and is known from above only. ``sent_latency``: from the actual write, where latency counts from the intended
    one. ``own_delay``: how long answered batches lay in the generator. ``lag``: how late arrivals were written though
    their connection had room. ``cpu_span_ns``: the time over which the generator's CPU time was taken.
    ``checked`` responses were read and compared, ``recognized`` of them as equal to the last in every byte.
    ``reads``: reads of the window; ``silent_connections`` had no response in its second half.
    ``clock_step_ns``: by how much the wall clock was stepped during the load.
    """

    mode: Mode
    batch: int
    stamped: bool
    stamps_missing: int
    stamps_reason: str | None
    little_ratio: float | None
    batches: Batches
    first: Spread
    first_bounded: int
    sent_latency: Spread | None
    own_delay: Spread | None
    lag: Spread | None
    arrivals: Arrivals | None
    intervals: tuple[Interval, ...]
    cpu_span_ns: int | None
    clock_step_ns: int
    checked: int
    recognized: int
    faults: Faults
    losses: Losses
    wire: Wire | None
    reads: int
    silent_connections: int
    interrupted: bool
