"""The only door to other programs: groups that end with us, deadlines, capped logs.

Whatever is started here runs under :mod:`runner.serving.supervisor`, so that it and all its descendants end when it is
stopped, when its deadline passes, and when this process ends in whatever way.

A program that kills its supervisor does not get away with it: its orphans are then children of this process, which
is a subreaper too, and what has fled further still carries :data:`TOKEN` in its environment; both are looked for and
killed when it is stopped, and on the way out of :func:`ending_all`. That is where it ends: a program that kills its
supervisor *and this process*, or one that runs as root and wants to, outlives them.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import itertools
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from runner.errors import RecordError, ToolError
from runner.record.trial import Exit
from runner.serving import procfs
from runner.serving.supervisor import PR_SET_CHILD_SUBREAPER

LOG_HEAD_BYTES = 1 << 20
LOG_TAIL_BYTES = 1 << 16
KILL_PATIENCE_S = 10.0
"""How long the supervisor may take to end what it had to kill."""

TOKEN = "PIPEBENCH_STARTED"  # noqa: S105 - a name
"""Variable in the environment of all that is started: which suite, and which of its programs."""
SWEEPS = 100
"""So often at most the processes that a killed supervisor left are looked for: each look may find what forked since."""

_SUITE = secrets.token_hex(8)
_numbers = itertools.count(1)
_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_live: weakref.WeakSet[Process] = weakref.WeakSet()
_live_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Completed:
    """A program that ran to its end, or to its deadline (``timed_out``). ``wall_s`` and ``cpu_s`` are in seconds."""

    exit: Exit
    output: str
    timed_out: bool
    wall_s: float
    cpu_s: float | None
    log_problem: str | None


class NotStartedError(ToolError):
    """The program could not be executed: it is not there, or is none."""


class Process:
    """A program under its supervisor. Make one with :func:`start`; leave it with :meth:`stop`."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        cpus: Sequence[int] = (),
    ) -> None:
        self.argv = tuple(argv)
        self.log = log
        self.pid = 0
        self.exit: Exit | None = None
        self.cpu_s: float | None = None
        self.log_problem: str | None = None
        self._stopping = False
        self._gone = False
        self._ended_well = False
        self._killed = 0
        self._buffer = b""
        self._token = f"{_SUITE}.{next(_numbers):08}"  # of one length: it moves what is counted
        _become_subreaper()
        ours, theirs = socket.socketpair()
        spec = {
            "argv": self.argv,
            "cpus": sorted(cpus),
            "log": str(log.absolute()),
            "log_head": LOG_HEAD_BYTES,
            "log_tail": LOG_TAIL_BYTES,
        }
        self._control = ours  # whoever ends all programs may end this one as soon as it is known
        with theirs, _live_lock:  # or a sweep would take it for an orphan
            try:
                self._supervisor = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(_SUPERVISOR), str(theirs.fileno()), json.dumps(spec)],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    env={**(os.environ if env is None else env), TOKEN: self._token},
                    cwd=cwd,
                    start_new_session=True,
                )
            except FileNotFoundError as error:
                ours.close()
                if cwd is None or cwd.is_dir():
                    raise
                raise RecordError(f"cannot write {cwd}: {error.strerror}") from None
            _live.add(self)
        event = self._next_event(time.monotonic() + KILL_PATIENCE_S)
        if event is None or event["event"] != "started":
            self._ended_well = event is not None
            self._finish()
            if event and event["event"] == "no log":
                raise RecordError(f"cannot write {log}: {event['reason']}")
            reason = event["reason"] if event else "its supervisor ended without a word"
            raise NotStartedError(f"cannot start {self.argv[0]}: {reason}")
        self.pid = int(event["pid"])

    def tree(self) -> list[int]:
        """Process ids of the program and all its descendants, now."""
        return procfs.descendants(self._supervisor.pid)

    def wait(self, timeout_s: float | None = None) -> Exit | None:
        """Wait until the program itself has ended; ``None`` when ``timeout_s`` seconds pass first."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while self.exit is None and not self._gone:
            if self._next_event(deadline) is None and not self._gone:
                return None
        if self.exit is None:  # the supervisor ended without a word, and its program with it
            self.exit = Exit(code=None, signal="SIGKILL", killed=True, before_stop=False)
        return self.exit

    def stop(self, grace_s: float = 2.0) -> Exit:
        """End the program and all its descendants: SIGTERM, and SIGKILL after ``grace_s`` seconds.

        Returns how the program itself ended. When this returns, no descendant is left.
        """
        self.wait(0)
        if not self._gone:
            self._stopping = True
            try:
                self._control.sendall(json.dumps({"stop": grace_s}).encode() + b"\n")
            except OSError:
                self._stopping = False  # all had ended between two looks; what the supervisor said is still to be read
        deadline = time.monotonic() + grace_s + KILL_PATIENCE_S
        while not self._gone and self._next_event(deadline) is not None:
            pass
        self._finish()
        if self.exit is None:
            self.exit = Exit(code=None, signal="SIGKILL", killed=True, before_stop=False)
        return self.exit

    def abandon(self) -> None:
        """Cut the lifeline: the supervisor kills everything at once. Safe from any thread."""
        try:
            self._control.shutdown(socket.SHUT_RDWR)
        except OSError:
            self._gone = True  # already closed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(0.0)

    def _finish(self) -> None:
        self._gone = True
        self._control.close()
        try:
            self._supervisor.wait(KILL_PATIENCE_S)
        except subprocess.TimeoutExpired:
            for pid in [*self.tree(), self._supervisor.pid]:
                _kill(pid)
            self._supervisor.wait()
        with _live_lock:
            _live.discard(self)
        if not self._ended_well:
            self.sweep()

    def sweep(self) -> None:
        """Kill what a supervisor left that did not say that all had ended: orphans, and whatever has our token."""
        if self._supervisor.poll() is None:
            return
        for _ in range(SWEEPS):
            left = {*procfs.with_variable(TOKEN, self._token), *_orphans()}
            if not left:
                self._ended_well = True
                return
            for pid in left:
                _kill(pid)
                _reap(pid)
            time.sleep(0.01)

    def _next_event(self, deadline: float | None) -> dict[str, Any] | None:
        """The next thing the supervisor says; ``None`` at the deadline or when it has gone."""
        while b"\n" not in self._buffer:
            patience = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._control], [], [], patience)[0]:
                return None
            data = self._control.recv(65_536)
            if not data:
                self._gone = True
                return None
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        event: dict[str, Any] = json.loads(line)
        if event["event"] == "exit":
            self._take_exit(event)
        elif event["event"] == "gone":
            self._gone = self._ended_well = True
            self._killed = event["killed"]
            self.log_problem = event["log_problem"]
            if self.exit is not None and self._killed:
                self.exit = Exit(self.exit.code, self.exit.signal, killed=True, before_stop=self.exit.before_stop)
        return event

    def _take_exit(self, event: Mapping[str, Any]) -> None:
        number = event["signal"]
        self.cpu_s = event["cpu_s"]
        self.exit = Exit(
            code=event["code"],
            signal=None if number is None else _signal_name(number),
            killed=False,
            before_stop=not self._stopping,
        )


@functools.cache
def _become_subreaper() -> None:
    """Let orphans of a supervisor that was killed become children of this process (``PR_SET_CHILD_SUBREAPER``)."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _orphans() -> list[int]:
    """Children of this process in sessions of their own that are no supervisors: what these would have ended.

    What others of this process start stays in its session.
    """
    own = os.getsid(0)
    with _live_lock:
        supervisors = {process._supervisor.pid for process in _live}
        return [pid for pid in procfs.children(os.getpid()) if pid not in supervisors and procfs.session(pid) != own]


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _reap(pid: int) -> None:
    """Take note of the end of a child that came to us as an orphan."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # most real-time signals have none
        return f"signal {number}"


def run(
    argv: Sequence[str],
    *,
    timeout_s: float,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    cpus: Sequence[int] = (),
) -> Completed:
    """Run a program to its end, or kill it and its descendants after ``timeout_s`` seconds."""
    began = time.monotonic()
    with Process(argv, log=log, env=env, cwd=cwd, cpus=cpus) as process:
        ended = process.wait(timeout_s)
        wall_s = time.monotonic() - began
        exit_ = process.stop(0.0)
    return Completed(
        exit=exit_,
        output=logged(log),
        timed_out=ended is None,
        wall_s=wall_s,
        cpu_s=process.cpu_s,
        log_problem=process.log_problem,
    )


def logged(log: Path) -> str:
    """What was written to a log. Raises :class:`RecordError` where somebody removed it, with its folder perhaps."""
    try:
        return log.read_text(errors="replace")
    except FileNotFoundError as error:
        raise RecordError(f"cannot read {log}, which was written here: {error.strerror}") from None


def output(argv: Sequence[str], *, timeout_s: float = 30.0, stderr: bool = True) -> str | None:
    """What a short, harmless command prints, stderr too, whatever its exit code; ``None`` where it cannot run."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout + done.stderr if stderr else done.stdout


@contextmanager
def ending_all() -> Iterator[None]:
    """On the way out of the block, by an exception too, end every program that is still running."""
    try:
        yield
    finally:
        with _live_lock:
            processes = list(_live)
        for process in processes:
            process.abandon()
        for process in processes:
            process.sweep()
