"""Cases against a server: side by side where they may be, alone where they must.

Publishing a false accusation is worse than missing a fault, and a slow machine produces them. So:

- what others need (``Case.needs``) comes first, and what it settles is not asked again;
- then cases run side by side, the slow ones first, on a server that blocks one after the other; those that judge time,
  or load it (``alone``), by themselves afterwards;
- whatever is not a pass is tried again, alone, with twice the time, on a server that has answered a plain GET since,
  and one started afresh where anything had stalled; a fail stands only if it repeats
  (:func:`runner.conformance.judge.settled`), but for a race, where one loss is proof;
- a crash ends the side-by-side part and voids it, passes too, since the case that killed the server may have passed
  first; so does a server that no longer answers. Those cases are then tried alone, so that a crash or a hang is put
  down to the case that brings it about.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
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
    Exchange,
    Fault,
    Finding,
    Meet,
    Observation,
    Outcome,
    Pause,
    Race,
    Raced,
    Send,
)
from runner.conformance.judge import failed, settled
from runner.conformance.running.talk import KEPT_BYTES, Batch, cancelled, converse, kept
from runner.record.trial import Address

DYING_S: Final = 0.5
"""How long a process may take to be seen dead after its connections are gone."""

PROBE_S: Final = 3.0
"""How long a plain GET may take before the server counts as silent."""

HUNG_PATIENCE: Final = 3.0
"""So much longer is waited before it counts as hung for good."""

ENOUGH_SILENCE: Final = 3
"""After so many spellings that met their deadlines, or as many as run side by side, the rest of a case is hurried."""
HURRY: Final = 1 / 3
"""The share of its deadline that each of the rest has: a server that waits at one may be at fault at another."""
ENOUGH_HURRIED: Final = 8
"""After so many waves of the rest in which one met that deadline too, what is left of a case is not tried."""

PASS_BYTES: Final = 1024
"""How much of one direction's bytes is kept where a case passes."""

_SLEEPER: Final = Exchange((Send(b"GET /sleep/400/a HTTP/1.1\r\nHost: x\r\n\r\n"), Meet()), ("GET",))
_AWAKE: Final = Exchange(
    (Meet(), Pause(0.05), Send(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), Await(1, 0.25)), ("GET",)
)
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

    @property
    def grave(self) -> bool:
        """Whether the server may not be what it was before."""
        return self.finding.fault in {Fault.CRASHED, Fault.HUNG, Fault.STALLED}


class _Examination:
    """All cases against one server."""

    def __init__(self, server: ServerHandle, concurrency: int, patience: float, on_outcome: OnOutcome | None) -> None:
        self._server = server
        self._concurrency = concurrency
        self._patience = patience
        self._on_outcome = on_outcome
        self._results: dict[str, CaseResult] = {}
        self._clean = True

    async def run(self, cases: Sequence[Case]) -> tuple[CaseResult, ...]:
        if not await responds(self._server, self._patience) and await self._deaf(cases):
            return tuple(self._results[case.name] for case in cases)
        settling = {name for case in cases for name in case.needs}
        for case in cases:
            if case.name in settling and not self._settled(case):
                await self._decide(case, None)
        if self._concurrency > 1 and len(cases) > len(self._results) + 1 and await blocks(self._server, self._patience):
            self._concurrency = 1
        asked = [case for case in cases if case.name not in self._results and not self._settled(case)]
        attempts = await self._side_by_side([case for case in asked if not case.alone])
        undecided = [case for case in cases if case.name not in self._results]
        for case in sorted(undecided, key=lambda case: not case.alone):
            await self._decide(case, attempts.get(case.name))
        return tuple(self._results[case.name] for case in cases)

    def _settled(self, case: Case) -> bool:
        """Whether an earlier case showed that this one can tell nothing; then that is its result."""
        known = [self._results[name] for name in case.needs if name in self._results]
        shows = next((one for one in known if one.outcome in {Outcome.FAIL, Outcome.UNTRIED}), None)
        if shows is not None:
            self._untried(case, f"not tried: {shows.case} fails")
        return shows is not None

    async def _deaf(self, cases: Sequence[Case]) -> bool:
        """Whether not even one GET is answered, afresh either: then the first case shows it, and nothing else is asked.

        A server that dies of the GET is none of these.
        """
        await asyncio.to_thread(self._server.restart)
        if await responds(self._server, self._patience) or not self._server.alive():
            return False
        tried = await attempt(self._server, cases[0], self._patience)
        if tried.passed:
            return False
        self._stands(cases[0], tried, 1)
        for case in cases[1:]:
            self._untried(case, "not tried: the server does not answer one GET")
        return True

    async def _side_by_side(self, cases: Sequence[Case]) -> dict[str, Attempt]:
        """Run cases together until all have ended, or the server has died or answers nobody.

        Returned are the findings against it that may stand. Whatever ended since the server last answered a plain GET
        may be what silenced it, and is void.
        """
        waiting = sorted(cases, key=lambda case: case.deadline_s, reverse=self._concurrency == 1)
        running: dict[asyncio.Task[Attempt], Case] = {}
        sure: dict[str, Attempt] = {}
        recent: dict[str, Attempt] = {}
        answers = True
        try:
            while (waiting or running) and answers and self._server.alive():
                while waiting and len(running) < self._concurrency:
                    case = waiting.pop()
                    running[asyncio.create_task(self._attempt(case))] = case
                ended, _ = await asyncio.wait(running, timeout=0.1, return_when=asyncio.FIRST_COMPLETED)
                recent |= {running.pop(task).name: task.result() for task in ended}
                if ended and (answers := await responds(self._server, self._patience)):
                    sure |= recent
                    recent.clear()
        finally:
            await cancelled(*running)
        self._clean = answers and self._server.alive()
        if not await survives(self._server, 0.0 if answers else DYING_S):
            self._clean = False
            return {}
        for case in cases:
            if case.name in sure and sure[case.name].passed:
                self._stands(case, sure[case.name], 1)
        return sure

    async def _attempt(self, case: Case) -> Attempt:
        apart = self._concurrency == 1 and not case.together
        return await attempt(self._server, replace(case, at_once=1) if apart else case, self._patience)

    async def _decide(self, case: Case, tried: Attempt | None) -> None:
        """Try a case alone: once if it passes, and until there are two findings against the server if not."""
        times = 1
        apart = case if case.together else replace(case, at_once=1)
        if tried is None:
            fresh = not (self._clean and self._server.alive() and await responds(self._server, self._patience))
            tried = await self._alone(apart, self._patience, fresh=fresh)
        if not tried.passed and not (case.race and tried.finding.outcome is Outcome.FAIL):
            again = await self._alone(apart, 2 * self._patience, fresh=not self._clean or tried.grave)
            if again.grave and not tried.grave:
                again = await self._alone(apart, 2 * self._patience, fresh=True)
            finding = settled(tried.finding, again.finding)
            shows = again if finding.outcome is again.finding.outcome else tried
            tried = replace(shows, finding=finding, seconds=tried.seconds + again.seconds)
            times = 2
        self._stands(case, tried, times)

    async def _alone(self, case: Case, patience: float, *, fresh: bool) -> Attempt:
        tried = await attempt_alone(self._server, case, patience, fresh=fresh)
        self._clean = not tried.grave
        return tried

    def _stands(self, case: Case, tried: Attempt, times: int) -> None:
        finding, talk = tried.finding, tried.talk
        self._told(
            CaseResult(
                case=case.name,
                outcome=finding.outcome,
                detail=finding.detail,
                fault=finding.fault,
                ending=talk.ending if talk else None,
                events=kept(talk.events, PASS_BYTES if tried.passed else KEPT_BYTES) if talk else (),
                seconds=round(tried.seconds, 3),
                attempts=times,
                figures=finding.figures,
                parts=finding.parts,
            )
        )

    def _untried(self, case: Case, why: str) -> None:
        self._told(CaseResult(case.name, Outcome.UNTRIED, why, None, None, (), 0.0, 0))

    def _told(self, result: CaseResult) -> None:
        self._results[result.case] = result
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
    answers = await responds(server, patience)
    if not await survives(server, 0.0 if answers else DYING_S):
        reason = server.exit_reason() or "the server died"
        return replace(tried, finding=failed(Fault.CRASHED, f"{reason}; {tried.finding.detail}"))
    if not answers and not await responds(server, HUNG_PATIENCE * patience):
        detail = f"{tried.finding.detail}; afterwards the server answers nobody"
        return replace(tried, finding=failed(Fault.HUNG, detail))
    return tried


