"""Which CPUs serve and which load, what the kernel's tables say, and what is refused before anything is measured."""

from __future__ import annotations

import os
import platform
import resource
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import PlanError, ToolError
from runner.machine import facts
from runner.machine.facts import Snapshot
from runner.record.run import Level
from runner.record.trial import Placement
from runner.serving import process, procfs

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``/proc`` and ``/sys`` as a test writes them."""
    monkeypatch.setattr(facts, "Path", lambda path: tmp_path / str(path).lstrip("/"))
    return tmp_path


def _write(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def _cores(root: Path, monkeypatch: pytest.MonkeyPatch, cores: dict[int, tuple[int, int]]) -> None:
    """CPUs that may be used, and the (package, core) of each."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(cores))
    for cpu, (package, core) in cores.items():
        topology = f"sys/devices/system/cpu/cpu{cpu}/topology"
        _write(root, f"{topology}/physical_package_id", f"{package}\n")
        _write(root, f"{topology}/core_id", f"{core}\n")


@pytest.mark.parametrize(("cpus", "wanted", "fits"), [(2, 1, True), (2, 2, False), (3, 2, True), (1, 1, False)])
def test_cpus_for_the_server_and_another_for_the_generator(
    cpus: int, wanted: int, fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cpus)))
    if fits:
        facts.require_cpus(wanted)
        return
    with pytest.raises(PlanError, match=f"this machine has {cpus}: .*--server-cpus") as refused:
        facts.require_cpus(wanted)
    assert "\n" not in str(refused.value)


