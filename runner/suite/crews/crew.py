"""Who measures: this machine alone, or pairs of a cluster, several at once. What is to be measured is dealt to them.

One thread a pair does nothing but wait for its trial; dealing, recording and judging are done by the caller's.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from runner.errors import ToolError
from runner.hosts.host import HostLostError
from runner.hosts.loading import Settings
from runner.hosts.place import Place
from runner.judging.schedule import CONFIRMATIONS
from runner.machine import facts
from runner.record.adapter import Environment, Server, Service
from runner.record.plan import Cell
from runner.record.trial import Failure, Phases, Placement, Trial, Verdict
from runner.suite import trial

LOOKS_S = 2.0
"""How often it is looked whether another pair can join, in seconds."""
JOIN_PATIENCE_S = 60.0
"""How long a run without any pair waits for one, in seconds."""


@dataclass(frozen=True, slots=True)
class Job:
    """One trial to be run; ``settings`` are those of the run, where the pair has its own in place of CPUs and paths."""

    cell: Cell
    settings: Settings
    number: int
    round: int
    rate: float | None = None


class Dealer(Protocol):
    """Who says what is to be measured, and is told what was. Called from one thread."""

    def deal(self, block: str | None) -> Job | None:
        """What a pair measures next; ``None`` where there is nothing for it now."""

    def done(self, found: Trial) -> None:
        """A trial has ended."""

    def joined(self, block: str) -> None:
        """Another pair measures from now on."""

    def left(self, block: str) -> None:
        """A pair measures no more."""


class Crew(Protocol):
    """Those that measure a run."""

    @property
    def blocks(self) -> tuple[str | None, ...]:
        """The pairs that measure now; one ``None`` is this machine."""

    def work(self, dealer: Dealer) -> None:
        """Measure until there is nothing left to deal."""


class Alone:
    """This machine, one trial after the other."""

    blocks: tuple[str | None, ...] = (None,)

    def __init__(
        self, environments: Mapping[Server, Environment], refuse_edited: Callable[[Environment], None]
    ) -> None:
        self._environments = environments
        self._refuse_edited = refuse_edited

    def work(self, dealer: Dealer) -> None:
        """As :meth:`Crew.work`."""
        while (job := dealer.deal(None)) is not None:
            made = self._environments[job.cell.server]
            self._refuse_edited(made)
            dealer.done(trial.measure(made, job.cell, job.settings, number=job.number, round_=job.round, rate=job.rate))


@dataclass(frozen=True, slots=True)
class Member:
    """A pair that is ready to measure."""

    place: Place
    placement: Placement
    environments: Mapping[Server, Environment]
    volley: Service | None
    service: Service | None = None

    @property
    def name(self) -> str:
        """The pair in the record."""
        return self.place.pair or ""

    def measure(self, job: Job) -> Trial:
        """One trial, with this pair's CPUs and programs."""
        settings = replace(job.settings, placement=self.placement, volley=self.volley, service=self.service)
        made = self.environments[job.cell.server]
        return trial.measure(
            made, job.cell, settings, number=job.number, round_=job.round, rate=job.rate, place=self.place
        )


class Recruiter(Protocol):
    """Who knows what other pairs there are."""

    def joining(self) -> Member | None:
        """Another pair, made ready; ``None`` where there is none that is wanted."""

    def lost(self, member: Member, job: Job | None, reason: str) -> None:
        """A pair that cannot be asked any more: note it, and give back what is left of it."""


class OnPairs:
    """Pairs of a cluster, each with one trial under way.

    A trial that a lost pair did not finish is dealt again, elsewhere or to the same nodes once they are back. Where the
    same cell has cost :data:`runner.judging.schedule.CONFIRMATIONS` pairs, it is the cell, and its trial has failed.
    """

    def __init__(self, members: list[Member], recruiter: Recruiter) -> None:
        self._members = {member.name: member for member in members}
        self._recruiter = recruiter
        self._ended: queue.SimpleQueue[tuple[Member, Job, Trial | BaseException]] = queue.SimpleQueue()
        self._cost: Counter[Cell] = Counter()
        self._recruits: queue.SimpleQueue[Member | BaseException | None] = queue.SimpleQueue()
        self._recruiting = False
        self._looked = time.monotonic()

    @property
    def blocks(self) -> tuple[str | None, ...]:
        """The pairs that measure now."""
        return tuple(self._members)

    def work(self, dealer: Dealer) -> None:
        """As :meth:`Crew.work`."""
        busy: set[str] = set()
        alone_since: float | None = None
        while True:
            for name, member in self._members.items():
                if name not in busy and (job := dealer.deal(name)) is not None:
                    busy.add(name)
                    threading.Thread(target=self._measure, args=(member, job), daemon=True).start()
            if self._members:
                alone_since = None
                if not busy:
                    return
            else:
                alone_since = alone_since or time.monotonic()
                if time.monotonic() - alone_since > JOIN_PATIENCE_S:
                    raise ToolError(f"no pair of nodes is left, and none has joined within {JOIN_PATIENCE_S:g} s")
            self._look_for_others(dealer)
            try:
                member, job, found = self._ended.get(timeout=LOOKS_S)
            except queue.Empty:
                continue
            busy.discard(member.name)
            self._take(member, job, found, dealer)

    def _take(self, member: Member, job: Job, found: Trial | BaseException, dealer: Dealer) -> None:
        if isinstance(found, Trial):
            dealer.done(found)
        elif isinstance(found, HostLostError):
            self._members.pop(member.name, None)
            self._recruiter.lost(member, job, str(found))
            self._cost[job.cell] += 1
            if self._cost[job.cell] >= CONFIRMATIONS:
                dealer.done(_cost_its_host(member, job, str(found)))
            dealer.left(member.name)
        else:
            raise found

    def _measure(self, member: Member, job: Job) -> None:
        try:
            found: Trial | BaseException = member.measure(job)
        except BaseException as error:  # noqa: BLE001 - raised again where trials are taken
            found = error
        self._ended.put((member, job, found))

    def _look_for_others(self, dealer: Dealer) -> None:
        """Let a pair join that was made ready meanwhile, and now and then look whether there is another."""
        try:
            found = self._recruits.get_nowait()
        except queue.Empty:
            if not self._recruiting and time.monotonic() - self._looked >= LOOKS_S:
                self._recruiting = True
                threading.Thread(target=self._recruit, daemon=True).start()
            return
        self._recruiting, self._looked = False, time.monotonic()
        if isinstance(found, BaseException):
            raise found
        if found is not None:
            self._members[found.name] = found
            dealer.joined(found.name)

    def _recruit(self) -> None:
        try:
            self._recruits.put(self._recruiter.joining())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self._recruits.put(error)


def _cost_its_host(member: Member, job: Job, reason: str) -> Trial:
    """The trial of a cell under which hosts were lost again and again."""
    return Trial(
        cell=job.cell,
        number=job.number,
        round=job.round,
        started_at=facts.now(),
        phases=Phases(0, 0, 0, 0, 0),
        check=None,
        load=None,
        server=None,
        exit=None,
        surroundings=None,
        failure=Failure(
            Verdict.UNAVAILABLE, f"its host was lost {CONFIRMATIONS} times while it was measured: {reason}"
        ),
        errors=(),
        log=None,
        purpose=job.settings.purpose,
        placement=member.placement,
        pair=member.name,
    )
