"""One load, by whichever generator: its command, its process, its record read and removed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runner import project
from runner.conformance.running import check
from runner.errors import RecordError, ToolError
from runner.load import h2load, volley, wrk
from runner.record.adapter import Service
from runner.record.plaintext import plain
from runner.record.plan import Cell, Generator, Headers, Purpose
from runner.record.trial import Address, Failure, Load, Placement, Verdict
from runner.serving import process, upstream
from runner.serving.process import Completed

LOAD_DEADLINE_S = 15.0
"""How much longer than its load a generator may run before it is killed."""
RESPONSE_TIMEOUT_S = 60.0
"""Latencies beyond this are counted by wrk as time-outs and not recorded."""
_OWN = (wrk.SCRIPT, project.BROWSER_FIELDS)
"""Files of ours in a generator's command."""
MAX_SAID = 200
"""Characters kept of what a generator says."""
_COULD_NOT_CONNECT = re.compile(r"unable to connect|connection refused|could not connect|no connection was", re.I)
GRACE_S = 5.0
"""How long volley waits after a load for what is still in flight, so that slow servers at depth have their samples."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What all trials of a run share. Durations in seconds; ``port`` fixed, or ``None`` for a free one.

    ``volley`` is our generator, made ready to run, where any load is its. ``tokens``: each request asks for a number of
    its own. ``service``: what servers of scenario ``upstream`` wait for, which takes ``delay_us`` for each request.
    ``settle_s``: how long a server that compiles is warmed up at most; ``server_cpus``: how many CPUs a server has,
    ``None`` for one a worker.
    """

    placement: Placement
    threads: int
    duration_s: float
    warm_up_s: float
    folder: Path
    port: int | None = None
    purpose: Purpose = Purpose.MEASURE
    generator: Generator = Generator.WRK
    volley: Service | None = None
    tokens: bool = False
    seed: int = 1
    service: Service | None = None
    delay_us: int = 0
    settle_s: float = 0
    server_cpus: int | None = None


def body(settings: Settings) -> bytes:
    """What every response must have."""
    return check.BODY if settings.service is None else upstream.BODY


def fields(cell: Cell) -> tuple[str, ...]:
    """The header fields of a cell's requests beside ``Host``."""
    return tuple(project.BROWSER_FIELDS.read_text().splitlines()) if cell.headers is Headers.BROWSER else ()


def load(
    address: Address, cell: Cell, settings: Settings, stem: Path, *, rate: float | None = None
) -> tuple[Load | None, Failure | None]:
    """One load of ``settings.duration_s`` by the generator of the settings; with a ``rate`` (requests/s), open.

    Raises :class:`RecordError` where the generator cannot write its record.
    """
    generator = settings.generator
    record, log = (stem.with_name(f"{stem.name}-{generator}.{suffix}") for suffix in ("record", "log"))
    record.unlink(missing_ok=True)
    argv = _argv(address, cell, settings, record, rate)
    deadline_s = settings.duration_s + LOAD_DEADLINE_S
    done = process.run(argv, timeout_s=deadline_s, log=log, cpus=settings.placement.generator)
    if done.timed_out:
        return None, Failure(Verdict.STALLED, f"{generator} did not end within {deadline_s:g} s")
    if done.exit.code == CANNOT_RECORD.get(generator):
        why = done.log_problem or (done.output.strip().splitlines() or ["no reason given"])[-1]
        raise RecordError(f"cannot write {record}: {why}: the trials before are kept")
    try:
        seen = _parsed(done, record.read_text(), portable(argv, record), cell, settings)
    except (FileNotFoundError, ValueError):
        if not record.parent.is_dir():
            raise RecordError(f"cannot write {record}: its folder was removed") from None
        return None, _without_record(done, settings)
    record.unlink(missing_ok=True)
    return seen, None


def _without_record(done: Completed, settings: Settings) -> Failure:
    """Why a generator left no record that can be read: the server's doing only where it did not let it connect.

    Raises :class:`ToolError` where it ended well all the same: then it is no generator at all.
    """
    generator = settings.generator
    said = plain((done.output.strip().splitlines() or ["nothing"])[-1].strip())[:MAX_SAID]
    if _COULD_NOT_CONNECT.search(done.output):
        return Failure(Verdict.REFUSED, f"{generator} {done.exit}: {said}")
    if done.exit.code == 0 and settings.purpose is not Purpose.WITNESS:
        raise ToolError(
            f"{generator} ended well and left no record of its load; it said: {said}: "
            "this is not the program that the suite needs: run `make setup`"
        )
    return Failure(
        Verdict.UNAVAILABLE, f"the generator failed, not the server: {generator} {done.exit}, saying: {said}"
    )


CANNOT_RECORD = {Generator.WRK: wrk.CANNOT_RECORD, Generator.VOLLEY: volley.CANNOT_RECORD}
"""Exit codes of generators that say that their record could not be written."""


def _argv(address: Address, cell: Cell, settings: Settings, record: Path, rate: float | None) -> tuple[str, ...]:
    threads, duration_s = settings.threads, settings.duration_s
    match settings.generator:
        case Generator.H2LOAD:
            return h2load.argv(
                cell, address, threads=threads, duration_s=duration_s, record=record, fields=fields(cell)
            )
        case Generator.WRK:
            return wrk.argv(
                cell,
                address,
                threads=threads,
                duration_s=duration_s,
                timeout_s=RESPONSE_TIMEOUT_S,
                record=record,
                verify=body(settings).decode() if settings.purpose is Purpose.VERIFY else None,
                fields=project.BROWSER_FIELDS if cell.headers is Headers.BROWSER else None,
            )
        case Generator.VOLLEY:
            if settings.volley is None:
                raise ValueError("volley was not made ready")
            order = volley.Order(
                threads=threads,
                duration_s=duration_s,
                grace_s=GRACE_S,
                expect=body(settings).decode(),
                tokens=settings.tokens,
                rate=rate,
                seed=settings.seed,
                fields=fields(cell),
            )
            return volley.argv(settings.volley.argv[0], cell, address, order, record)


def _parsed(done: Completed, text: str, argv: tuple[str, ...], cell: Cell, settings: Settings) -> Load:
    """The record of a generator as a load. Raises ``ValueError`` where it is none."""
    match settings.generator:
        case Generator.H2LOAD:
            cpu_ns = None if done.cpu_s is None else round(done.cpu_s * 1e9)
            return h2load.parse(
                done.output,
                text,
                argv=argv,
                threads=settings.threads,
                duration_s=settings.duration_s,
                cpu_ns=cpu_ns,
            )
        case Generator.WRK:
            return wrk.parse(text, argv=argv, threads=settings.threads, connections=cell.connections)
        case Generator.VOLLEY:
            return volley.parse(text, argv=argv)


def portable(argv: Sequence[str], record: Path) -> tuple[str, ...]:
    """A generator's command as a person would type it in a checkout: no folder of this machine is in it."""
    shown = {str(record): record.name} | {str(own): f"{own.parent.name}/{own.name}" for own in _OWN}
    program, *rest = argv
    for path, name in shown.items():
        rest = [part.replace(path, name) for part in rest]
    return (Path(program).name, *rest)
