"""One trial: start a server, check it, load it, stop it. Whatever the server does, what was seen comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from runner import project
from runner.conformance import check
from runner.errors import RecordError
from runner.judging import settling, waiting
from runner.load import h2load, wrk
from runner.machine import facts
from runner.record.adapter import Environment, Service
from runner.record.plan import Cell, Headers, Purpose
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
from runner.serving import errorlog, process, procfs, server, upstream
from runner.serving.server import Server

LOAD_DEADLINE_S = 15.0
"""How much longer than its load a generator may run before it is killed."""
_OWN = (wrk.SCRIPT, project.BROWSER_FIELDS)
"""Files of ours in a generator's command."""
RESPONSE_TIMEOUT_S = 60.0
"""Latencies beyond this are counted as time-outs and not recorded."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What all trials of a run share. Durations in seconds; ``port`` fixed, or ``None`` for a free one.

    ``purpose``: for a witness, h2load takes the place of wrk. ``service``: what servers of scenario ``upstream`` wait
    for, which takes ``delay_us`` for each request. ``settle_s``: how long a server that compiles is warmed up at most;
    ``server_cpus``: how many CPUs a server has, ``None`` for one a worker.
    """

    placement: Placement
    threads: int
    duration_s: float
    warm_up_s: float
    folder: Path
    port: int | None = None
    purpose: Purpose = Purpose.MEASURE
    service: Service | None = None
    delay_us: int = 0
    settle_s: float = 0
    server_cpus: int | None = None


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


def measure(environment: Environment, cell: Cell, settings: Settings, *, number: int, round_: int) -> Trial:
    """One load of ``cell`` on a freshly started server."""
    folder = settings.folder / "logs" / cell.id
    try:
        folder.mkdir(parents=True, exist_ok=True)
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
                _check_and_load(running, waited_for, cell, settings, folder / stem, seen=seen, clock=clock)
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
) -> None:
    deadline_s = check.DEADLINE_S + settings.delay_us / 1e6
    seen.check = check.quick_check(
        running.address, cell.depth, body=_body(settings), deadline_s=deadline_s, fields=_fields(cell)
    )
    clock("check")
    if seen.check.failure and seen.check.failure.verdict is Verdict.REFUSED:
        seen.failure = seen.check.failure
        return
    if settings.warm_up_s:
        _load(running, cell, settings, settings.warm_up_s, stem)
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
        seen.load, seen.failure = _load(running, cell, settings, settings.duration_s, stem)
    else:
        with _Glance(port, settings.duration_s / 2) as glance:
            seen.load, seen.failure = _load(running, cell, settings, settings.duration_s, stem)
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
    """Load a server for a second at a time until its rate settles, or there is no time left for another."""
    rates: list[float] = []
    while not settling.settled(rates) and (len(rates) + 1) * settling.STEP_S <= settings.settle_s:
        load, _ = _load(running, cell, settings, settling.STEP_S, stem)
        if load is None:
            break
        rates.append(load.requests_per_second)
    return WarmUp(settling.STEP_S, tuple(rates), settling.settled(rates))


def _fields(cell: Cell) -> tuple[str, ...]:
    """The header fields of a cell's requests beside ``Host``."""
    return tuple(project.BROWSER_FIELDS.read_text().splitlines()) if cell.headers is Headers.BROWSER else ()


def _body(settings: Settings) -> bytes:
    """What every response must have."""
    return check.BODY if settings.service is None else upstream.BODY


def _load(
    running: Server, cell: Cell, settings: Settings, duration_s: float, stem: Path
) -> tuple[Load | None, Failure | None]:
    """One load by the run's generator, or by the witness; both leave a record, which is read and removed."""
    by_witness = settings.purpose is Purpose.WITNESS
    generator = "h2load" if by_witness else "wrk"
    record, log = (stem.with_name(f"{stem.name}-{generator}.{suffix}") for suffix in ("record", "log"))
    record.unlink(missing_ok=True)
    threads, address = settings.threads, running.address
    if by_witness:
        argv = h2load.argv(cell, address, threads=threads, duration_s=duration_s, record=record, fields=_fields(cell))
    else:
        argv = wrk.argv(
            cell,
            address,
            threads=threads,
            duration_s=duration_s,
            timeout_s=RESPONSE_TIMEOUT_S,
            record=record,
            verify=_body(settings).decode() if settings.purpose is Purpose.VERIFY else None,
            fields=project.BROWSER_FIELDS if cell.headers is Headers.BROWSER else None,
        )
    deadline_s = duration_s + LOAD_DEADLINE_S
    done = process.run(argv, timeout_s=deadline_s, log=log, cpus=settings.placement.generator)
    if done.timed_out:
        return None, Failure(Verdict.STALLED, f"{generator} did not end within {deadline_s:g} s")
    if done.exit.code == wrk.CANNOT_RECORD and not by_witness:
        why = done.log_problem or (done.output.strip().splitlines() or ["no reason given"])[-1]
        raise RecordError(f"cannot write {record}: {why}: the trials before are kept")
    try:
        text = record.read_text()
        argv = portable(argv, record)
        if by_witness:
            cpu_ns = None if done.cpu_s is None else round(done.cpu_s * 1e9)
            load = h2load.parse(done.output, text, argv=argv, threads=threads, duration_s=duration_s, cpu_ns=cpu_ns)
        else:
            load = wrk.parse(text, argv=argv, threads=threads, connections=cell.connections)
    except (FileNotFoundError, ValueError) as error:
        said = (done.output.strip().splitlines() or [str(error)])[-1]
        return None, Failure(Verdict.REFUSED, f"{generator} {done.exit}: {said}")
    record.unlink()
    return load, None


def portable(argv: Sequence[str], record: Path) -> tuple[str, ...]:
    """A generator's command as a person would type it in a checkout: no folder of this machine is in it."""
    shown = {str(record): record.name} | {str(own): f"{own.parent.name}/{own.name}" for own in _OWN}
    for path, name in shown.items():
        argv = [part.replace(path, name) for part in argv]
    return tuple(argv)


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
