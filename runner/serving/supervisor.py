"""The parent of everything the suite starts, so that nothing outlives the suite.

Run as ``python -I -S supervisor.py CONTROL_FD SPEC`` by :mod:`runner.serving.process`, once for each program; it
imports only the standard library, and nothing of this package.

It is a *child subreaper* (``prctl(2)``, ``PR_SET_CHILD_SUBREAPER``): a descendant whose parent dies becomes its child,
whatever sessions or process groups it has moved to. So "no child is left" (``waitpid`` gives ``ECHILD``) means that
nothing is left. The control socket is its lifeline: when the other end closes, because the suite ended in whatever way,
``kill -9`` included, everything below is killed. If the supervisor itself is killed, its child dies with it
(``PR_SET_PDEATHSIG``), and the child's children are left to :mod:`runner.serving.process`, which says where that ends.

It also drains the program's output into a log of bounded size, so that a flood fills neither the disk nor the pipe.

Control socket, one JSON object a line. To the supervisor: ``{"stop": GRACE_SECONDS}``.
From it: ``started`` (pid), ``failed`` (the program could not be executed), ``no log`` (its log cannot be written),
``exit`` (how the program ended), and last ``gone``.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import select
import signal
import sys
import time
from collections import deque
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
AFTER_EXIT_GRACE_S = 0.5
"""How long descendants may go on after the program itself has ended on request."""
READ_SIZE = 65_536


class CappedLog:
    """Keeps the first ``head`` bytes of a stream and the last ``tail``; what is between is counted, not kept."""

    def __init__(self, path: str, head: int, tail: int) -> None:
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        self.room = head
        self.tail_limit = tail
        self.tail: deque[bytes] = deque()
        self.tail_size = 0
        self.left_out = 0
        self.problem: str | None = None

    def write(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        if self.room > 0:
            self._put(data[: self.room])
            data, self.room = data[self.room :], self.room - len(data)
        if not data:
            return
        self.tail.append(data)
        self.tail_size += len(data)
        while self.tail_size - len(self.tail[0]) >= self.tail_limit:
            dropped = len(self.tail.popleft())
            self.tail_size -= dropped
            self.left_out += dropped

    def close(self) -> None:
        """Write the tail and close the file."""
        if self.left_out:
            self._put(f"\n[... {self.left_out} bytes left out ...]\n".encode())
        for data in self.tail:
            self._put(data)
        os.close(self.fd)

    def _put(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self.fd, data) :]
        except OSError as error:
            self.problem = error.strerror


def descendants(root: int) -> list[int]:
    """Process ids below ``root``, from ``/proc/*/stat`` (proc(5)), in no particular order."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib would double the start-up time of this file
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                stat = file.read()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        parent = int(stat[stat.rindex(b")") + 2 :].split(None, 2)[1])
        children.setdefault(parent, []).append(int(name))
    found: list[int] = []
    todo = [root]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


class Supervisor:
    """Starts one program, watches it, and ends it and all that came of it."""

    def __init__(self, control: int, spec: dict[str, Any]) -> None:
        self.control = control
        self.spec = spec
        self.main = 0
        self.main_ended = False
        self.deadline: float | None = None
        self.killed = 0
        self.log = CappedLog(spec["log"], spec["log_head"], spec["log_tail"])
        self.output, self.output_write = os.pipe2(os.O_CLOEXEC)

    def run(self) -> None:
        """Serve until every descendant has ended."""
        wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: self.stop(0.0))
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        if not self.start():
            return
        os.close(self.output_write)
        poll = select.poll()
        for fd in (self.control, self.output, wake_read):
            poll.register(fd, select.POLLIN)
        while self.reap():
            if self.deadline is not None and time.monotonic() >= self.deadline:
                self.kill_all()
            for fd, _ in poll.poll(self.patience_ms()):
                if fd == wake_read:
                    os.read(wake_read, 4096)
                elif fd == self.control:
                    self.read_control()
                elif not self.drain():
                    poll.unregister(self.output)
        while self.drain():
            pass
        self.log.close()
        self.say(event="gone", killed=self.killed, log_left_out=self.log.left_out, log_problem=self.log.problem)

    def start(self) -> bool:
        """Fork and execute the program in a session of its own; ``False`` where it could not be executed."""
        failure_read, failure_write = os.pipe2(os.O_CLOEXEC)
        parent = os.getpid()
        self.main = os.fork()
        if self.main == 0:
            try:
                self.become_program(parent)
            except OSError as error:
                os.write(failure_write, f"{error.strerror}: {error.filename or self.spec['argv'][0]}".encode())
            finally:
                os._exit(127)
        os.close(failure_write)
        failure = os.read(failure_read, 4096)
        os.close(failure_read)
        if failure:
            os.waitpid(self.main, 0)
            self.log.close()
            self.say(event="failed", reason=failure.decode(errors="replace"))
            return False
        self.say(event="started", pid=self.main)
        return True

    def become_program(self, parent: int) -> None:
        """In the child: session, CPUs, signals, descriptors, then the program itself."""
        os.setsid()
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(127)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        if self.spec["cpus"]:
            os.sched_setaffinity(0, self.spec["cpus"])
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(self.output_write, 1)
        os.dup2(self.output_write, 2)
        argv = self.spec["argv"]
        os.execvp(argv[0], argv)  # noqa: S606 - this is what it is for

    def reap(self) -> bool:
        """Collect what has ended; ``False`` when no child is left at all."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid != self.main:
                continue
            self.main_ended = True
            if self.deadline is not None:
                self.deadline = min(self.deadline, time.monotonic() + AFTER_EXIT_GRACE_S)
            self.say(
                event="exit",
                code=os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
                signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
                cpu_s=usage.ru_utime + usage.ru_stime,
            )

    def read_control(self) -> None:
        """Act on a request; a closed socket means that the suite is gone."""
        try:
            data = os.read(self.control, 4096)
        except ConnectionError:
            data = b""
        if not data:
            self.deadline = time.monotonic()
            self.kill_all()
            return
        for line in data.splitlines():
            self.stop(json.loads(line)["stop"])

    def stop(self, grace_s: float) -> None:
        """Ask the program to end; after ``grace_s`` seconds it and all its descendants are killed."""
        if self.deadline is None:
            self.deadline = time.monotonic() + (AFTER_EXIT_GRACE_S if self.main_ended else grace_s)
            for pid in [self.main] if not self.main_ended else descendants(os.getpid()):
                self.signal(pid, signal.SIGTERM)

    def kill_all(self) -> None:
        """Kill every descendant there is now; called again until none is left."""
        for pid in descendants(os.getpid()):
            self.killed += self.signal(pid, signal.SIGKILL)

    def signal(self, pid: int, number: int) -> bool:
        """Send a signal; ``False`` where the process had ended."""
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return False
        return True

    def patience_ms(self) -> float | None:
        """How long the next poll may take."""
        if self.deadline is None:
            return None
        return max(5.0, (self.deadline - time.monotonic()) * 1000)

    def drain(self) -> bool:
        """Move what the program wrote into the log; ``False`` at the end of its output."""
        data = os.read(self.output, READ_SIZE)
        self.log.write(data)
        return bool(data)

    def say(self, **event: object) -> None:
        """Tell the suite, which may be gone."""
        try:
            os.write(self.control, json.dumps(event).encode() + b"\n")
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.ECONNRESET):
                raise


def main() -> None:
    """Read the command line and supervise."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    control = int(sys.argv[1])
    os.set_inheritable(control, False)
    try:
        supervisor = Supervisor(control, json.loads(sys.argv[2]))
    except OSError as error:
        failure = {"event": "no log", "reason": error.strerror}
        os.write(control, json.dumps(failure).encode() + b"\n")
    else:
        supervisor.run()


if __name__ == "__main__":
    main()
