"""Cases against a server: side by side where they may be, alone where they must.

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
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from runner.conformance.case import (
    Case,
    CaseResult,
    Conversation,
    Ending,
    Exchange,
    Fault,
    Finding,
    Observation,
    Outcome,
    Send,
)
from runner.conformance.judge import failed, settled
from runner.conformance.talk import cancelled, converse, kept
from runner.record.trial import Address

DYING_S: Final = 0.5
"""How long a process may take to be seen dead after its connections are gone."""

PROBE_S: Final = 3.0
"""How long a plain GET may take before the server counts as silent."""

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
            await cancelled(*running)
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
            await cancelled(self._task)

    @property
    def growth_bytes(self) -> int | None:
        """``None`` where it was not measured."""
        return None if self._before is None else max(0, self._peak - self._before)

    async def _watch(self) -> None:
        while True:
            now = await asyncio.to_thread(self._server.memory_bytes)
            self._peak = max(self._peak, now or 0)
            await asyncio.sleep(0.25)
