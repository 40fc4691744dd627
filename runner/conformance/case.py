"""What a case is, what a conversation with a server was, and what is found in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from runner.conformance.running.wire import Reading, Response


class Outcome(StrEnum):
    """What a case says of a server.

    ``FAIL``: it broke a MUST, or lost, reordered or corrupted a response. ``NOTE``: it did something that is
    permitted and that its clients have to cope with, such as closing early. ``UNTRIED``: not asked, because of what
    an earlier case showed.
    """

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    NOTE = "note"
    FAIL = "fail"
    UNTRIED = "untried"

    @property
    def severity(self) -> int:
        """0 for a pass, 2 for a fail; no judge says ``UNTRIED``."""
        return list(Outcome).index(self)


class Fault(StrEnum):
    """What kind of thing went wrong where a case fails. ``HUNG``: afterwards the server answers nobody."""

    STALLED = "stalled"
    CRASHED = "crashed"
    HUNG = "hung"
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
    LENGTHS = "Lengths that are none"
    CHUNKS = "Chunks that are none"
    CODINGS = "Transfer codings"
    FIELDS = "Field lines"
    OVERTAKING = "What overtakes a slow response"
    NEIGHBOURS = "What one connection costs the others"
    RACES = "Races"
    PRESSURE = "Pressure and time"


class Hurt(StrEnum):
    """Whose harm it is where a server gets a case wrong."""

    PIPELINING = "a client that pipelines"
    BEHIND_PROXY = "a client behind a proxy that reads the bytes otherwise"
    OTHERS = "clients on other connections"
    ANY = "any client"


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


@dataclass(frozen=True, slots=True)
class Meet:
    """Wait until every connection of the case has come to this step, or ``within_s`` has passed."""

    within_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep the connection as it is until all connections without this step have ended, or ``within_s`` has passed."""

    within_s: float


@dataclass(frozen=True, slots=True)
class Leave:
    """Be gone: close the socket whatever is still to come, with a reset where ``reset`` is set."""

    reset: bool = False


Step = Send | Pause | Await | HalfClose | Meet | Hold | Leave


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is done on one connection.

    ``methods`` are those of the requests that a server may answer, in order. ``enough`` is the number of responses
    after which a short silence ends the exchange: by default as many as there are methods, and no number where
    ``until_close`` has it wait for the server to close. Nothing is read in the first ``read_after_s``.

    A keep-alive timer ends any connection in time, so an end alone proves no close. With ``asks_again``, or
    ``until_close``, a server that falls silent after a response is sent one more request (:data:`AGAIN`).
    """

    steps: tuple[Step, ...]
    methods: tuple[str, ...]
    until_close: bool = False
    enough: int | None = None
    read_after_s: float = 0.0
    asks_again: bool = False

    @property
    def holds(self) -> bool:
        """Whether it stays only for as long as the other connections of its case."""
        return any(isinstance(step, Hold) for step in self.steps)


AGAIN: Final = b"again"
"""The token of the request that asks whether a connection still serves."""


class Ending(StrEnum):
    """How a conversation ended."""

    OPEN = "left open"
    CLOSED = "closed by the server"
    RESET = "reset by the server"
    DEADLINE = "still open at the deadline"
    FLOODED = "flooded"
    REFUSED = "no connection"
    LEFT = "left by the client"

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
    the first byte sent to the last received, ``None`` where none was. ``asked_again`` is the number of responses that
    had come when one more request was sent to see whether the connection still serves; ``None`` where none was.
    """

    events: tuple[Event, ...]
    reading: Reading
    ending: Ending
    awaited: tuple[bool, ...] = ()
    elapsed_s: float | None = None
    asked_again: int | None = None

    @property
    def serves_again(self) -> bool:
        """Whether the request that asked again was answered, so that the connection had not been closed."""
        last = self.reading.responses[-1:]
        return self.asked_again is not None and bool(last) and last[0].body == AGAIN

    @property
    def due(self) -> tuple[Response, ...]:
        """The responses without the one to the request that asked again."""
        return self.reading.responses[:-1] if self.serves_again else self.reading.responses

    @property
    def closed_late_s(self) -> float | None:
        """After how many seconds of silence the server closed, where it did so only after it was asked again."""
        if self.asked_again is None or not self.ending.by_server or self.serves_again:
            return None
        received = [event.at_s for event in self.events if event.kind is EventKind.RECEIVED]
        return self.events[-1].at_s - received[-1] if received else None

    @property
    def sent(self) -> bytes:
        """All bytes that were sent."""
        return b"".join(event.data for event in self.events if event.kind is EventKind.SENT)

    @property
    def received(self) -> bytes:
        """All bytes that were received."""
        return b"".join(event.data for event in self.events if event.kind is EventKind.RECEIVED)