async def blocks(server: ServerHandle, patience: float = 1.0) -> bool:
    """Whether a GET has to wait for a slow one on another connection: such a server is asked one thing at a time."""
    exchanges = (_SLEEPER, _AWAKE)
    batch = Batch(exchanges)
    talks = await asyncio.gather(*(converse(server.address, one, PROBE_S * patience, batch) for one in exchanges))
    return not (talks[1].awaited and talks[1].awaited[0])


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
    """All exchanges of a case, wave after wave; hurried, and then none, after enough of them met their deadlines."""
    if case.race is not None:
        return await _race(server, case, case.race, patience)
    deadline_s = case.deadline_s * patience
    watch = _MemoryWatch(server)
    talks: list[Conversation] = []
    silent = hurried = 0
    async with contextlib.AsyncExitStack() as stack:
        if case.watches_memory:
            await stack.enter_async_context(watch)
        for exchanges in case.waves:
            hurry = silent >= max(ENOUGH_SILENCE, case.at_once)
            within_s = deadline_s * HURRY if hurry else deadline_s
            batch = Batch(exchanges)
            heard = await asyncio.gather(*(converse(server.address, one, within_s, batch) for one in exchanges))
            talks += heard
            met = sum(talk.ending is Ending.DEADLINE for talk in heard)
            silent += met
            hurried += hurry and met > 0
            enough = hurried == ENOUGH_HURRIED or (case.together and silent > 0)
            if enough or any(talk.ending is Ending.REFUSED for talk in heard):
                break
    return Observation(tuple(talks), watch.growth_bytes)


async def _race(server: ServerHandle, case: Case, race: Race, patience: float) -> Observation:
    """The exchanges in turn, again and again, ``at_once`` of them side by side."""
    tries, lost = [0] * len(case.exchanges), [0] * len(case.exchanges)
    shown: list[Conversation] = []
    until = time.monotonic() + race.seconds
    turns = itertools.cycle(range(len(case.exchanges)))

    async def run() -> None:
        while sum(tries) < race.tries and time.monotonic() < until and server.alive():
            index = next(turns)
            tries[index] += 1
            talk = await converse(server.address, case.exchanges[index], case.deadline_s * patience)
            lost[index] += race.lost(talk)
            if race.lost(talk) or len(shown) == 0:
                shown[:] = [talk] if sum(lost) == race.lost(talk) else shown

    await asyncio.gather(*(run() for _ in range(case.at_once)))
    return Observation(tuple(shown), raced=tuple(map(Raced, tries, lost)))


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
