"""A running server: started on a free port, ready by a deadline, looked at, and ended whatever it does."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from runner.errors import RecordError
from runner.record.trial import Address, Exit, LogError, ServerUsage
from runner.serving import errorlog, procfs
from runner.serving.process import NotStartedError, Process, logged

HOST = "127.0.0.1"
READY_TIMEOUT_S = 15.0
ELSEWHERE_AFTER_S = 3.0
"""After this long, a server that listens on another port is not waited for."""
STOP_GRACE_S = 2.0
PORT_ATTEMPTS = 3
_POLL_S = 0.005
_LOOK_S = 0.05
"""A look into ``/proc`` costs milliseconds of a CPU that the server may need."""
CONTRACT = ("HOST", "PORT", "WORKERS", "LOOP", "UPSTREAM", "MAX_CLIENTS")
"""Variables by which a server is told what to do: docs/adapters.md."""
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")


class StartError(Exception):
    """A server that did not come to listen where it was told to; the text says why."""


class Startable(Protocol):
    """What can be started: an adapter's environment, or a service of ours."""

    @property
    def argv(self) -> tuple[str, ...]:
        """The command; it listens on ``$HOST`` and ``$PORT``."""


@dataclass(frozen=True, slots=True)
class UsageMark:
    """CPU time of each of a server's processes, and what all used together, at one moment."""

    cpu_ns: Mapping[int, int]
    user_ns: int
    system_ns: int
    voluntary_switches: int
    involuntary_switches: int
    memory_bytes: int | None


class Server:
    """An adapter's server that listens. Made by :func:`running`."""

    def __init__(self, process: Process, address: Address, folder: Path) -> None:
        self.address = address
        self._process = process
        self._folder = folder

    def alive(self) -> bool:
        """Whether the program that was started still runs."""
        return self._process.wait(0) is None

    @property
    def exit(self) -> Exit | None:
        """How the program ended; ``None`` while it runs."""
        return self._process.exit

    def mark(self) -> UsageMark:
        """Where the usage counters of all its processes stand now."""
        tree = self._process.tree()
        user_ns, system_ns = procfs.user_and_system_ns(tree)
        voluntary, involuntary = procfs.switches(tree)
        return UsageMark(
            cpu_ns=procfs.cpu_by_process(tree),
            user_ns=user_ns,
            system_ns=system_ns,
            voluntary_switches=voluntary,
            involuntary_switches=involuntary,
            memory_bytes=self.memory_bytes(),
        )

    def usage_since(self, before: UsageMark) -> ServerUsage:
        """What the process tree used since ``before``. A process that started meanwhile counts from its start."""
        now = self.mark()
        lost = before.cpu_ns.keys() - now.cpu_ns.keys()
        peaks = [peak for pid in now.cpu_ns if (peak := procfs.peak_memory_bytes(pid)) is not None]
        return ServerUsage(
            cpu_ns=sum(ns - before.cpu_ns.get(pid, 0) for pid, ns in now.cpu_ns.items()) if not lost else None,
            peak_memory_bytes=sum(peaks) if peaks else None,
            processes=len(now.cpu_ns),
            processes_lost=len(lost),
            involuntary_switches=max(0, now.involuntary_switches - before.involuntary_switches),
            idle_memory_bytes=before.memory_bytes,
            user_ns=max(0, now.user_ns - before.user_ns) if not lost else None,
            system_ns=max(0, now.system_ns - before.system_ns) if not lost else None,
            voluntary_switches=max(0, now.voluntary_switches - before.voluntary_switches),
        )

    def memory_bytes(self) -> int | None:
        """Resident memory of the process tree now, in bytes."""
        sizes = [size for pid in self._process.tree() if (size := procfs.resident_memory_bytes(pid)) is not None]
        return sum(sizes) if sizes else None

    def processes(self) -> tuple[int, ...]:
        """Process ids of the program and its descendants, now."""
        return tuple(self._process.tree())

    def log_text(self) -> str:
        """Its log so far."""
        return logged(self._process.log)

    def log_errors(self) -> tuple[LogError, ...]:
        """The distinct errors in its log so far."""
        return errorlog.summarize(self.log_text())

    def signal(self, number: int) -> None:
        """Send a signal to each of its processes, such as ``SIGSTOP`` to let it stand still."""
        for pid in self._process.tree():
            with suppress(ProcessLookupError):  # it ended between our look and the signal
                os.kill(pid, number)

    def stop(self, grace_s: float = STOP_GRACE_S) -> Exit:
        """End it and all its descendants; see :meth:`runner.serving.process.Process.stop`."""
        exit_ = self._process.stop(grace_s)
        shutil.rmtree(self._folder, ignore_errors=True)
        return exit_


