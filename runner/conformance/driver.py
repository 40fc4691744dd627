"""Cases against a server: the only sockets here, each with a deadline, none left open.

Publishing a false accusation is worse than missing a fault, and a slow machine produces them. So:

- cases run side by side, the slow ones first; those that judge time (``alone``) run by themselves afterwards;
- whatever is not a pass is tried again, alone, on a freshly started server and with twice the time, and a fail stands
  only if it repeats (:func:`runner.conformance.judge.settled`);
- a crash ends the side-by-side part and voids it, passes too, since the case that killed the server may have passed
  first; a server that no longer answers a plain GET voids what it found against the server. Those cases are then tried
  alone, so that a crash or a stall is put down to the case that brings it about.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from runner.conformance.case import (
    Await,
    Case,
    CaseResult,
    Conversation,
    Ending,
    Event,
    EventKind,
    Exchange,
    Fault,
    Finding,
    HalfClose,
    Observation,
    Outcome,
    Pause,
    Send,
)
from runner.conformance.judge import failed, settled
from runner.conformance.wire import ResponseReader
from runner.record.trial import Address

QUIET_S: Final = 0.2
"""This long after the last response nothing more is expected."""

FLOOD_BYTES: Final = 64 * 1024
"""So many bytes after the last response, or after a malformed one, are a flood."""

DYING_S: Final = 0.5
"""How long a process may take to be seen dead after its connections are gone."""

PROBE_S: Final = 3.0
"""How long a plain GET may take before the server counts as silent."""

KEPT_BYTES: Final = 4096
"""How much of one direction's bytes a result keeps."""

_RECEIVE_BYTES: Final = 64 * 1024
_PROBE: Final = Exchange((Send(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),), ("GET",))


class ServerHandle(Protocol):
    """A server that can be talked to, watched and started again."""

    @property
    def address(self) -> Address:
        """Where it listens now; asked for before every connection."""

    def alive(self) -> bool:
        """Whether its process runs. Called often; must not block."""

    def restart(self) -> None:
        """Stop it whatever its state, start it anew and return when it accepts connections. May block."""

    def memory_bytes(self) -> int | None:
        """The resident set of its process tree; ``None`` where it cannot be told."""

    def exit_reason(self) -> str | None:
        """Why it is not alive: ``killed by SIGABRT: corrupted double-linked list``."""


OnOutcome = Callable[[CaseResult], None]


async def run_cases(
    server: ServerHandle,
    cases: Sequence[Case],
    *,
    concurrency: int = 8,
    patience: float = 1.0,
    on_outcome: OnOutcome | None = None,
) -> tuple[CaseResult, ...]:
    """Run ``cases`` against a running server; the results in the order of the cases.

    ``patience`` multiplies every deadline. ``on_outcome`` is told each result as soon as it stands, and once more where
    a crash has voided it. The server may be left dead or stalled: whoever started it stops it.
    """
    return await _Examination(server, concurrency, patience, on_outcome).run(cases)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of one case, and the conversation that shows what was found."""

    finding: Finding
    talk: Conversation | None
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether there is nothing to say against the server."""
        return self.finding.outcome is Outcome.PASS


