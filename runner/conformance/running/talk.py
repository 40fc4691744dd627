"""One connection: an exchange goes out, a conversation comes back. The only sockets of the cases.

A conversation ends by its deadline, and its socket with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from runner.conformance.case import (
    AGAIN,
    Await,
    Conversation,
    Ending,
    Event,
    EventKind,
    Exchange,
    HalfClose,
    Hold,
    Leave,
    Meet,
    Pause,
    Send,
)
from runner.conformance.running.wire import ResponseReader
from runner.record.trial import Address

ASK_AGAIN_S: Final = 0.5
"""After so long a silence a connection that should have been closed is asked for one more response."""

QUIET_S: Final = 0.2
"""This long after the last response nothing more is expected."""

FLOOD_BYTES: Final = 64 * 1024
"""So many bytes after the last response, or after a malformed one, are a flood."""

KEPT_BYTES: Final = 4096
"""How much of one direction's bytes a result keeps."""

_RECEIVE_BYTES: Final = 64 * 1024
_ASKING: Final = b"GET /sleep/0/%s HTTP/1.1\r\nHost: x\r\n\r\n" % AGAIN
_TIMER_S: Final = 0.002
"""The event loop wakes no sooner; a shorter pause is spent looking at the clock."""


class Batch:
    """Connections that are open together: where they wait for each other, and whether some hold for the others."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        meeting = sum(any(isinstance(step, Meet) for step in one.steps) for one in exchanges)
        self._others = sum(not one.holds for one in exchanges)
        self._missing = meeting
        self.met = asyncio.Event()
        self.over = asyncio.Event()

    def arrive(self) -> None:
        """One more has come to its :class:`Meet`."""
        self._missing -= 1
        if self._missing <= 0:
            self.met.set()

    def leave(self, exchange: Exchange) -> None:
        """One has ended."""
        self._others -= not exchange.holds
        if self._others <= 0:
            self.over.set()


async def converse(address: Address, exchange: Exchange, deadline_s: float, batch: Batch | None = None) -> Conversation:
    """One exchange on one connection, closed when this returns, which is by the deadline."""
    batch = batch or Batch([exchange])
    talk = _Talk(exchange, batch)
    sock: socket.socket | None = None
    try:
        async with asyncio.timeout(deadline_s):
            sock = await _connected(address, small_window=exchange.read_after_s > 0)
            await talk.run(sock)
    except TimeoutError:
        talk.ending = Ending.DEADLINE if sock is not None else Ending.REFUSED
    except ConnectionError:
        talk.ending = Ending.RESET if sock is not None else Ending.REFUSED
    except _LeftError:
        talk.ending = Ending.LEFT
    finally:
        if sock is not None:
            sock.close()
        batch.leave(exchange)
    return talk.conversation()


class _LeftError(Exception):
    """The exchange ends with the client's leaving."""