class TestPlacement:
    @pytest.mark.parametrize(
        ("cores", "workers", "threads", "expected"),
        [
            pytest.param({3: (0, 0)}, 1, 1, Placement((3,), (3,), shared=True), id="one CPU"),
            pytest.param({0: (0, 0), 1: (0, 1)}, 1, 1, Placement((0,), (1,), shared=False), id="two cores"),
            pytest.param({0: (0, 0), 1: (0, 0)}, 1, 1, Placement((0,), (1,), shared=False), id="one core, two threads"),
            pytest.param(
                {0: (0, 0), 1: (0, 0), 2: (0, 1), 3: (0, 1)},
                1,
                1,
                Placement((0,), (2,), shared=False),
                id="siblings next",
            ),
            pytest.param(
                {0: (0, 0), 1: (0, 1), 2: (0, 0), 3: (0, 1)},
                1,
                1,
                Placement((0,), (1,), shared=False),
                id="siblings last",
            ),
            pytest.param(
                {0: (0, 0), 1: (1, 0)}, 1, 1, Placement((0,), (1,), shared=False), id="the same core of two packages"
            ),
            pytest.param(
                {cpu: (0, cpu) for cpu in range(8)},
                2,
                3,
                Placement((0, 1), (5, 6, 7), shared=False),
                id="as many as asked",
            ),
            pytest.param(
                {cpu: (0, cpu) for cpu in range(4)}, 2, 10, Placement((0, 1), (2, 3), shared=False), id="threads share"
            ),
            pytest.param({5: (0, 0), 9: (0, 1)}, 1, 10, Placement((5,), (9,), shared=False), id="affinity"),
        ],
    )
    def test_server_and_generator_get_cores_of_their_own(
        self,
        kernel: Path,
        monkeypatch: pytest.MonkeyPatch,
        cores: dict[int, tuple[int, int]],
        workers: int,
        threads: int,
        expected: Placement,
    ) -> None:
        _cores(kernel, monkeypatch, cores)
        assert facts.place(workers, threads) == expected

    def test_workers_share_cpus_before_they_take_the_generators(
        self, kernel: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _cores(kernel, monkeypatch, {cpu: (0, cpu) for cpu in range(4)})
        assert facts.place(3, 1) == Placement((0, 1, 2), (3,), shared=False)
        assert facts.place(4, 1) == Placement((0, 1, 2), (3,), shared=False)

    def test_a_machine_that_tells_no_topology_has_one_core_a_cpu(
        self, kernel: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
        assert facts.place(1, 1) == Placement((0,), (2,), shared=False)

    @given(st.integers(2, 16), st.integers(1, 20), st.integers(1, 20), st.booleans())
    def test_no_cpu_is_given_twice_and_none_that_is_not_there(
        self, cpus: int, workers: int, threads: int, hyper: bool
    ) -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(os, "sched_getaffinity", lambda _: set(range(cpus)))
            patched.setattr(facts, "_core_of", lambda cpu: ("0", str(cpu // 2 if hyper else cpu)))
            placed = facts.place(workers, threads)
        both = [*placed.server, *placed.generator]
        assert len(both) == len(set(both))
        assert set(both) <= set(range(cpus))
        assert 1 <= len(placed.server) <= workers
        assert 1 <= len(placed.generator) <= threads
        assert not placed.shared


STAT = """\
cpu  300 30 60 9000 15 6 9 21 4 5
cpu0 100 10 20 3000 5 2 3 7 1 2
cpu1 200 20 40 6000 10 4 6 14 3 3
cpu10 7 0 0 0 0 0 0 1 0 0
intr 12345 0 9
ctxt 999
"""
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1001 1 0000000000000000
   1: 0100007F:C001 0100007F:1F90 06 00000000:00000000 03:00001388 00000000     0        0 0 3 0000000000000000
   2: 0100007F:1F90 0100007F:C002 06 00000000:00000000 03:00001388 00000000     0        0 0 3 0000000000000000
   3: 0100007F:C003 0100007F:1F91 06 00000000:00000000 03:00001388 00000000     0        0 0 3 0000000000000000
   4: 0100007F:C004 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 1002 1 0000000000000000
"""


class TestSnapshots:
    @pytest.fixture(autouse=True)
    def tables(self, kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(procfs, "Path", lambda path: kernel / str(path).lstrip("/"))
        _write(kernel, "proc/stat", STAT)
        _write(kernel, "proc/net/tcp", TCP)

    def test_busy_time_is_that_of_the_cpus_asked_for_and_steal_that_of_all(self) -> None:
        taken = facts.snapshot({1}, 8080)
        assert taken.busy_ns == (200 + 20 + 40 + 4 + 6) * TICK_NS
        assert taken.steal_ns == (7 + 14 + 1) * TICK_NS
        both = facts.snapshot({0, 1}, 8080)
        assert both.busy_ns == taken.busy_ns + (100 + 10 + 20 + 2 + 3) * TICK_NS

    def test_our_own_time_is_in_it(self) -> None:
        before = facts.snapshot({0}, 8080).own_ns
        while facts.snapshot({0}, 8080).own_ns < before + 20_000_000:
            sum(range(10_000))  # a program that reads a clock which stands still would stay here

    def test_closed_connections_are_those_of_the_servers_port_from_either_end(self) -> None:
        assert facts.snapshot({0}, 8080).closed == 2
        assert facts.snapshot({0}, 8081).closed == 1
        assert facts.snapshot({0}, 8082).closed == 0

    def test_a_machine_is_described_by_its_tables(self, kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        _write(kernel, "proc/cpuinfo", "processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\nflags\t\t: fpu hypervisor lm\n")
        monkeypatch.setattr(process, "output", lambda argv, **_: None)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {4, 2})
        described = facts.describe()
        assert (described.cpu_model, described.hypervisor, described.cpus) == ("Some CPU @ 3 GHz", True, (2, 4))
        assert described.tools == {}
        assert described.memory_bytes > 1 << 26
        _write(kernel, "proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu nohypervisorhere\n")
        assert facts.describe().hypervisor is False
        assert facts.describe().cpu_model

    def test_what_a_machine_does_not_tell_is_named_otherwise(
        self, kernel: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def untold() -> dict[str, str]:
            raise OSError

        _write(kernel, "proc/cpuinfo", "processor\t: 0\n")
        monkeypatch.setattr(process, "output", lambda argv, **_: None)
        monkeypatch.setattr(platform, "freedesktop_os_release", untold)
        described = facts.describe()
        assert described.system == platform.platform()
        assert described.cpu_model
        assert described.hypervisor is False


class TestSurroundings:
    BEFORE = Snapshot(steal_ns=10, busy_ns=1000, own_ns=100, closed=5)
    AFTER = Snapshot(steal_ns=17, busy_ns=3000, own_ns=400, closed=56)

    def test_what_is_left_is_the_work_of_others(self) -> None:
        seen = facts.surroundings(self.BEFORE, self.AFTER, load_average=0.25, server_cpu_ns=1200)
        assert (seen.load_average, seen.steal_ns, seen.connections_closed) == (0.25, 7, 51)
        assert seen.other_cpu_ns == (3000 - 1000) - 1200 - (400 - 100)

    def test_it_is_never_less_than_nothing(self) -> None:
        assert facts.surroundings(self.BEFORE, self.AFTER, load_average=0, server_cpu_ns=9999).other_cpu_ns == 0

    def test_what_is_not_known_is_none(self) -> None:
        assert facts.surroundings(self.BEFORE, self.AFTER, load_average=0, server_cpu_ns=None).other_cpu_ns is None

    def test_closed_connections_that_were_forgotten_meanwhile_count_nothing(self) -> None:
        assert facts.surroundings(self.AFTER, self.BEFORE, load_average=0, server_cpu_ns=0).connections_closed == 0


class TestTools:
    @pytest.mark.parametrize(
        ("argv", "says", "name", "version"),
        [
            ("wrk", "wrk debian/4.1.0-3+b2 [epoll] Copyright (C) 2012 Will Glozer\nUsage:", "wrk", "4.1.0-3+b2"),
            ("wrk", "wrk 4.2.0 [epoll] Copyright (C) 2012 Will Glozer", "wrk", "4.2.0"),
            ("h2load", "h2load nghttp2/1.64.0", "h2load", "1.64.0"),
            ("uv", "uv 0.13.8 (abcdef 2026-11-01)", "uv", "0.13.8"),
            ("go", "go version go1.27.3 linux/amd64", "go", "1.27.3"),
            ("uv", "bash: uv: not found", "uv", None),
        ],
    )
    def test_versions(
        self, monkeypatch: pytest.MonkeyPatch, argv: str, says: str, name: str, version: str | None
    ) -> None:
        monkeypatch.setattr(process, "output", lambda asked, **_: says if Path(asked[0]).name == argv else None)
        assert facts.tool_versions() == ({} if version is None else {name: version})

    def test_wrk_that_is_absent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
        with pytest.raises(ToolError, match=r"wrk is not installed: run `make setup`, or install Debian's package wrk"):
            facts.require_wrk()

    def test_h2load_that_is_absent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        machine_has: list[str] = ["h2load"]
        monkeypatch.setattr(shutil, "which", lambda name, **_: name if name in machine_has else None)
        facts.require_h2load()
        machine_has.clear()
        with pytest.raises(ToolError, match=r"h2load is not installed: .*nghttp2-client, or leave out --witness"):
            facts.require_h2load()

    @pytest.mark.parametrize(
        ("says", "shown"),
        [
            (None, "no answer"),
            ("", "no answer"),
            ("\n", "no answer"),
            ("Usage: wrk <url>\nunknown option", "unknown option"),
        ],
    )
    def test_wrk_that_runs_no_scripts(self, monkeypatch: pytest.MonkeyPatch, says: str | None, shown: str) -> None:
        monkeypatch.setattr(shutil, "which", lambda *_, **__: "/usr/bin/wrk")
        monkeypatch.setattr(process, "output", lambda *_, **__: says)
        with pytest.raises(ToolError) as refused:
            facts.require_wrk()
        assert str(refused.value).startswith(f"wrk does not run Lua scripts ({shown}): run `make setup`")

    @pytest.mark.parametrize("says", ["luajit\n", "lua\n"])
    def test_wrk_that_does(self, monkeypatch: pytest.MonkeyPatch, says: str) -> None:
        monkeypatch.setattr(shutil, "which", lambda *_, **__: "/usr/bin/wrk")
        monkeypatch.setattr(process, "output", lambda *_, **__: says)
        facts.require_wrk()


class TestDescriptors:
    @pytest.fixture
    def limits(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[int, int]]:
        now = {"": (1024, 4096)}
        monkeypatch.setattr(resource, "getrlimit", lambda _: now[""])
        monkeypatch.setattr(resource, "setrlimit", lambda _, limits: now.update({"": limits}))
        return now

    def test_a_soft_limit_is_raised_as_far_as_needed(self, limits: dict[str, tuple[int, int]]) -> None:
        facts.require_descriptors(1024 - facts.SPARE_DESCRIPTORS)
        assert limits[""] == (1024, 4096)
        facts.require_descriptors(2000)
        assert limits[""] == (2000 + facts.SPARE_DESCRIPTORS, 4096)

    def test_more_than_the_hard_limit_is_refused(self, limits: dict[str, tuple[int, int]]) -> None:
        facts.require_descriptors(4096 - facts.SPARE_DESCRIPTORS)
        with pytest.raises(PlanError) as refused:
            facts.require_descriptors(4096 - facts.SPARE_DESCRIPTORS + 1)
        assert "3969 connections need 4097 file descriptors and the limit is 4096" in str(refused.value)
        assert "ulimit -n 4097" in str(refused.value)
        assert "--connections" in str(refused.value)

    def test_no_limit_is_enough(self, limits: dict[str, tuple[int, int]]) -> None:
        limits[""] = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        facts.require_descriptors(10**6)
        assert limits[""] == (resource.RLIM_INFINITY, resource.RLIM_INFINITY)

    def test_what_is_lacking_for_one_server_is_told_and_nothing_changed(
        self, limits: dict[str, tuple[int, int]]
    ) -> None:
        assert facts.allow_descriptors(4096) is None
        assert limits[""] == (4096, 4096)
        lacking = facts.allow_descriptors(4097)
        assert lacking == "4097 file descriptors and the limit is 4096: raise it with `ulimit -n 4097`"
        assert limits[""] == (4096, 4096)


class TestManyConnections:
    def test_each_needs_a_local_port(self, kernel: Path) -> None:
        _write(kernel, "proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n")
        facts.require_ports(28232 - facts.SPARE_PORTS)
        with pytest.raises(PlanError) as refused:
            facts.require_ports(28232 - facts.SPARE_PORTS + 1)
        assert "28169 connections need 28233 local ports and there are 28232" in str(refused.value)
        assert "net.ipv4.ip_local_port_range" in str(refused.value)
        assert "--connections" in str(refused.value)

    def test_a_short_backlog_is_a_warning_with_its_remedy(self, kernel: Path) -> None:
        _write(kernel, "proc/sys/net/core/somaxconn", "4096\n")
        assert facts.backlog_finding(4096) is None
        found = facts.backlog_finding(4097)
        assert found is not None
        assert (found.level, found.subject) == (Level.WARNING, "somaxconn")
        assert found.state == "4096, and 4097 connections come at once"
        assert found.remedy == "sysctl net.core.somaxconn=4097"

    def test_open_connections_are_those_of_the_servers_side_and_accepted_ones_have_a_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(procfs, "Path", lambda path: tmp_path / str(path).lstrip("/"))

        def line(local: int, remote: int, state: str, inode: int) -> str:
            return f"0: 0100007F:{local:04X} 0100007F:{remote:04X} {state} 0:0 00:0 0 0 0 {inode} 1"

        ours = [line(8080, 40_000, "01", 7), line(8080, 40_001, "01", 0), line(8080, 0, "0A", 5)]
        others = [line(40_000, 8080, "01", 9), line(8080, 40_002, "06", 0), line(8081, 40_003, "01", 3)]
        _write(tmp_path, "proc/net/tcp", "\n".join(["heading", *ours, *others]) + "\n")
        assert procfs.connections(8080) == (2, 1)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("apache2-bin 2.4.71 installed\nmod 4.9.4 installed\n", {"apache2-bin": "2.4.71", "mod": "4.9.4"}),
        ("apache2-bin 2.4.71 installed\nmod 4.9.4 config-files\n", None),
        ("apache2-bin 2.4.71 installed\nmod  unknown\n", None),
        ("", None),
        (None, None),
    ],
)
def test_packages_of_debian_are_there_when_all_of_them_are_installed(
    said: str | None, found: dict[str, str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "output", lambda argv, stderr: said)
    assert facts.debian_packages(["apache2-bin", "mod"]) == found
