"""One trial: start a server, check it, load it, stop it. Whatever the server does, what was seen comes back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from runner.errors import RecordError
from runner.hosts.host import ServerOrder
from runner.hosts.loading import Settings
from runner.hosts.place import Place
from runner.judging import settling, waiting
from runner.machine import facts
from runner.record import store
from runner.record.adapter import Environment
from runner.record.plan import Cell, Purpose
from runner.record.trial import (
    Address,
    Check,
    Exit,
    Failure,
    Load,
    Opened,
    Phases,
    Placement,
    ServerUsage,
    Surroundings,
    Trial,
    Upstream,
    Verdict,
    WarmUp,
)
from runner.serving import server, upstream

LEASE_S = 120.0
"""How much longer than its load may take a server on another machine runs if nobody asks for it any more."""


@dataclass(slots=True)
class _Seen:
    """What a trial has observed so far."""

    check: Check | None = None
    load: Load | None = None
    usage: ServerUsage | None = None
    surroundings: Surroundings | None = None
    failure: Failure | None = None
    upstream: Upstream | None = None
    opened: Opened | None = None
    warm_up: WarmUp | None = None
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(Phases.__dataclass_fields__, 0.0))


def measure(
    environment: Environment,
    cell: Cell,
    settings: Settings,
    *,
    number: int,
    round_: int,
    rate: float | None = None,
    place: Place | None = None,
) -> Trial:
    """One load of ``cell`` on a freshly started server; of a paced cell, at ``rate`` requests/s.

    ``place``: where, this machine unless told. Raises :class:`runner.hosts.host.HostLostError` where that is not there
    any more; what was observed of the trial is then gone with it.
    """
    place = place or Place.here(settings.folder)
    folder = settings.folder / store.LOGS / cell.id
    try:
        for level in (folder.parent, folder):  # a run's folder that was removed is not made again, without its head
            level.mkdir(exist_ok=True)
    except OSError as error:
        raise RecordError(f"cannot write {folder}: {error.strerror}") from None
    stem = f"{store.LOGS}/{cell.id}/{number:03}" + (
        "" if settings.purpose is Purpose.MEASURE else f"-{settings.purpose}"
    )
    if place.pair is not None:
        stem += f"-{place.pair}"  # each pair counts its own trials
    started_at = facts.now()
    settings = replace(settings, placement=_narrowed(settings, cell.workers))
    if not environment.compiles or settings.purpose is Purpose.VERIFY:
        settings = replace(settings, settle_s=0)
    seen = _Seen()
    clock = _Stopwatch(seen.seconds)
    ended = None
    try:
        with place.waited_for(settings, f"{stem}-upstream.log") as url:
            order = _order(environment, cell, settings, f"{stem}-server.log", url)
            address = place.server.start(order)
            clock("start")
            try:
                _check_and_load(place, address, cell, settings, stem, seen=seen, clock=clock, rate=rate)
            finally:
                ended = place.server.end(order.log)
                clock("stop")
    except server.StartError as error:
        seen.failure = Failure(Verdict.UNAVAILABLE, str(error))
        clock("start")
        ended = place.server.end(f"{stem}-server.log")
    return Trial(
        cell=cell,
        number=number,
        round=round_,
        started_at=started_at,
        phases=Phases(**seen.seconds),
        check=seen.check,
        load=seen.load,
        server=seen.usage,
        exit=ended.exit,
        surroundings=seen.surroundings,
        failure=seen.failure or _crash(ended.exit),
        errors=ended.errors,
        log=ended.log,
        purpose=settings.purpose,
        placement=settings.placement,
        upstream=seen.upstream,
        opened=seen.opened,
        warm_up=seen.warm_up,
        pair=place.pair,
    )


def _narrowed(settings: Settings, workers: int) -> Placement:
    """The CPUs of a run's largest cell for one of fewer workers: what it has then is the same in every run."""
    cpus = max(workers, settings.server_cpus or 1)
    return replace(settings.placement, server=settings.placement.server[:cpus])


def _order(environment: Environment, cell: Cell, settings: Settings, log: str, url: str | None) -> ServerOrder:
    """What is to be started. A server that waits may open a connection to its upstream for each request under way."""
    adapter, most = environment.adapter, 0
    if adapter.client is not None:
        limit = adapter.max_clients if cell.max_clients is None else cell.max_clients
        most = waiting.under_way(adapter.client, connections=cell.connections, workers=cell.workers, max_clients=limit)
    return ServerOrder(
        environment=environment,
        workers=cell.workers,
        cpus=settings.placement.server,
        port=settings.port,
        log=log,
        variables=upstream.variables(cell, url) if url is not None else {},
        descriptors=(
            cell.connections + most + facts.SPARE_DESCRIPTORS,
            f"{cell.connections} connections" + (f", and {most} to its upstream," if adapter.client else ""),
        ),
        lease_s=LEASE_S + settings.warm_up_s + settings.settle_s + settings.duration_s,
    )


def _check_and_load(
    place: Place,
    address: Address,
    cell: Cell,
    settings: Settings,
    stem: str,
    *,
    seen: _Seen,
    clock: Callable[[str], None],
    rate: float | None,
) -> None:
    seen.check = place.generators[0].check(address, cell, settings)
    clock("check")
    if seen.check.failure and seen.check.failure.verdict is Verdict.REFUSED:
        seen.failure = seen.check.failure
        return
    if settings.warm_up_s:
        place.load(address, cell, replace(settings, duration_s=settings.warm_up_s), stem, rate)
        clock("warm_up")
    if settings.settle_s:
        seen.warm_up = _settle(place, address, cell, settings, stem)
        clock("warm_up")
    waits = settings.service is not None
    place.watch(settings.placement, address.port)
    place.server.mark()
    if waits:
        place.generators[0].mark_upstream()
        place.server.glance(address.port, settings.duration_s / 2)
    seen.load, seen.failure = place.load(address, cell, settings, stem, rate)
    clock("load")
    if waits:
        seen.opened = place.server.glanced()
    seen.usage = place.server.used()
    if waits:
        seen.upstream = place.generators[0].upstream_used()
    seen.surroundings = place.watched(seen.usage, seen.upstream)


def _settle(place: Place, address: Address, cell: Cell, settings: Settings, stem: str) -> WarmUp:
    """Load a server, closed, for a second at a time until its rate settles, or there is no time left for another."""
    rates: list[float] = []
    step = replace(settings, duration_s=settling.STEP_S)
    while not settling.settled(rates) and (len(rates) + 1) * settling.STEP_S <= settings.settle_s:
        seen, _ = place.load(address, cell, step, stem, None)
        if seen is None:
            break
        rates.append(seen.requests_per_second)
    return WarmUp(settling.STEP_S, tuple(rates), settling.settled(rates))


def _crash(exit_: Exit | None) -> Failure | None:
    """A server that ended before it was told to."""
    if exit_ is None or not exit_.before_stop:
        return None
    return Failure(Verdict.CRASHED, str(exit_))


class _Stopwatch:
    """Adds the wall time since the last lap to a phase."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self._seconds = seconds
        self._last = time.monotonic()

    def __call__(self, phase: str) -> None:
        now = time.monotonic()
        self._seconds[phase] += now - self._last
        self._last = now
