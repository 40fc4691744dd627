"""What Linux tells of processes: their descendants, CPU time, memory, context switches and listening sockets.

A process may end while it is looked at; then it is left out, never an error.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from runner.serving.supervisor import descendants

__all__ = [
    "asleep",
    "connections",
    "cpu_ns",
    "descendants",
    "listening_ports",
    "peak_memory_bytes",
    "switches",
    "user_and_system_ns",
]

_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)


def cpu_ns(pid: int) -> int | None:
    """CPU time of a process in nanoseconds, all its threads, those that have ended included; ``None`` if it is gone.

    Reads the process's CPU-time clock (clock_getcpuclockid(3): ``(~pid << 3) | CPUCLOCK_SCHED``). It counts the same
    ``sum_exec_runtime`` as ``/proc/<pid>/task/*/schedstat``, which forgets a thread as soon as it ends.
    """
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:
        return None


def cpu_by_process(pids: Iterable[int]) -> Mapping[int, int]:
    """CPU time in nanoseconds of each process that is still there."""
    return {pid: ns for pid in pids if (ns := cpu_ns(pid)) is not None}


def user_and_system_ns(pids: Iterable[int]) -> tuple[int, int]:
    """CPU time of processes in user space and in the kernel, in nanoseconds; threads that have ended included.

    In ticks of ``SC_CLK_TCK``; the kernel shares their CPU time out by where each tick found them (proc(5), ``utime``).
    """
    user = system = 0
    for pid in pids:
        if fields := _stat(Path(f"/proc/{pid}")):
            user += int(fields[11])
            system += int(fields[12])
    return user * _TICK_NS, system * _TICK_NS


def children(pid: int) -> list[int]:
    """Process ids of the children of a process, zombies included."""
    return [int(entry.name) for entry in _processes() if (fields := _stat(entry)) and int(fields[1]) == pid]


def session(pid: int) -> int | None:
    """The session that a process is in; ``None`` where it has gone."""
    fields = _stat(Path(f"/proc/{pid}"))
    return int(fields[3]) if fields else None


def with_variable(name: str, value: str) -> list[int]:
    """Processes whose environment, as they began with it, has ``name=value``: of those that may be looked at."""
    wanted = f"\0{name}={value}\0".encode()
    found = []
    for entry in _processes():
        try:
            environ = (entry / "environ").read_bytes()
        except _GONE:
            continue
        if wanted in b"\0" + environ:
            found.append(int(entry.name))
    return found


def _processes() -> Iterable[Path]:
    return (entry for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _stat(entry: Path) -> list[str]:
    """The fields of ``/proc/<pid>/stat`` behind the program's name, from the state on (proc(5)); none if it is gone."""
    try:
        return (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except _GONE:
        return []


def peak_memory_bytes(pid: int) -> int | None:
    """The largest resident set that a process ever had (``VmHWM`` in proc(5)), in bytes."""
    kilobytes = _status_field(Path(f"/proc/{pid}/status"), "VmHWM")
    return None if kilobytes is None else kilobytes * 1024


def resident_memory_bytes(pid: int) -> int | None:
    """The resident set of a process now (``VmRSS`` in proc(5)), in bytes."""
    kilobytes = _status_field(Path(f"/proc/{pid}/status"), "VmRSS")
    return None if kilobytes is None else kilobytes * 1024


def switches(pids: Iterable[int]) -> tuple[int, int]:
    """How often the threads of processes waited for something, and how often they were made to yield their CPU, so far.

    Those of threads that have ended are forgotten.
    """
    tasks = [task / "status" for pid in pids for task in _tasks(pid)]
    voluntary, involuntary = (
        sum(_status_field(task, f"{kind}_ctxt_switches") or 0 for task in tasks)
        for kind in ("voluntary", "nonvoluntary")
    )
    return voluntary, involuntary


def asleep(pids: Iterable[int]) -> bool:
    """Whether every thread of these processes waits for something (state ``S`` in proc(5)); those that ended do."""
    return all(_state(task) in "SZX" for pid in pids for task in _tasks(pid))


def listening_ports(pids: Iterable[int]) -> frozenset[int]:
    """TCP ports that any of these processes listens on."""
    inodes = {inode for pid in pids for inode in _socket_inodes(pid)}
    return frozenset(port for port, inode in _listeners() if inode in inodes)


def time_wait_sockets(port: int) -> int:
    """TCP connections from or to a port here that were closed in order within the last minute (TIME_WAIT)."""
    return sum(1 for fields in _tcp_table() if fields[3] == "06" and port in {_port(fields[1]), _port(fields[2])})


def connections(port: int) -> tuple[int, int]:
    """TCP connections to a port here that are established, and those of them that a program has accepted.

    One that waits in the backlog belongs to no file yet: its inode is 0.
    """
    inodes = [fields[9] for fields in _tcp_table() if fields[3] == "01" and _port(fields[1]) == port]
    return len(inodes), sum(1 for inode in inodes if inode != "0")


def _tasks(pid: int) -> list[Path]:
    """The threads of a process."""
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except _GONE:
        return []


def _state(task: Path) -> str:
    """One letter for what a thread does; ``X`` where it has ended."""
    try:
        stat = (task / "stat").read_text()
    except _GONE:
        return "X"
    return stat[stat.rindex(")") + 2]


def _status_field(path: Path, name: str) -> int | None:
    try:
        text = path.read_text()
    except _GONE:
        return None
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    return None


def _socket_inodes(pid: int) -> Iterable[str]:
    try:
        links = list(Path(f"/proc/{pid}/fd").iterdir())
    except _GONE:
        return
    for link in links:
        try:
            target = str(link.readlink())
        except _GONE:
            continue
        if target.startswith("socket:["):
            yield target[8:-1]


def _listeners() -> Iterable[tuple[int, str]]:
    for fields in _tcp_table():
        if fields[3] == "0A":
            yield _port(fields[1]), fields[9]


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def _tcp_table() -> Iterable[list[str]]:
    """The fields of every TCP socket of this network namespace (proc(5), ``/proc/net/tcp``)."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except FileNotFoundError:  # a kernel without IPv6
            continue
        for line in lines:
            yield line.split()
