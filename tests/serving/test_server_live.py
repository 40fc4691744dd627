"""A server that listens where it should, and every way of not doing so, told with its reason."""

from __future__ import annotations

import ast
import os
import signal
import socket
import sys
import threading
from pathlib import Path

import pytest

from runner.record.adapter import Environment
from runner.serving import process, server
from runner.serving.process import LOG_HEAD_BYTES, LOG_TAIL_BYTES
from runner.serving.server import StartError, running
from tests import builders, toys
from tests.programs import PATIENCE_S, eventually, mentioning

pytestmark = pytest.mark.live

TOYS = Path(toys.__file__)


def toy(mode: str) -> Environment:
    return builders.environment(argv=(sys.executable, str(TOYS), mode))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "server.log"


def refusal(mode: str, log: Path, *, port: int | None = None) -> str:
    with pytest.raises(StartError) as refused, running(toy(mode), log=log, port=port):
        pytest.fail("it was taken for ready")
    return str(refused.value)


class TestReady:
    def test_it_listens_on_a_free_port_of_loopback(self, log: Path) -> None:
        with running(toy("Good"), log=log) as started:
            assert started.address.host == "127.0.0.1"
            assert started.alive()
            assert started.exit is None
            with socket.create_connection((started.address.host, started.address.port)) as connection:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                assert connection.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")
            started.stop(PATIENCE_S)
        assert started.exit is not None
        assert (started.exit.code, started.exit.killed, started.exit.before_stop) == (0, False, False)
        assert not mentioning(str(log.parent))

    def test_or_on_the_port_it_is_given(self, log: Path) -> None:
        port = server.free_port()
        with running(toy("Good"), log=log, port=port) as started:
            assert started.address.port == port

    def test_without_a_knock_the_first_connection_is_ours(self, log: Path) -> None:
        code = (
            "import os, socket; own = socket.create_server((os.environ['HOST'], int(os.environ['PORT'])))\n"
            "while True: print(own.accept()[1])"
        )
        started = server.start(builders.environment(argv=(sys.executable, "-c", code)), log=log, knock=False)
        try:
            with socket.create_connection((started.address.host, started.address.port)) as connection:
                assert eventually(lambda: started.log_text() == f"{connection.getsockname()}\n")
        finally:
            started.stop(PATIENCE_S)

    def test_it_works_in_a_folder_of_its_own_that_goes_with_it(self, log: Path) -> None:
        """One that removes the folder it works in takes no record along."""
        with running(toy("Good"), log=log) as started:
            folder = Path(f"/proc/{started.processes()[-1]}/cwd").readlink()
            assert not log.is_relative_to(folder)
            assert list(folder.iterdir()) == []
            folder.rmdir()
        assert not folder.exists()
        assert log.exists()

    def test_one_that_writes_20_mb_before_it_listens(self, log: Path) -> None:
        with running(toy("floods_and_listens_late"), log=log) as started:
            assert started.alive()
        assert log.stat().st_size <= LOG_HEAD_BYTES + 2 * LOG_TAIL_BYTES

    def test_it_sees_the_contract_and_little_else(
        self, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYTHONPATH", "/somewhere")
        monkeypatch.setenv("SECRET", "word")
        code = "from os import environ as e; print(sorted(e)); print(e['HOST'], e['PORT'], e['WORKERS'])"
        environment = builders.environment(argv=(sys.executable, "-c", code))
        with pytest.raises(StartError), running(environment, log=log, workers=3):
            pytest.fail("it was taken for ready")
        listed, contract = log.read_text().splitlines()[:2]
        names = set(ast.literal_eval(listed))
        assert {"HOST", "PORT", "WORKERS", "PATH"} <= names
        assert not {"PYTHONPATH", "SECRET"} & names
        assert contract.split()[0] == "127.0.0.1"
        assert contract.split()[2] == "3"


class TestNotReady:
    def test_one_that_never_listens(self, log: Path) -> None:
        with pytest.raises(StartError, match=r"^did not listen on 127\.0\.0\.1:\d+ within 0\.5 s: thinking it over$"):
            server.start(toy("never_listens"), log=log, ready_timeout_s=0.5)

    def test_one_that_exits_at_once_has_its_error_in_the_reason(self, log: Path) -> None:
        assert refusal("exits", log) == "exited with code 3 before it listened: RuntimeError: no such setting: speed"

    def test_one_that_exits_without_a_word(self, log: Path) -> None:
        assert refusal("exits_silently", log) == "exited with code 4 before it listened"

    def test_one_that_listens_somewhere_else(self, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(server, "ELSEWHERE_AFTER_S", 0.3)
        said = refusal("wrong_port", log)
        assert said.startswith("listens on port ")
        assert "not on $PORT (" in said
        with pytest.raises(StartError, match=r"^listens on port \d+, not on \$PORT"):
            server.start(toy("wrong_port"), log=log, knock=False)

    def test_one_whose_port_is_taken(self, log: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            assert not server.port_is_free(port)
            said = refusal("Good", log, port=port)
        assert said.startswith("exited with code 1 before it listened: OSError: ")
        assert "address already in use" in said

    def test_a_free_port_that_somebody_took_meanwhile_is_tried_again_with_another(
        self, log: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        free_port = server.free_port
        with socket.create_server(("127.0.0.1", 0)) as taken:
            ports = iter([taken.getsockname()[1], taken.getsockname()[1], free_port()])
            monkeypatch.setattr(server, "free_port", lambda _: next(ports))
            with running(toy("Good"), log=log) as started:
                assert started.address.port != taken.getsockname()[1]

    def test_but_not_for_ever(self, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        tried = []

        def always_taken(_: str) -> int:
            tried.append(port)
            return port

        with socket.create_server(("127.0.0.1", 0)) as taken:
            port: int = taken.getsockname()[1]
            monkeypatch.setattr(server, "free_port", always_taken)
            refusal("Good", log)
        assert len(tried) == server.PORT_ATTEMPTS

    def test_another_program_that_answers_there_is_not_taken_for_it(self, log: Path) -> None:
        """It listens on the port already, and the server does not notice."""
        with socket.create_server(("127.0.0.1", 0)) as other:
            said = refusal("wrong_port", log, port=other.getsockname()[1])
        assert said.startswith("listens on port ")


class TestEnd:
    @pytest.mark.parametrize("mode", ["ignores_term", "worker_ignores_term"])
    def test_what_ignores_sigterm_is_killed_with_all_its_workers(self, mode: str, log: Path) -> None:
        with running(toy(mode), log=log) as started:
            assert eventually(lambda: len(mentioning(str(log.parent))) >= (3 if "worker" in mode else 2))
            ended = started.stop(0.2)
        assert ended.killed
        assert not ended.before_stop
        assert not mentioning(str(log.parent))

    def test_an_exception_in_the_block_ends_it_too(self, log: Path) -> None:
        def fail() -> None:
            with running(toy("Good"), log=log):
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert not mentioning(str(log.parent))

    def test_one_that_is_cut_off_while_it_starts_is_not_waited_for(self, log: Path) -> None:
        """As when a suite is interrupted that starts servers in other threads."""
        failed: list[StartError] = []

        def start() -> None:
            try:
                server.start(toy("never_listens"), log=log, ready_timeout_s=3600)
            except StartError as error:
                failed.append(error)

        thread = threading.Thread(target=start)
        with process.ending_all():
            thread.start()
            assert eventually(lambda: log.exists() and log.read_text())
        thread.join(PATIENCE_S)
        assert [str(error) for error in failed] == ["killed by SIGKILL before it listened: thinking it over"]

    def test_so_does_an_interrupt_while_it_is_waited_for(self, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupted(*_: object) -> bool:
            raise KeyboardInterrupt

        monkeypatch.setattr(server, "_accepts", interrupted)
        with pytest.raises(KeyboardInterrupt), running(toy("Good"), log=log):
            pytest.fail("it was taken for ready")
        assert not mentioning(str(log.parent))


class TestUsage:
    def _load(self, address: tuple[str, int], requests: int) -> None:
        with socket.create_connection(address) as connection:
            for _ in range(requests // 100):
                connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
                left = 100 * 76
                while left:
                    left -= len(connection.recv(left))

    def test_it_is_that_of_all_its_processes(self, log: Path) -> None:
        with running(toy("workers"), log=log, workers=2) as started:
            assert eventually(lambda: started.mark().cpu_ns.__len__() == 3)
            before = started.mark()
            self._load((started.address.host, started.address.port), 20_000)
            used = started.usage_since(before)
            after = started.mark()
        assert used.processes == 3
        assert used.processes_lost == 0
        assert used.cpu_ns is not None
        assert 0 < used.cpu_ns <= sum(after.cpu_ns.values()) - sum(before.cpu_ns.values())
        assert used.peak_memory_bytes is not None
        assert used.peak_memory_bytes > 3 * (4 << 20)
        assert used.involuntary_switches is not None
        assert used.voluntary_switches is not None
        assert used.voluntary_switches > 0, "it waited for each request"
        assert used.user_ns is not None
        assert used.system_ns is not None

    def test_twice_the_work_is_about_twice_the_time(self, log: Path) -> None:
        """A ratio, not a time, of the least that each took of six turns: other work on the machine only adds."""
        used: dict[int, list[int]] = {10_000: [], 20_000: []}
        with running(toy("Good"), log=log) as started:
            address = (started.address.host, started.address.port)
            self._load(address, 2_000)
            for _ in range(6):
                for requests, taken in used.items():
                    before = started.mark()
                    self._load(address, requests)
                    taken.append(started.usage_since(before).cpu_ns or 0)
        assert 1.4 < min(used[20_000]) / min(used[10_000]) < 2.9

    def test_a_process_that_ended_meanwhile_makes_the_sum_unknown(self, log: Path) -> None:
        with running(toy("workers"), log=log, workers=2) as started:
            assert eventually(lambda: len(started.mark().cpu_ns) == 3)
            before = started.mark()
            worker = max(before.cpu_ns)
            os.kill(worker, signal.SIGKILL)
            assert eventually(lambda: worker not in started.mark().cpu_ns)
            used = started.usage_since(before)
        assert used.processes_lost == 1
        assert used.cpu_ns is None

    def test_memory_now(self, log: Path) -> None:
        with running(toy("Good"), log=log) as started:
            now = started.memory_bytes()
            peak = started.usage_since(started.mark()).peak_memory_bytes
            assert now is not None
            assert peak is not None
            assert 4 << 20 < now <= peak

    def test_errors_in_its_log_so_far(self, log: Path) -> None:
        with running(toy("Good"), log=log) as started:
            assert started.log_errors() == ()
            log.write_text("ValueError: x\n")
            assert [error.text for error in started.log_errors()] == ["ValueError: x"]

    def test_it_is_pinned_where_it_is_told(self, log: Path) -> None:
        cpu = min(os.sched_getaffinity(0))
        with running(toy("workers"), log=log, workers=2, cpus=[cpu]) as started:
            assert eventually(lambda: len(started.mark().cpu_ns) == 3)
            for pid in started.mark().cpu_ns:
                assert os.sched_getaffinity(pid) == {cpu}


def test_a_port_is_free_until_somebody_listens() -> None:
    port = server.free_port()
    assert server.port_is_free(port)
    with socket.create_server((server.HOST, port)):
        assert not server.port_is_free(port)
        assert server.free_port() != port
    assert server.port_is_free(port), "not even for those that closed it"