class _Talk:
    """One connection, while it lasts: a writer that follows the steps, and a reader beside it."""

    def __init__(self, exchange: Exchange, batch: Batch) -> None:
        self._exchange = exchange
        self._batch = batch
        self._asked: int | None = None
        self._half_closed = False
        self._enough = exchange.enough
        if self._enough is None and not exchange.until_close:
            self._enough = len(exchange.methods)
        self._reader = ResponseReader(exchange.methods)
        self._complete = 0
        self._progress = asyncio.Event()
        self._events: list[Event] = []
        self._awaited: list[bool] = []
        self._began = time.monotonic()
        self._first_sent_s: float | None = None
        self._last_received_s: float | None = None
        self._after_flaw_bytes = 0
        self._write_failed = False
        self.ending = Ending.OPEN

    async def run(self, sock: socket.socket) -> None:
        """Follow the exchange to its end."""
        self._began = time.monotonic()
        writing = asyncio.create_task(self._write(sock))
        receiving: asyncio.Task[bytes] | None = None
        try:
            if self._exchange.read_after_s:
                await _set(self._batch.over, self._exchange.read_after_s)
            while True:
                receiving = receiving or asyncio.create_task(_receive(sock))
                tasks = {receiving} if writing.done() else {receiving, writing}
                quiet = writing.done() and self._quiet()
                asks = writing.done() and not quiet and self._asks()
                patience = QUIET_S if quiet else ASK_AGAIN_S if asks else None
                ended, _ = await asyncio.wait(tasks, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                if writing in ended and not writing.cancelled() and isinstance(writing.exception(), _LeftError):
                    raise _LeftError
                if not ended and quiet:
                    return
                if not ended:
                    await self._ask_again(sock)
                if receiving in ended:
                    data, receiving = receiving.result(), None
                    if self._take(data):
                        if self._exchange.holds:
                            await writing  # the client stays, though the server has closed
                        return
        finally:
            await cancelled(*(task for task in (writing, receiving) if task is not None))

    def conversation(self) -> Conversation:
        """What there is to judge."""
        elapsed = None
        if self._first_sent_s is not None and self._last_received_s is not None:
            elapsed = self._last_received_s - self._first_sent_s
        self._note(EventKind.ENDED, str(self.ending).encode())
        reading, awaited = self._reader.reading, tuple(self._awaited)
        return Conversation(tuple(self._events), reading, self.ending, awaited, elapsed, self._asked)

    def _quiet(self) -> bool:
        """Whether nothing more is expected, so that a short silence ends the exchange."""
        if self._asked is not None and self._complete > self._asked:
            return True
        return self._reader.flawed or (self._enough is not None and self._complete >= self._enough)

    def _asks(self) -> bool:
        """Whether one more request may be sent, to see if the connection still serves."""
        wanted = self._exchange.asks_again or self._exchange.until_close
        return wanted and self._asked is None and self._complete > 0 and not self._half_closed

    async def _ask_again(self, sock: socket.socket) -> None:
        self._asked = self._complete
        self._reader.expect("GET")
        self._note(EventKind.SENT, _ASKING)
        try:
            await asyncio.get_running_loop().sock_sendall(sock, _ASKING)
        except OSError:
            self._write_failed = True

    def _take(self, data: bytes) -> bool:
        """Take what was received; return whether that was the end."""
        if not data:
            self._reader.end()
            self.ending = Ending.RESET if self._write_failed else Ending.CLOSED
            return True
        self._note(EventKind.RECEIVED, data)
        self._last_received_s = self._now()
        if self._reader.flawed:
            self._after_flaw_bytes += len(data)
        self._complete += self._reader.feed(data)
        self._progress.set()
        if self._after_flaw_bytes > FLOOD_BYTES:
            self.ending = Ending.FLOODED
            return True
        return False

    async def _write(self, sock: socket.socket) -> None:  # noqa: C901 - a branch a step
        loop = asyncio.get_running_loop()
        try:
            for step in self._exchange.steps:
                match step:
                    case Send(data):
                        self._note(EventKind.SENT, data)
                        self._first_sent_s = self._first_sent_s or self._now()
                        await loop.sock_sendall(sock, data)
                    case Pause(seconds) if seconds < _TIMER_S:
                        until = time.perf_counter() + seconds
                        while time.perf_counter() < until:
                            pass
                    case Pause(seconds):
                        await asyncio.sleep(seconds)
                    case Await(responses, within_s):
                        self._awaited.append(await self._completes(responses, within_s))
                    case HalfClose():
                        self._half_closed = True
                        self._note(EventKind.HALF_CLOSED)
                        sock.shutdown(socket.SHUT_WR)
                    case Meet(within_s):
                        self._batch.arrive()
                        await _set(self._batch.met, within_s)
                    case Hold(within_s):
                        await _set(self._batch.over, within_s)
                    case Leave(reset):
                        if reset:
                            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        raise _LeftError
        except OSError:
            self._write_failed = True

    async def _completes(self, responses: int, within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                while self._complete < responses:
                    self._progress.clear()
                    await self._progress.wait()
        except TimeoutError:
            return False
        return True

    def _note(self, kind: EventKind, data: bytes = b"") -> None:
        self._events.append(Event(self._now(), kind, data))

    def _now(self) -> float:
        return time.monotonic() - self._began


def kept(events: Sequence[Event], limit: int = KEPT_BYTES) -> tuple[Event, ...]:
    """The events to remember: consecutive ones of a kind joined, each direction cut in its middle to ``limit`` bytes.

    What is cut says how many bytes it leaves out.
    """
    joined: list[Event] = []
    for event in events:
        if joined and event.data and joined[-1].kind is event.kind:
            joined[-1] = replace(joined[-1], data=joined[-1].data + event.data)
        else:
            joined.append(event)
    sizes = {kind: sum(len(event.data) for event in joined if event.kind is kind) for kind in EventKind}
    return tuple(
        replace(event, data=_cut(event.data, limit * len(event.data) // max(limit, sizes[event.kind])))
        for event in joined
    )


def _cut(data: bytes, limit: int) -> bytes:
    if len(data) <= limit:
        return data
    head, tail = data[: limit * 3 // 4], data[len(data) - limit // 4 :]
    return head + b" [... %d bytes ...] " % (len(data) - len(head) - len(tail)) + tail


async def _connected(address: Address, *, small_window: bool) -> socket.socket:
    loop = asyncio.get_running_loop()
    family, kind, protocol, _, place = _resolved(address)
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if small_window:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        await loop.sock_connect(sock, place)
    except BaseException:
        sock.close()
        raise
    return sock


@functools.lru_cache(maxsize=64)
def _resolved(address: Address) -> tuple[int, int, int, str, Any]:
    """Once for each address: a race has no time for it."""
    return socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]


async def _set(event: asyncio.Event, within_s: float) -> None:
    """Wait for an event, but not for ever."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()


async def _receive(sock: socket.socket) -> bytes:
    return await asyncio.get_running_loop().sock_recv(sock, _RECEIVE_BYTES)


async def cancelled(*tasks: asyncio.Task[object]) -> None:
    """Cancel tasks and see them end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
