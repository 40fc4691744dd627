"""What a case is, what a conversation with a server was, and what is found in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from runner.conformance.wire import Reading


class Outcome(StrEnum):
    """What a case says of a server.

    ``FAIL``: it broke a MUST, or lost, reordered or corrupted a response. ``NOTE``: it did something that is
    permitted and that its clients have to cope with, such as closing early.
    """

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    NOTE = "note"
    FAIL = "fail"

    @property
    def severity(self) -> int:
        """0 for a pass, 2 for a fail."""
        return list(Outcome).index(self)


class Fault(StrEnum):
    """What kind of thing went wrong where a case fails."""

    STALLED = "stalled"
    CRASHED = "crashed"
    LOST = "lost"
    WRONG = "wrong"
    RULE = "rule"


class Level(StrEnum):
    """The strongest key word of the requirement that a case tests (RFC 2119); ``NONE`` where there is none."""

    MUST = "MUST"
    MUST_NOT = "MUST NOT"
    SHOULD = "SHOULD"
    MAY = "MAY"
    NONE = "–"  # noqa: RUF001 - the sign for "nothing here" in the tables


class Theme(StrEnum):
    """What a group of cases is about, in the order in which the groups are shown."""

    ORDER = "Order"
    ARRIVAL = "Arrival"
    BODIES = "Request bodies"
    SEMANTICS = "Methods and fields"
    CLOSING = "Closing"
    MALFORMED = "Malformed requests"
    PRESSURE = "Pressure and time"


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes, in one write."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """Write nothing for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Await:
    """Write nothing until this many responses are complete, or ``within_s`` has passed."""

    responses: int
    within_s: float


@dataclass(frozen=True, slots=True)
class HalfClose:
    """Shut down the client's side for writing (TCP FIN) and go on reading."""


Step = Send | Pause | Await | HalfClose


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is done on one connection.

    ``methods`` are those of the requests that a server may answer, in order. ``enough`` is the number of responses
    after which a short silence ends the exchange: by default as many as there are methods, and no number where
    ``until_close`` has it wait for the server to close. Nothing is read in the first ``read_after_s``.
    """

    steps: tuple[Step, ...]
    methods: tuple[str, ...]
    until_close: bool = False
    enough: int | None = None
    read_after_s: float = 0.0


class Ending(StrEnum):
    """How a conversation ended."""

    OPEN = "left open"
    CLOSED = "closed by the server"
    RESET = "reset by the server"
    DEADLINE = "still open at the deadline"
    FLOODED = "flooded"
    REFUSED = "no connection"

    @property
    def by_server(self) -> bool:
        """Whether the server ended the connection."""
        return self in {Ending.CLOSED, Ending.RESET}


class EventKind(StrEnum):
    """What can happen on a connection."""

    SENT = "sent"
    RECEIVED = "received"
    HALF_CLOSED = "half-closed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened on a connection, ``at_s`` seconds after it was opened."""

    at_s: float
    kind: EventKind
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One connection: what went out, what came back and when, and how it ended.

    ``awaited`` says of each :class:`Await` whether the responses came in time; ``elapsed_s`` is the time from
    the first byte sent to the last received, ``None`` where none was.
    """

    events: tuple[Event, ...]
    reading: Reading
    ending: Ending
    awaited: tuple[bool, ...] = ()
    elapsed_s: float | None = None

    @property
    def sent(self) -> bytes:
        """All bytes that were sent."""
        return b"".join(event.data for event in self.events if event.kind is EventKind.SENT)

    @property
    def received(self) -> bytes:
        """All bytes that were received."""
        return b"".join(event.data for event in self.events if event.kind is EventKind.RECEIVED)


@dataclass(frozen=True, slots=True)
class Observation:
    """All that a case saw: its conversations, in the order of its exchanges.

    There are fewer of them than exchanges where one ran into its deadline. ``memory_growth_bytes`` is by how much the
    server's resident set grew at most; ``None`` where it was not measured.
    """

    conversations: tuple[Conversation, ...]
    memory_growth_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What an observation shows. ``conversation`` is the index of the one that shows it."""

    outcome: Outcome
    detail: str
    fault: Fault | None = None
    conversation: int = 0
    figures: Mapping[str, float] = field(default_factory=dict)


Judge = Callable[[Observation], Finding]


@dataclass(frozen=True, slots=True)
class Case:
    """One question to a server, as data.

    ``sends``, ``wants`` and ``why`` are for people; ``quote`` is the requirement in the words of ``section``.
    ``core`` marks the cases that every pipelining client relies on: they decide a server's class.
    ``deadline_s`` holds for each exchange; ``at_once`` is how many of them run at the same time;
    ``alone`` keeps other cases off the server meanwhile.
    """

    number: int
    name: str
    theme: Theme
    sends: str
    wants: str
    level: Level
    section: str
    quote: str
    why: str
    exchanges: tuple[Exchange, ...]
    judge: Judge
    core: bool = False
    deadline_s: float = 2.5
    at_once: int = 1
    alone: bool = False
    watches_memory: bool = False


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What one case found on one server, with the connection that shows it.

    ``events`` keep that connection's bytes, shortened in the middle where they are many.
    """

    case: str
    outcome: Outcome
    detail: str
    fault: Fault | None
    ending: Ending | None
    events: tuple[Event, ...]
    seconds: float
    attempts: int
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def sent(self) -> bytes:
        """The bytes that were sent, as far as they are kept."""
        return b"".join(event.data for event in self.events if event.kind is EventKind.SENT)

    @property
    def received(self) -> bytes:
        """The bytes that were received, as far as they are kept."""
        return b"".join(event.data for event in self.events if event.kind is EventKind.RECEIVED)
