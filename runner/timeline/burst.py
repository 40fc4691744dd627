"""One batch or burst of requests on sockets, and when each was sent, begun to be answered, and answered."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from runner.conformance.running.wire import ResponseReader
from runner.record.trial import Address
from runner.timeline.events import Event, Kind

_RECEIVE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Request:
    """A GET of ``target``, and the body that answers it."""

    target: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Recorded:
    """What happened to the requests, counted over all connections, and the first thing that went wrong."""

    events: tuple[Event, ...]
    problem: str | None


async def record(address: Address, connections: Sequence[Sequence[Request]], *, deadline_s: float) -> Recorded:
    """Open all ``connections``, write to each its requests in one go, and read until all are answered.

    Raises ``OSError`` where a connection cannot be opened.
    """
    talks: list[_Talk] = []
    numbered = 0
    async with contextlib.AsyncExitStack() as stack:
        for requests in connections:
            reader, writer = await asyncio.open_connection(address.host, address.port)
            stack.callback(writer.close)
            talks.append(_Talk(reader, writer, requests, first=numbered))
            numbered += len(requests)
        for talk in talks:
            talk.send(address)
        try:
            async with asyncio.timeout(deadline_s):
                await asyncio.gather(*(talk.read() for talk in talks))
        except TimeoutError:
            for talk in talks:
                talk.problem = talk.problem or (f"no answer within {deadline_s:g} s" if talk.outstanding else None)
    events = sorted((event for talk in talks for event in talk.events), key=lambda event: event.at_us)
    return Recorded(tuple(events), next((talk.problem for talk in talks if talk.problem), None))


class _Talk:
    """One connection: its requests, numbered from ``first``, and what became of them."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, requests: Sequence[Request], first: int
    ) -> None:
        self.events: list[Event] = []
        self.problem: str | None = None
        self._reader = reader
        self._writer = writer
        self._requests = requests
        self._first = first
        self._begun = 0
        self._responses = ResponseReader(["GET"] * len(requests))

    @property
    def outstanding(self) -> int:
        """How many requests have no response yet."""
        return self._responses.outstanding

    def send(self, address: Address) -> None:
        """Write all requests in one go."""
        head = "GET {} HTTP/1.1\r\nHost: " + str(address) + "\r\n\r\n"
        self._writer.write("".join(head.format(one.target) for one in self._requests).encode())
        for number in range(len(self._requests)):
            self._note(number, Kind.SENT)

    async def read(self) -> None:
        """Read until all responses are in, or none can come any more."""
        while self._responses.outstanding and not self._responses.flawed:
            try:
                data = await self._reader.read(_RECEIVE_BYTES)
            except ConnectionError as error:
                self.problem = f"{error.strerror}, {self.outstanding} requests unanswered"
                return
            if not data:
                self._responses.end()
                break
            self._take(data)
        reading = self._responses.reading
        wrong = (
            f"request {self._first + number + 1} was answered {response.status} {response.body[:40]!r}"
            for number, (request, response) in enumerate(zip(self._requests, reading.responses, strict=False))
            if response.status != 200 or response.body != request.body
        )
        self.problem = reading.flaw.detail if reading.flaw else next(wrong, None)
        if self.problem is None and self.outstanding:
            self.problem = f"the connection was closed, {self.outstanding} requests unanswered"

    def _take(self, data: bytes) -> None:
        """Note which responses these bytes complete, and which they begin."""
        done = len(self._responses.reading.responses)
        completed = self._responses.feed(data)
        for number in range(done, done + completed):
            self._begin(number)
            self._note(number, Kind.DONE)
        if self._responses.outstanding and self._responses.reading.unread:
            self._begin(done + completed)

    def _begin(self, number: int) -> None:
        """Note the first byte of a response; the next ones of one that comes in pieces are none."""
        if number == self._begun:
            self._note(number, Kind.FIRST_BYTE)
            self._begun += 1

    def _note(self, number: int, kind: Kind) -> None:
        self.events.append(Event(self._first + number, kind, time.monotonic_ns() // 1000))