class _Examination:
    """All cases against one server."""

    def __init__(self, server: ServerHandle, concurrency: int, patience: float, on_outcome: OnOutcome | None) -> None:
        self._server = server
        self._concurrency = concurrency
        self._patience = patience
        self._on_outcome = on_outcome
        self._results: dict[str, CaseResult] = {}

    async def run(self, cases: Sequence[Case]) -> tuple[CaseResult, ...]:
        attempts = await self._side_by_side([case for case in cases if not case.alone])
        undecided = [case for case in cases if case.name not in self._results]
        for case in sorted(undecided, key=lambda case: not case.alone):
            await self._decide(case, attempts.get(case.name))
        return tuple(self._results[case.name] for case in cases)

    async def _side_by_side(self, cases: Sequence[Case]) -> dict[str, Attempt]:
        """Run cases together until all have ended or the server has died; those findings against it that may stand."""
        waiting = sorted(cases, key=lambda case: case.deadline_s)
        running: dict[asyncio.Task[Attempt], Case] = {}
        attempts: dict[str, Attempt] = {}
        try:
            while (waiting or running) and self._server.alive():
                while waiting and len(running) < self._concurrency:
                    case = waiting.pop()
                    running[asyncio.create_task(attempt(self._server, case, self._patience))] = case
                ended, _ = await asyncio.wait(running, timeout=0.1, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    case, tried = running.pop(task), task.result()
                    if tried.passed:
                        self._stands(case, tried, 1)
                    else:
                        attempts[case.name] = tried
        finally:
            await _cancelled(*running)
        responsive = not attempts or await responds(self._server, self._patience)
        if not await survives(self._server, 0.0 if responsive else DYING_S):
            self._results.clear()
            return {}
        return attempts if responsive else {}

    async def _decide(self, case: Case, tried: Attempt | None) -> None:
        """Try a case alone: once if it passes, and until there are two findings against the server if not."""
        times = 1
        if tried is None:
            fresh = not (case.alone and self._server.alive() and await responds(self._server, self._patience))
            tried = await attempt_alone(self._server, case, self._patience, fresh=fresh)
        if not tried.passed:
            again = await attempt_alone(self._server, case, 2 * self._patience)
            finding = settled(tried.finding, again.finding)
            shows = again if finding.outcome is again.finding.outcome else tried
            tried = replace(shows, finding=finding, seconds=tried.seconds + again.seconds)
            times = 2
        self._stands(case, tried, times)

    def _stands(self, case: Case, tried: Attempt, times: int) -> None:
        finding, talk = tried.finding, tried.talk
        result = CaseResult(
            case=case.name,
            outcome=finding.outcome,
            detail=finding.detail,
            fault=finding.fault,
            ending=talk.ending if talk else None,
            events=kept(talk.events) if talk else (),
            seconds=round(tried.seconds, 3),
            attempts=times,
            figures=finding.figures,
        )
        self._results[case.name] = result
        if self._on_outcome is not None:
            self._on_outcome(result)


async def attempt(server: ServerHandle, case: Case, patience: float) -> Attempt:
    """One run of a case, whatever else is going on."""
    started = time.monotonic()
    observation = await observe(server, case, patience)
    finding = case.judge(observation)
    talks = observation.conversations
    talk = talks[finding.conversation] if finding.conversation < len(talks) else None
    return Attempt(finding, talk, time.monotonic() - started)


async def attempt_alone(server: ServerHandle, case: Case, patience: float, *, fresh: bool = True) -> Attempt:
    """One run of a case with the server to itself: if the server dies or falls silent, it is this case's doing."""
    if fresh:
        await asyncio.to_thread(server.restart)
    tried = await attempt(server, case, patience)
    responsive = tried.passed and await responds(server, patience)
    if not await survives(server, 0.0 if responsive else DYING_S):
        reason = server.exit_reason() or "the server died"
        return replace(tried, finding=failed(Fault.CRASHED, f"{reason}; {tried.finding.detail}"))
    if tried.passed and not responsive:
        detail = f"{tried.finding.detail}; afterwards the server does not answer a GET"
        return replace(tried, finding=failed(Fault.STALLED, detail))
    return tried


async def responds(server: ServerHandle, patience: float = 1.0) -> bool:
    """Whether a GET on a connection of its own is answered at all."""
    talk = await converse(server.address, _PROBE, PROBE_S * patience)
    return bool(talk.reading.responses)


async def survives(server: ServerHandle, within_s: float = 0.0) -> bool:
    """Whether the server is alive, after it has had ``within_s`` to die in."""
    until = time.monotonic() + within_s
    while server.alive():
        if time.monotonic() >= until:
            return True
        await asyncio.sleep(0.05)
    return False


async def observe(server: ServerHandle, case: Case, patience: float) -> Observation:
    """All exchanges of a case, ``at_once`` of them at a time; none after one that ran into its deadline."""
    deadline_s = case.deadline_s * patience
    watch = _MemoryWatch(server)
    talks: list[Conversation] = []
    async with contextlib.AsyncExitStack() as stack:
        if case.watches_memory:
            await stack.enter_async_context(watch)
        for first in range(0, len(case.exchanges), case.at_once):
            batch = case.exchanges[first : first + case.at_once]
            talks += await asyncio.gather(*(converse(server.address, exchange, deadline_s) for exchange in batch))
            if any(talk.ending in {Ending.DEADLINE, Ending.REFUSED} for talk in talks):
                break
    return Observation(tuple(talks), watch.growth_bytes)


async def converse(address: Address, exchange: Exchange, deadline_s: float) -> Conversation:
    """One exchange on one connection, closed when this returns, which is by the deadline."""
    talk = _Talk(exchange)
    sock: socket.socket | None = None
    try:
        async with asyncio.timeout(deadline_s):
            sock = await _connected(address, small_window=exchange.read_after_s > 0)
            await talk.run(sock)
    except TimeoutError:
        talk.ending = Ending.DEADLINE if sock is not None else Ending.REFUSED
    except ConnectionError:
        talk.ending = Ending.RESET if sock is not None else Ending.REFUSED
    finally:
        if sock is not None:
            sock.close()
    return talk.conversation()


class _Talk:
    """One connection, while it lasts: a writer that follows the steps, and a reader beside it."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
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
                await asyncio.sleep(self._exchange.read_after_s)
            while True:
                receiving = receiving or asyncio.create_task(_receive(sock))
                tasks = {receiving} if writing.done() else {receiving, writing}
                quiet = writing.done() and self._quiet()
                ended, _ = await asyncio.wait(
                    tasks, timeout=QUIET_S if quiet else None, return_when=asyncio.FIRST_COMPLETED
                )
                if not ended:
                    return
                if receiving in ended:
                    data, receiving = receiving.result(), None
                    if self._take(data):
                        return
        finally:
            await _cancelled(*(task for task in (writing, receiving) if task is not None))

    def conversation(self) -> Conversation:
        """What there is to judge."""
        elapsed = None
        if self._first_sent_s is not None and self._last_received_s is not None:
            elapsed = self._last_received_s - self._first_sent_s
        self._note(EventKind.ENDED, str(self.ending).encode())
        return Conversation(tuple(self._events), self._reader.reading, self.ending, tuple(self._awaited), elapsed)

    def _quiet(self) -> bool:
        """Whether nothing more is expected, so that a short silence ends the exchange."""
        return self._reader.flawed or (self._enough is not None and self._complete >= self._enough)

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

    async def _write(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            for step in self._exchange.steps:
                match step:
                    case Send(data):
                        self._note(EventKind.SENT, data)
                        self._first_sent_s = self._first_sent_s or self._now()
                        await loop.sock_sendall(sock, data)
                    case Pause(seconds):
                        await asyncio.sleep(seconds)
                    case Await(responses, within_s):
                        self._awaited.append(await self._completes(responses, within_s))
                    case HalfClose():
                        self._note(EventKind.HALF_CLOSED)
                        sock.shutdown(socket.SHUT_WR)
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


class _MemoryWatch:
    """By how much the server's memory grew, at most, while this context lasted."""

    def __init__(self, server: ServerHandle) -> None:
        self._server = server
        self._before: int | None = None
        self._peak = 0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._before = await asyncio.to_thread(self._server.memory_bytes)
        self._task = asyncio.create_task(self._watch())

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            await _cancelled(self._task)

    @property
    def growth_bytes(self) -> int | None:
        """``None`` where it was not measured."""
        return None if self._before is None else max(0, self._peak - self._before)

    async def _watch(self) -> None:
        while True:
            now = await asyncio.to_thread(self._server.memory_bytes)
            self._peak = max(self._peak, now or 0)
            await asyncio.sleep(0.25)


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
    found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    family, kind, protocol, _, place = found[0]
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


async def _receive(sock: socket.socket) -> bytes:
    return await asyncio.get_running_loop().sock_recv(sock, _RECEIVE_BYTES)


async def _cancelled(*tasks: asyncio.Task[object]) -> None:
    """Cancel tasks and see them end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
