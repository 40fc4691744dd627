"""What Linux tells of processes is what they say of themselves."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runner.serving import procfs
from runner.serving.process import Process
from tests.programs import Program, eventually

pytestmark = pytest.mark.live

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
GONE = 2**22 + 1
"""More than the largest process id that Linux gives out (proc(5), ``pid_max``)."""


@contextmanager
def running(command: tuple[str, ...], log: Path) -> Iterator[Process]:
    """The program, once it has printed a line."""
    with Process(command, log=log) as started:
        assert eventually(lambda: log.read_text().endswith("\n")), log.read_text()
        yield started


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """A process whose threads all stand still, so that two looks at it see the same."""
    os.kill(pid, signal.SIGSTOP)
    assert eventually(
        lambda: all(
            state.read_text().rpartition(")")[2].split()[0] == "T" for state in Path(f"/proc/{pid}/task").glob("*/stat")
        )
    )
    yield
    os.kill(pid, signal.SIGCONT)


class TestCpuTime:
    def test_it_is_what_the_scheduler_says_of_all_threads(self, program: Program, tmp_path: Path) -> None:
        code = """
            import threading, time
            def burn():
                while True:
                    sum(range(1000))
            for _ in range(2):
                threading.Thread(target=burn, daemon=True).start()
            time.sleep(0.3)
            print("burning", flush=True)
            burn()
        """
        with running(program(code), tmp_path / "log") as started, frozen(started.pid):
            counted = procfs.cpu_ns(started.pid)
            tasks = Path(f"/proc/{started.pid}/task").glob("*/schedstat")
            scheduled = [int(task.read_text().split()[0]) for task in tasks]
            fields = Path(f"/proc/{started.pid}/stat").read_text().rpartition(")")[2].split()
            ticks_ns = (int(fields[11]) + int(fields[12])) * TICK_NS
            assert len(scheduled) == 3
            assert counted == sum(scheduled)
            assert counted == pytest.approx(ticks_ns, abs=4 * TICK_NS)
            assert counted > 0
            assert sum(procfs.user_and_system_ns([started.pid, GONE])) == ticks_ns

    def test_threads_that_have_ended_count(self, program: Program, tmp_path: Path) -> None:
        code = """
            import threading, time
            def burn():
                while time.thread_time() < 0.1:
                    sum(range(1000))
            threads = [threading.Thread(target=burn) for _ in range(3)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            print(time.process_time_ns(), flush=True)
            time.sleep(600)
        """
        log = tmp_path / "log"
        with running(program(code), log) as started:
            own = int(log.read_text())
            assert own >= 300_000_000
            assert procfs.cpu_ns(started.pid) == pytest.approx(own, rel=0.1)
            alive = Path(f"/proc/{started.pid}/task").glob("*/schedstat")
            assert sum(int(task.read_text().split()[0]) for task in alive) < own / 2, "schedstat would have lost them"

    def test_by_process_leaves_out_what_is_gone(self, program: Program, tmp_path: Path) -> None:
        with running(program("import time; print('up', flush=True); time.sleep(600)"), tmp_path / "log") as started:
            assert set(procfs.cpu_by_process([started.pid, GONE])) == {started.pid}


class TestTree:
    def test_descendants_of_any_depth(self, program: Program, tmp_path: Path) -> None:
        code = """
            import os, time
            a = os.fork()
            if a == 0:
                b = os.fork()
                if b == 0:
                    time.sleep(600)
                print(os.getpid(), b, flush=True)
                os.setsid()
                time.sleep(600)
            time.sleep(600)
        """
        log = tmp_path / "log"
        with running(program(code), log) as started:
            child, grandchild = map(int, log.read_text().split())
            assert set(procfs.descendants(started.pid)) == {child, grandchild}
            assert procfs.descendants(grandchild) == []
            assert set(started.tree()) == {started.pid, child, grandchild}

    def test_a_name_with_spaces_and_brackets_is_read_right(self, program: Program, tmp_path: Path) -> None:
        code = "import time; open('/proc/self/comm', 'w').write(') R 1 (x'); print('up', flush=True); time.sleep(600)"
        with running(program(code), tmp_path / "log") as started:
            assert started.tree() == [started.pid]


class TestMemory:
    def test_the_peak_stays_when_memory_is_given_back(self, program: Program, tmp_path: Path) -> None:
        code = """
            import time
            block = bytearray(b"x" * (64 << 20))
            del block
            print("freed", flush=True)
            time.sleep(600)
        """
        with running(program(code), tmp_path / "log") as started:
            peak, now = procfs.peak_memory_bytes(started.pid), procfs.resident_memory_bytes(started.pid)
            assert peak is not None
            assert now is not None
            assert now < 64 << 20 < peak < 512 << 20


class TestSockets:
    def test_ports_of_both_families_and_only_those_that_listen(self, program: Program, tmp_path: Path) -> None:
        code = """
            import os, socket, time
            four = socket.create_server(("127.0.0.1", 0))
            ports = [four.getsockname()[1]]
            if socket.has_ipv6:
                try:
                    six = socket.create_server(("::1", 0), family=socket.AF_INET6)
                    ports.append(six.getsockname()[1])
                except OSError:
                    pass
            bound = socket.socket()
            bound.bind(("127.0.0.1", 0))
            client = socket.create_connection(four.getsockname())
            print(*ports, flush=True)
            time.sleep(600)
        """
        log = tmp_path / "log"
        with running(program(code), log) as started:
            ports = set(map(int, log.read_text().split()))
            assert procfs.listening_ports([started.pid]) == ports
            assert procfs.listening_ports([started.pid, GONE]) == ports
            assert not ports & procfs.listening_ports([os.getpid()])

    def test_connections_that_were_closed_are_counted(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            assert procfs.time_wait_sockets(port) == 0
            for _ in range(7):
                with socket.create_connection(("127.0.0.1", port)), listener.accept()[0]:
                    pass
            assert eventually(lambda: procfs.time_wait_sockets(port) == 7)


def test_what_is_gone_is_left_out() -> None:
    assert procfs.cpu_ns(GONE) is None
    assert procfs.peak_memory_bytes(GONE) is None
    assert procfs.resident_memory_bytes(GONE) is None
    assert procfs.listening_ports([GONE]) == frozenset()
    assert procfs.descendants(GONE) == []
