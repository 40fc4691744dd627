"""The machine: what it is, which CPUs serve and which load, and what else went on while we measured."""

from __future__ import annotations

import os
import platform
import re
import resource
import shutil
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.errors import PlanError, ToolError
from runner.record.run import Finding, Level, Machine
from runner.record.trial import Placement, Surroundings
from runner.serving import process, procfs

SPARE_DESCRIPTORS = 128
"""File descriptors that a server or generator needs beside its connections."""
SPARE_PORTS = 64
"""Local ports that are in use by others, listening servers among them."""

_INSTALL = "run `make setup`, or install Debian's package {package}"
_LUAJIT_PROBE = """
local ok = pcall(require, "ffi")
io.stdout:write(ok and "luajit" or "lua", "\\n")
io.stdout:flush()
os.exit(0)
"""


def describe() -> Machine:
    """What a reader must know of this machine to judge a figure."""
    return Machine(
        host=platform.node(),
        cpu_model=_cpu_model(),
        cpus=tuple(sorted(os.sched_getaffinity(0))),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        kernel=f"{platform.system()} {platform.release()}",
        system=_os_release(),
        hypervisor=" hypervisor " in f" {_cpuinfo('flags')} ",
        tools=tool_versions(),
    )


def tool_versions() -> Mapping[str, str]:
    """Version of each external program that is here."""
    commands = {
        "wrk": (["wrk", "--version"], r"wrk \S*?(\d+\.\d+\.\d+\S*)"),
        "h2load": (["h2load", "--version"], r"nghttp2/(\S+)"),
        "uv": (["uv", "--version"], r"uv (\S+)"),
        "go": ([go_command() or "go", "version"], r"go(\d\S+)"),
    }
    found = {}
    for name, (argv, pattern) in commands.items():
        match = re.search(pattern, process.output(argv) or "")
        if match:
            found[name] = match[1]
    return found


def go_command() -> str | None:
    """The go command, also where Go's own installer puts it."""
    return shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")


def debian_packages(names: Sequence[str]) -> Mapping[str, str] | None:
    """The upstream version of each of these packages of Debian; ``None`` where one of them is not installed."""
    form = "${Package} ${source:Upstream-Version} ${db:Status-Status}\\n"
    said = process.output(["dpkg-query", "--show", f"--showformat={form}", *names], stderr=False)
    lines = [line.split() for line in (said or "").splitlines()]
    found = {line[0]: line[1] for line in lines if line[2:] == ["installed"]}
    return found if set(names) <= set(found) else None


def require_wrk() -> None:
    """Raise :class:`ToolError` where wrk is absent or cannot run ``lua/pipeline.lua``."""
    if not shutil.which("wrk"):
        raise ToolError(f"wrk is not installed: {_INSTALL.format(package='wrk')}")
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_LUAJIT_PROBE)
        script.flush()
        said = process.output(["wrk", "-t1", "-c1", "-d1s", "-s", script.name, "http://127.0.0.1:9"])
    if said is None or not {"luajit", "lua"} & set(said.split()):
        raise ToolError(
            f"wrk does not run Lua scripts ({((said or '').strip() or 'no answer').splitlines()[-1]}): "
            + _INSTALL.format(package="wrk")
        )


def require_h2load() -> None:
    """Raise :class:`ToolError` where h2load, the witness, is absent."""
    if not shutil.which("h2load"):
        raise ToolError(f"h2load is not installed: {_INSTALL.format(package='nghttp2-client')}, or leave out --witness")


def require_descriptors(connections: int) -> None:
    """Raise :class:`PlanError` where the hard limit of open files is too low for so many connections."""
    if lacking := allow_descriptors(connections + SPARE_DESCRIPTORS):
        raise PlanError(f"{connections} connections need {lacking}, or ask for fewer with --connections")


