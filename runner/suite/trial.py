"""One trial: start a server, check it, load it, stop it. Whatever the server does, what was seen comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from runner.conformance.running import check
from runner.errors import RecordError
from runner.judging import settling, waiting
from runner.machine import facts
from runner.record import store
from runner.record.adapter import Environment
from runner.record.plan import Cell, Purpose
from runner.record.trial import (
    Check,
    Exit,
    Failure,
    Load,
    LogError,
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
from runner.serving import errorlog, procfs, server, upstream
from runner.serving.server import Server
from runner.suite.loading import Settings, body, fields, load


@dataclass(slots=True)
class _Seen:
    """What a trial has observed so far."""

    check: Check | None = None
    load: Load | None = None
    usage: ServerUsage | None = None
    exit: Exit | None = None
    surroundings: Surroundings | None = None
    failure: Failure | None = None
    errors: tuple[LogError, ...] = ()
    upstream: Upstream | None = None
    opened: Opened | None = None
    warm_up: WarmUp | None = None
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(Phases.__dataclass_fields__, 0.0))


def measure(
    environment: Environment, cell: Cell, settings: Settings, *, number: int, round_: int, rate: float | None = None
) -> Trial:
    """One load of ``cell`` on a freshly started server; of a paced cell, at ``rate`` requests/s."""
    folder = settings.folder / store.LOGS / cell.id
    try:
        for level in (folder.parent, folder):  # a run's folder that was removed is not made again, without its head
            level.mkdir(exist_ok=True)
    except OSError as error:
        raise RecordError(f"cannot write {folder}: {error.strerror}") from None
    stem = f"{number:03}" + ("" if settings.purpose is Purpose.MEASURE else f"-{settings.purpose}")
    log = folder / f"{stem}-server.log"
    started_at = facts.now()
    settings = replace(settings, placement=_narrowed(settings, cell.workers))
    if not environment.adapter.compiles or settings.purpose is Purpose.VERIFY:
        settings = replace(settings, settle_s=0)
    seen = _Seen()
    clock = _Stopwatch(seen.seconds)
    try:
        _allow_descriptors(environment, cell)
        with (
            _upstream(settings, folder / f"{stem}-upstream.log") as waited_for,
            server.running(
                environment,
                log=log,
                workers=cell.workers,
                cpus=settings.placement.server,
                port=settings.port,
                variables=upstream.variables(cell, waited_for.url) if waited_for else None,
            ) as running,
        ):
            clock("start")
            try:
                _check_and_load(running, waited_for, cell, settings, folder / stem, seen=seen, clock=clock, rate=rate)
            finally:
                seen.exit = running.stop()
                clock("stop")
    except server.StartError as error:
        seen.failure = Failure(Verdict.UNAVAILABLE, str(error))
        clock("start")
    seen.errors = errorlog.summarize(log.read_text(errors="replace")) if log.exists() else ()
    return Trial(
        cell=cell,
        number=number,
        round=round_,
        started_at=started_at,
        phases=Phases(**seen.seconds),
        check=seen.check,
        load=seen.load,
        server=seen.usage,
        exit=seen.exit,
        surroundings=seen.surroundings,
        failure=seen.failure or _crash(seen.exit),
        errors=seen.errors,
        log=str(log.relative_to(settings.folder)) if log.exists() and log.stat().st_size else None,
        purpose=settings.purpose,
        placement=settings.placement,
        upstream=seen.upstream,
        opened=seen.opened,
        warm_up=seen.warm_up,
    )


def _narrowed(settings: Settings, workers: int) -> Placement:
    """The CPUs of a run's largest cell for one of fewer workers: what it has then is the same in every run."""
    cpus = max(workers, settings.server_cpus or 1)
    return replace(settings.placement, server=settings.placement.server[:cpus])


