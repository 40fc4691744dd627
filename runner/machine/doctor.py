"""Is this machine fit to measure on? Each finding with its effect on the figures and its remedy.

Readings are taken by :func:`read`; what they mean is decided by :func:`examine`, which is pure.
"""

from __future__ import annotations

import resource
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.machine import facts
from runner.record.adapter import Build, interpreter
from runner.record.run import Finding, Level

LOAD_LIMIT = 0.5
"""1-minute load average, beyond which something else is at work."""
STEAL_LIMIT = 0.01
"""Share of CPU time since boot that a hypervisor may have given to others."""
WANTED_DESCRIPTORS = 10_500
"""Enough for 10 000 connections. A plan that needs more, as one for each to an upstream, says so itself."""
WANTED_BACKLOG = 1024
TESTED_WRK = ("4.1.0", "4.2.0")

_CPU = Path("/sys/devices/system/cpu")
_NET = Path("/proc/sys/net")


@dataclass(frozen=True, slots=True)
class Readings:
    """What the machine says of itself; ``None`` where it does not tell."""

    cpus: int
    siblings: Mapping[int, str]
    governor: str | None
    boost: str | None
    steal_share: float
    load_average: float
    descriptors_soft: int
    descriptors_hard: int
    somaxconn: int | None
    ports: tuple[int, int] | None
    time_wait: int | None
    clock: str | None
    hypervisor: bool
    tools: Mapping[str, str]