def start(  # noqa: PLR0913 - what a server is told, and how it is started
    program: Startable,
    *,
    log: Path,
    workers: int = 1,
    cpus: Sequence[int] = (),
    port: int | None = None,
    variables: Mapping[str, str] | None = None,
    ready_timeout_s: float = READY_TIMEOUT_S,
    host: str = HOST,
    knock: bool = True,
) -> Server:
    """Start a server and wait until it listens. Raises :class:`StartError`; then nothing of it is left.

    ``host``: the address of this machine that it listens on. ``port``: a fixed one, or ``None`` for one that is free.
    ``cpus``: those it is pinned to, none for any. ``variables``: what it finds in its environment beside ``HOST``,
    ``PORT`` and ``WORKERS``. ``knock``: connect to see whether it listens, or only look into ``/proc``.
    It works in a folder of its own beside ``log``, empty at first, which goes with it: what it leaves or removes there
    is its own.
    """
    try:
        log.parent.mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="server-", dir=log.parent))
    except OSError as error:
        raise RecordError(f"cannot write {error.filename or log.parent}: {error.strerror}") from None
    try:
        return _start(program, log, folder, workers, cpus, port, variables or {}, ready_timeout_s, host, knock)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _start(  # noqa: PLR0913, PLR0917 - those of start
    program: Startable,
    log: Path,
    folder: Path,
    workers: int,
    cpus: Sequence[int],
    port: int | None,
    variables: Mapping[str, str],
    ready_timeout_s: float,
    host: str,
    knock: bool,
) -> Server:
    attempts = 1 if port else PORT_ATTEMPTS
    while True:
        attempts -= 1
        address = Address(host, port or free_port(host))
        env = _environment(address, workers) | dict(variables)
        try:
            process = Process(program.argv, log=log, env=env, cpus=cpus, cwd=folder)
        except NotStartedError as error:
            raise StartError(str(error)) from None
        try:
            _await_ready(process, address, ready_timeout_s, knock=knock)
        except StartError as error:
            process.stop(0.0)
            if attempts and "address already in use" in str(error).lower():
                continue  # somebody took the free port between our look and its bind
            raise
        except BaseException:
            process.stop(0.0)
            raise
        return Server(process, address, folder)


@contextmanager
def running(
    program: Startable,
    *,
    log: Path,
    workers: int = 1,
    cpus: Sequence[int] = (),
    port: int | None = None,
    variables: Mapping[str, str] | None = None,
    ready_timeout_s: float = READY_TIMEOUT_S,
) -> Iterator[Server]:
    """:func:`start` as a block; leave it and nothing of the server is left."""
    server = start(
        program,
        log=log,
        workers=workers,
        cpus=cpus,
        port=port,
        variables=variables,
        ready_timeout_s=ready_timeout_s,
    )
    try:
        yield server
    finally:
        server.stop()


def free_port(host: str = HOST) -> int:
    """A TCP port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_free(port: int, host: str = HOST) -> bool:
    """Whether a server could listen on ``port`` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _environment(address: Address, workers: int) -> dict[str, str]:
    """What a server sees of our environment, and the three variables of the contract."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    contract = {"HOST": address.host, "PORT": str(address.port), "WORKERS": str(workers)}
    return kept | {"PYTHONUNBUFFERED": "1"} | contract


def _await_ready(process: Process, address: Address, timeout_s: float, *, knock: bool) -> None:
    began = time.monotonic()
    while (waited := time.monotonic() - began) < timeout_s:
        if process.wait(_POLL_S if knock else _LOOK_S) is not None:
            raise StartError(f"{process.exit} before it listened{_first_error(process)}")
        opened, late = not knock or _accepts(address), waited > ELSEWHERE_AFTER_S
        if not (opened or late):
            continue
        ports = procfs.listening_ports(process.tree())
        if address.port in ports:
            if opened:  # else it may have begun to listen since we knocked
                return
        elif ports and (knock or late):  # it listens elsewhere, and another program may answer here
            break
    elsewhere = sorted(procfs.listening_ports(process.tree()))
    if elsewhere:
        raise StartError(f"listens on port {', '.join(map(str, elsewhere))}, not on $PORT ({address.port})")
    raise StartError(f"did not listen on {address} within {timeout_s:g} s{_first_error(process)}")


def _accepts(address: Address) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        try:
            probe.connect((address.host, address.port))
        except OSError:
            return False
        return True


def _first_error(process: Process) -> str:
    process.stop(0.0)
    text = logged(process.log)
    errors = errorlog.summarize(text)
    lines = [line for line in text.splitlines() if line.strip()]
    said = errors[0].text if errors else lines[-1].strip()[: errorlog.MAX_TEXT] if lines else ""
    return f": {said}" if said else ""