@dataclass(frozen=True, slots=True)
class Race:
    """A case that is tried ``tries`` times, or for ``seconds``: lost wherever ``token`` is answered."""

    token: bytes
    tries: int
    seconds: float

    def lost(self, talk: Conversation) -> bool:
        """Whether a conversation shows what may never be."""
        return any(one.status < 400 and one.body == self.token for one in talk.reading.responses)


@dataclass(frozen=True, slots=True)
class Raced:
    """How often one exchange of a race was tried, and how often the race was lost."""

    tries: int
    lost: int


@dataclass(frozen=True, slots=True)
class Observation:
    """All that a case saw: its conversations, in the order of its exchanges.

    There are fewer of them than exchanges where several ran into their deadlines. ``memory_growth_bytes`` is by how
    much the server's resident set grew at most; ``None`` where it was not measured. ``raced`` has, for a race, a count
    for each exchange; its conversation is one that was lost, or the last.
    """

    conversations: tuple[Conversation, ...]
    memory_growth_bytes: int | None = None
    raced: tuple[Raced, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What an observation shows. ``conversation`` is the index of the one that shows it.

    ``parts``: where a case tries many spellings, what came of each that is no pass, by its name: ``note: refused``.
    """

    outcome: Outcome
    detail: str
    fault: Fault | None = None
    conversation: int = 0
    figures: Mapping[str, float] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)


Judge = Callable[[Observation], Finding]


@dataclass(frozen=True, slots=True)
class Case:
    """One question to a server, as data.

    ``sends``, ``wants`` and ``why`` are for people; ``quote`` is the requirement in the words of ``section``.
    ``core`` marks the cases that every pipelining client relies on: they decide a server's class.
    ``deadline_s`` holds for each exchange; ``at_once`` is how many of them run at the same time, one after the other
    where the case is tried again unless ``together``; the first ``ahead`` go before the others, which may hold all
    threads that a server has; ``alone`` keeps other cases off the server meanwhile.
    Where a case of ``needs`` fails, this one cannot tell anything and is not tried. A ``race`` is run again and again.
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
    deadline_s: float = 1.5
    at_once: int = 1
    ahead: int = 0
    together: bool = True
    alone: bool = False
    watches_memory: bool = False
    hurts: Hurt = Hurt.PIPELINING
    needs: tuple[str, ...] = ("two-gets",)
    race: Race | None = None

    @property
    def waves(self) -> Iterator[tuple[Exchange, ...]]:
        """The exchanges that run at the same time, wave after wave."""
        if self.ahead:
            yield self.exchanges[: self.ahead]
        for first in range(self.ahead, len(self.exchanges), self.at_once):
            yield self.exchanges[first : first + self.at_once]


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
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def sent(self) -> bytes:
        """The bytes that were sent, as far as they are kept."""
        return b"".join(event.data for event in self.events if event.kind is EventKind.SENT)

    @property
    def received(self) -> bytes:
        """The bytes that were received, as far as they are kept."""
        return b"".join(event.data for event in self.events if event.kind is EventKind.RECEIVED)