def _allow_descriptors(environment: Environment, cell: Cell) -> None:
    """Let a server open a connection to its upstream for each request that it may have under way.

    Raises :class:`runner.serving.server.StartError` where the machine does not: it is then not measured.
    """
    client = environment.adapter.client
    if client is None:
        return
    limit = environment.adapter.max_clients if cell.max_clients is None else cell.max_clients
    most = waiting.under_way(client, connections=cell.connections, workers=cell.workers, max_clients=limit)
    if lacking := facts.allow_descriptors(cell.connections + most + facts.SPARE_DESCRIPTORS):
        raise server.StartError(f"{cell.connections} connections, and {most} to its upstream, need {lacking}")


@contextmanager
def _upstream(settings: Settings, log: Path) -> Iterator[upstream.Running | None]:
    """What the server waits for, in the scenario where it waits."""
    if settings.service is None:
        yield None
        return
    cpus = settings.placement.generator
    with upstream.running(settings.service, delay_us=settings.delay_us, log=log, cpus=cpus) as started:
        yield started


def _check_and_load(
    running: Server,
    waited_for: upstream.Running | None,
    cell: Cell,
    settings: Settings,
    stem: Path,
    *,
    seen: _Seen,
    clock: Callable[[str], None],
    rate: float | None,
) -> None:
    deadline_s = check.DEADLINE_S + settings.delay_us / 1e6
    seen.check = check.quick_check(
        running.address, cell.depth, body=body(settings), deadline_s=deadline_s, fields=fields(cell)
    )
    clock("check")
    if seen.check.failure and seen.check.failure.verdict is Verdict.REFUSED:
        seen.failure = seen.check.failure
        return
    if settings.warm_up_s:
        load(running.address, cell, replace(settings, duration_s=settings.warm_up_s), stem, rate=rate)
        clock("warm_up")
    if settings.settle_s:
        seen.warm_up = _settle(running, cell, settings, stem)
        clock("warm_up")
    load_average = facts.load_average()
    measuring_cpus = {*settings.placement.server, *settings.placement.generator}
    port = running.address.port
    before, mark = facts.snapshot(measuring_cpus, port), running.mark()
    counted = waited_for.mark() if waited_for else None
    if waited_for is None:
        seen.load, seen.failure = load(running.address, cell, settings, stem, rate=rate)
    else:
        with _Glance(port, settings.duration_s / 2) as glance:
            seen.load, seen.failure = load(running.address, cell, settings, stem, rate=rate)
        seen.opened = glance.seen
    clock("load")
    seen.usage = running.usage_since(mark)
    if waited_for and counted:
        seen.upstream = waited_for.since(counted)
    after = facts.snapshot(measuring_cpus, port)
    ours = None
    if seen.usage.cpu_ns is not None:
        ours = seen.usage.cpu_ns + ((seen.upstream.cpu_ns or 0) if seen.upstream else 0)
    seen.surroundings = facts.surroundings(before, after, load_average=load_average, server_cpu_ns=ours)


def _settle(running: Server, cell: Cell, settings: Settings, stem: Path) -> WarmUp:
    """Load a server, closed, for a second at a time until its rate settles, or there is no time left for another."""
    rates: list[float] = []
    step = replace(settings, duration_s=settling.STEP_S)
    while not settling.settled(rates) and (len(rates) + 1) * settling.STEP_S <= settings.settle_s:
        seen, _ = load(running.address, cell, step, stem)
        if seen is None:
            break
        rates.append(seen.requests_per_second)
    return WarmUp(settling.STEP_S, tuple(rates), settling.settled(rates))


def _crash(exit_: Exit | None) -> Failure | None:
    """A server that ended before it was told to."""
    if exit_ is None or not exit_.before_stop:
        return None
    return Failure(Verdict.CRASHED, str(exit_))


class _Glance:
    """Looks once, in the middle of a load, at the connections to a port."""

    def __init__(self, port: int, after_s: float) -> None:
        self.seen: Opened | None = None
        self._port = port
        self._timer = threading.Timer(after_s, self._look)

    def _look(self) -> None:
        self.seen = Opened(*procfs.connections(self._port))

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()


class _Stopwatch:
    """Adds the wall time since the last lap to a phase."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self._seconds = seconds
        self._last = time.monotonic()

    def __call__(self, phase: str) -> None:
        now = time.monotonic()
        self._seconds[phase] += now - self._last
        self._last = now