def read() -> Readings:
    """Take all readings; about 0.1 s."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    ports = _text(_NET / "ipv4/ip_local_port_range")
    low, high = ports.split() if ports else ("0", "0")
    described = facts.describe()
    boost = _text(_CPU / "cpufreq/boost")
    if (no_turbo := _text(_CPU / "intel_pstate/no_turbo")) is not None:
        boost = "0" if no_turbo == "1" else "1"
    somaxconn = _text(_NET / "core/somaxconn")
    return Readings(
        cpus=len(described.cpus),
        siblings={
            cpu: found for cpu in described.cpus if (found := _text(_CPU / f"cpu{cpu}/topology/thread_siblings_list"))
        },
        governor=_text(_CPU / "cpu0/cpufreq/scaling_governor"),
        boost=boost,
        steal_share=_steal_share(),
        load_average=facts.load_average(),
        descriptors_soft=soft,
        descriptors_hard=hard,
        somaxconn=int(somaxconn) if somaxconn else None,
        ports=(int(low), int(high)) if ports else None,
        time_wait=_time_wait(),
        clock=_text(Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")),
        hypervisor=described.hypervisor,
        tools=described.tools,
    )


def examine(readings: Readings) -> tuple[Finding, ...]:
    """One finding for each thing that was looked at, the good ones included."""
    return tuple(
        finding
        for part in (_tools(readings), _processors(readings), _quiet(readings), _network(readings))
        for finding in part
    )


def interpreters(builds: Iterable[tuple[str, Build]]) -> tuple[Finding, ...]:
    """One finding for each way in which interpreters of these names were built."""
    releases: dict[Build, list[str]] = defaultdict(list)
    for release, build in builds:
        if release not in releases[build]:
            releases[build].append(release)
    return tuple(_built(build, interpreter(", ".join(found))) for build, found in releases.items())


def preferred(taken: Iterable[tuple[str, Build, Sequence[tuple[str, Build | None]]]]) -> Iterator[Finding]:
    """One finding for each interpreter that was taken before others of its series: its name, its build, and theirs."""
    for name, build, others in taken:
        passed_over = ", ".join(f"{other} ({theirs or 'does not run'})" for other, theirs in others)
        if passed_over:
            yield Finding(Level.NOTE, interpreter(name), str(build), f"taken before {passed_over}")


def _built(build: Build, subject: str) -> Finding:
    if build.unoptimized:
        return Finding(
            Level.WARNING,
            subject,
            str(build),
            "all Python is slower than on the builds that are usually deployed: compare rows of one build only",
            "build it with --enable-optimizations --with-lto (pyenv: in PYTHON_CONFIGURE_OPTS)",
        )
    if build.pgo is None and build.pypy is None:
        return Finding(Level.UNKNOWN, subject, f"{build}: its distribution does not say how it was built")
    return Finding(Level.GOOD, subject, str(build))


def _tools(r: Readings) -> Iterator[Finding]:
    wrk = r.tools.get("wrk")
    if wrk is None:
        yield Finding(Level.PROBLEM, "wrk", "not installed", "nothing can be measured", "run `make setup`")
    elif not wrk.startswith(TESTED_WRK):
        yield Finding(
            Level.WARNING,
            "wrk",
            wrk,
            f"latency is recovered by undoing what wrk {' and '.join(TESTED_WRK)} do; the proofs tell if it differs",
            "install one of those if latency comes out as not measured",
        )
    else:
        yield Finding(Level.GOOD, "wrk", wrk)
    for name, effect in (
        ("h2load", "no witness for wrk's figures"),
        ("uv", "no Python adapter can be run"),
        ("go", "no Go baseline"),
    ):
        if name in r.tools:
            yield Finding(Level.GOOD, name, r.tools[name])
        else:
            level = Level.WARNING if name == "h2load" else Level.PROBLEM
            yield Finding(level, name, "not installed", effect, "run `make setup`")


def _processors(r: Readings) -> Iterator[Finding]:
    if r.cpus < 2:
        yield Finding(
            Level.PROBLEM,
            "CPUs",
            str(r.cpus),
            "server and load generator take CPU time from each other: every rate is too low",
            "use a machine with at least two CPUs",
        )
    else:
        yield Finding(Level.GOOD, "CPUs", str(r.cpus))
    cores = {frozenset(_numbers(text)) for text in r.siblings.values()}
    if r.siblings and len(cores) < 2 <= r.cpus:
        yield Finding(
            Level.WARNING,
            "hyper-threads",
            "all CPUs are one physical core",
            "server and load generator share a core: rates are too low, and vary",
            "use a machine with two cores",
        )
    if r.governor is None:
        yield Finding(Level.UNKNOWN, "frequency governor", "not told by this machine")
    elif r.governor != "performance":
        yield Finding(
            Level.WARNING,
            "frequency governor",
            r.governor,
            "the clock rises only under load: short trials are slower, and vary",
            "cpupower frequency-set -g performance",
        )
    else:
        yield Finding(Level.GOOD, "frequency governor", r.governor)
    if r.boost == "1":
        yield Finding(
            Level.WARNING,
            "turbo",
            "on",
            "the clock depends on temperature and on the other cores: trials vary",
            "echo 0 > /sys/devices/system/cpu/cpufreq/boost (or 1 > intel_pstate/no_turbo)",
        )
    else:
        yield Finding(
            Level.UNKNOWN if r.boost is None else Level.GOOD, "turbo", "not told" if r.boost is None else "off"
        )
    if r.clock is None:
        yield Finding(Level.UNKNOWN, "clock source", "not told")
    elif r.clock in {"tsc", "kvm-clock", "arch_sys_counter"}:
        yield Finding(Level.GOOD, "clock source", r.clock)
    else:
        yield Finding(
            Level.WARNING,
            "clock source",
            r.clock,
            "reading the time is a slow system call, and wrk does so twice a batch",
            "boot with clocksource=tsc if the machine's TSC is stable",
        )


def _quiet(r: Readings) -> Iterator[Finding]:
    if r.load_average > LOAD_LIMIT:
        yield Finding(
            Level.WARNING,
            "load average",
            f"{r.load_average:.2f}",
            "something else is at work: trials are disturbed",
            "end it, or wait a minute if it was the last run",
        )
    else:
        yield Finding(Level.GOOD, "load average", f"{r.load_average:.2f}")
    if r.steal_share > STEAL_LIMIT:
        yield Finding(
            Level.WARNING,
            "steal time",
            f"{r.steal_share:.1%} since boot",
            "the hypervisor gives CPU time to others: rates vary; disturbed trials are marked and repeated",
            "use a machine of its own",
        )
    else:
        yield Finding(Level.GOOD, "steal time", f"{r.steal_share:.2%} since boot")
    if r.hypervisor:
        yield Finding(
            Level.NOTE,
            "hypervisor",
            "this is a virtual machine",
            "neighbours share its caches and memory, which no counter shows",
            "compare rows of one run only, not runs of different days",
        )


def _network(r: Readings) -> Iterator[Finding]:
    if r.descriptors_hard != resource.RLIM_INFINITY and r.descriptors_hard < WANTED_DESCRIPTORS:
        yield Finding(
            Level.WARNING,
            "file descriptors",
            f"{r.descriptors_soft}, at most {r.descriptors_hard}",
            f"no more than {r.descriptors_hard - facts.SPARE_DESCRIPTORS} connections can be opened",
            f"ulimit -n {WANTED_DESCRIPTORS}",
        )
    else:
        yield Finding(Level.GOOD, "file descriptors", f"{r.descriptors_soft}, at most {r.descriptors_hard}")
    if r.somaxconn is not None and r.somaxconn < WANTED_BACKLOG:
        yield Finding(
            Level.WARNING,
            "somaxconn",
            str(r.somaxconn),
            "with many connections at once some are refused or wait a second for a second SYN",
            f"sysctl net.core.somaxconn={WANTED_BACKLOG * 4}",
        )
    elif r.somaxconn is not None:
        yield Finding(Level.GOOD, "somaxconn", str(r.somaxconn))
    if r.ports is not None and r.time_wait is not None:
        free = r.ports[1] - r.ports[0] + 1
        if r.time_wait > free / 2:
            yield Finding(
                Level.WARNING,
                "TIME_WAIT",
                f"{r.time_wait} sockets, {free} ports",
                "connections to one server may find no free port",
                "wait a minute, or sysctl net.ipv4.ip_local_port_range='1024 65535'",
            )
        else:
            yield Finding(Level.GOOD, "TIME_WAIT", f"{r.time_wait} sockets, {free} ports")


def _text(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None


def _numbers(text: str) -> Iterator[int]:
    """``0-1,4`` as 0, 1, 4."""
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _steal_share() -> float:
    times = list(map(int, Path("/proc/stat").read_text().split(None, 9)[1:9]))
    return times[7] / sum(times)


def _time_wait() -> int | None:
    """TCP sockets in TIME_WAIT (``tw`` in ``/proc/net/sockstat``)."""
    for line in (_text(Path("/proc/net/sockstat")) or "").splitlines():
        fields = line.split()
        if fields[0] == "TCP:" and "tw" in fields:
            return int(fields[fields.index("tw") + 1])
    return None