def allow_descriptors(need: int) -> str | None:
    """Raise this process's soft limit of open files as far as needed, which children inherit.

    Returns what is needed and how to get it where the hard limit is too low.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < need:
        return f"{need} file descriptors and the limit is {hard}: raise it with `ulimit -n {need}`"
    if soft != resource.RLIM_INFINITY and soft < need:
        resource.setrlimit(resource.RLIMIT_NOFILE, (need, hard))
    return None


def require_ports(connections: int) -> None:
    """Raise :class:`PlanError` where so many connections to one address find no local port each."""
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    if high - low + 1 < connections + SPARE_PORTS:
        raise PlanError(
            f"{connections} connections need {connections + SPARE_PORTS} local ports and there are {high - low + 1}: "
            "raise it with `sysctl net.ipv4.ip_local_port_range='1024 65535'`, or ask for fewer with --connections"
        )


def backlog_finding(connections: int) -> Finding | None:
    """What to know where the kernel keeps fewer connections for a server to accept than may come at once.

    That is no error: a server that accepts as fast as they come needs no backlog, and how many were open is counted in
    every trial (:class:`runner.record.trial.Opened`).
    """
    limit = int(Path("/proc/sys/net/core/somaxconn").read_text())
    if limit >= connections:
        return None
    return Finding(
        Level.WARNING,
        "somaxconn",
        f"{limit}, and {connections} connections come at once",
        "a server that accepts slowly gets part of them a second late or never; each row says how many were open",
        f"sysctl net.core.somaxconn={connections}",
    )


def place(workers: int, threads: int) -> Placement:
    """CPUs for a server of ``workers`` processes and a generator of ``threads`` threads, none shared if that can be.

    The two get different physical cores where there are enough: a sibling hyper-thread is half a CPU.
    """
    cpus = _by_core(sorted(os.sched_getaffinity(0)))
    if len(cpus) < 2:
        return Placement(server=tuple(cpus), generator=tuple(cpus), shared=True)
    for_server = min(workers, len(cpus) - 1)
    for_generator = max(1, min(threads, len(cpus) - for_server))
    return Placement(
        server=tuple(cpus[:for_server]),
        generator=tuple(cpus[-for_generator:]),
        shared=False,
    )


def require_cpus(server: int) -> None:
    """Raises :class:`PlanError` where a server of so many CPUs and a generator would have to share some."""
    cpus = len(os.sched_getaffinity(0))
    if cpus <= server:
        raise PlanError(
            f"{server} CPUs for the server and another for wrk are {server + 1}, and this machine has {cpus}: "
            "measure on one that has them, or give fewer with --server-cpus"
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counters of the machine at one moment, to be subtracted. Times in nanoseconds.

    ``own_ns`` is what this process and its ended children have used, ``closed`` the number of connections to the server
    that were closed in the last minute.
    """

    steal_ns: int
    busy_ns: int
    own_ns: int
    closed: int


def load_average() -> float:
    """The 1-minute load average (proc(5))."""
    return os.getloadavg()[0]


def snapshot(cpus: Collection[int], port: int, *, networked: bool = False) -> Snapshot:
    """Steal time of all CPUs, busy time of ``cpus``, and closed connections to ``port``.

    ``networked``: the load comes over a network, and what its interrupts take is part of it, not other work.
    """
    busy_ns, steal_ns = _cpu_times(cpus, interrupts=not networked)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Snapshot(
        steal_ns=steal_ns,
        busy_ns=busy_ns,
        own_ns=int(sum(one.ru_utime + one.ru_stime for one in used) * 1e9),
        closed=procfs.time_wait_sockets(port),
    )


def surroundings(before: Snapshot, after: Snapshot, *, load_average: float, server_cpu_ns: int | None) -> Surroundings:
    """What others did between two snapshots, in which the server, and what it waits for, used ``server_cpu_ns``."""
    others = None
    if server_cpu_ns is not None:
        ours = server_cpu_ns + after.own_ns - before.own_ns
        others = max(0, after.busy_ns - before.busy_ns - ours)
    return Surroundings(
        load_average=load_average,
        steal_ns=after.steal_ns - before.steal_ns,
        other_cpu_ns=others,
        connections_closed=max(0, after.closed - before.closed),
    )


def now() -> str:
    """The time in UTC, to the second, as ISO 8601."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _by_core(cpus: Sequence[int]) -> list[int]:
    """CPUs reordered so that those of one physical core are neighbours at the two ends, first threads first."""
    first: list[int] = []
    siblings: list[int] = []
    seen: set[tuple[str, str]] = set()
    for cpu in cpus:
        core = _core_of(cpu)
        (siblings if core in seen else first).append(cpu)
        seen.add(core)
    return first if len(first) > 1 else [*first, *siblings]


def _core_of(cpu: int) -> tuple[str, str]:
    topology = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology")
    try:
        return (topology / "physical_package_id").read_text().strip(), (topology / "core_id").read_text().strip()
    except OSError:  # not told: take every CPU for a core
        return "", str(cpu)


def _cpu_times(cpus: Collection[int], *, interrupts: bool) -> tuple[int, int]:
    """Busy time of ``cpus``, and steal time of all (proc(5), ``/proc/stat``), in nanoseconds, in steps of a tick."""
    tick_ns = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    busy = stolen = 0
    for line in Path("/proc/stat").read_text().splitlines():
        if match := re.match(r"cpu(\d+) ", line):
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, line.split()[1:9])
            stolen += steal
            if int(match[1]) in cpus:
                busy += user + nice + system + (irq + softirq if interrupts else 0)
    return busy * tick_ns, stolen * tick_ns


def _cpuinfo(key: str) -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return ""


def _cpu_model() -> str:
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _os_release() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.platform()
