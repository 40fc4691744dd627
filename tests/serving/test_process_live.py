"""What is started ends: with us, at its deadline, whatever it does; and what it says fits on the disk."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.errors import RecordError, ToolError
from runner.record.trial import Exit
from runner.serving import process
from runner.serving.process import LOG_HEAD_BYTES, LOG_TAIL_BYTES, NotStartedError, Process
from tests.programs import PATIENCE_S, Program, eventually, mentioning

pytestmark = pytest.mark.live

STUBBORN = """
    import os, signal, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("ready", flush=True)
    while True:
        time.sleep(60)
"""
STUBBORN_GRANDCHILD = """
    import os, signal, sys, time
    {after}
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.fork() == 0:
            print("ready", os.getpid(), flush=True)
        while True:
            sum(range(10000))
    {then}
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def ready(log: Path) -> bool:
    return eventually(lambda: log.exists() and "ready" in log.read_text())


class TestAKilledSupervisor:
    """What kills its supervisor is found: by being our child now, or by what its environment says."""

    @pytest.mark.parametrize("forgets", [False, True], ids=["", "without its environment"])
    def test_what_it_leaves_is_ended(self, program: Program, log: Path, tmp_path: Path, forgets: bool) -> None:
        lasting = ("env", "-i", *program("import time; print('ready', flush=True); time.sleep(600)"))
        code = f"""
            import os, signal, time
            parent = os.getppid()
            if os.fork() == 0:
                os.setsid()
                time.sleep(0.1)
                os.kill(parent, signal.SIGKILL)
                if {forgets}:
                    os.execvp("env", {lasting!r})
                print("ready", flush=True)
            time.sleep(600)
        """
        with Process(program(code), log=log) as started:
            ended = started.wait(PATIENCE_S)
            assert ended is not None
            assert (ended.signal, ended.before_stop) == ("SIGKILL", False)
        assert not mentioning(str(tmp_path))


class TestEnds:
    @pytest.mark.parametrize("code", [0, 3, 255])
    def test_exit_codes(self, program: Program, log: Path, code: int) -> None:
        done = process.run(program(f"raise SystemExit({code})"), timeout_s=PATIENCE_S, log=log)
        assert done.exit == Exit(code=code, signal=None, killed=False, before_stop=True)
        assert (done.timed_out, str(done.exit)) == (False, f"exited with code {code}")

    @pytest.mark.parametrize("name", ["SIGABRT", "SIGKILL", "SIGSEGV", "SIGTERM"])
    def test_signals(self, program: Program, log: Path, name: str) -> None:
        code = f"import os, signal; os.kill(os.getpid(), signal.{name})"
        done = process.run(program(code), timeout_s=PATIENCE_S, log=log)
        assert done.exit == Exit(code=None, signal=name, killed=False, before_stop=True)
        assert str(done.exit) == f"killed by {name}"

    def test_a_real_time_signal_has_no_name_and_is_told_all_the_same(self, program: Program, log: Path) -> None:
        done = process.run(program("import os; os.kill(os.getpid(), 40)"), timeout_s=PATIENCE_S, log=log)
        assert (done.exit.code, done.exit.before_stop) == (None, True)
        assert "40" in (done.exit.signal or "")

    def test_one_that_ends_when_it_is_told_to(self, program: Program, log: Path) -> None:
        code = """
            import signal, sys, time
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
            print("ready", flush=True)
            time.sleep(60)
        """
        with Process(program(code), log=log) as started:
            assert ready(log)
            assert started.wait(0) is None
            assert started.stop(PATIENCE_S) == Exit(code=7, signal=None, killed=False, before_stop=False)
            assert started.stop() == started.exit, "once more does no harm"

    def test_one_that_does_not(self, program: Program, log: Path) -> None:
        with Process(program(STUBBORN), log=log) as started:
            assert ready(log)
            assert started.stop(0.1) == Exit(code=None, signal="SIGKILL", killed=True, before_stop=False)

    def test_one_that_passes_its_deadline(self, program: Program, log: Path) -> None:
        done = process.run(program(STUBBORN), timeout_s=0.3, log=log)
        assert done.timed_out
        assert done.exit.signal == "SIGKILL"
        assert not done.exit.before_stop

    def test_one_that_ended_just_before_it_was_told_to(
        self, program: Program, log: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Between the last look and the request, when nobody is left to take it."""
        with Process(program("raise SystemExit(3)"), log=log) as started:
            stat = Path(f"/proc/{started._supervisor.pid}/stat")
            assert eventually(lambda: ") Z " in stat.read_text())  # its sockets are closed then, and not before
            monkeypatch.setattr(started, "wait", lambda _: None)
            assert started.stop() == Exit(code=3, signal=None, killed=False, before_stop=True)

    def test_leaving_the_block_ends_it(self, program: Program, log: Path) -> None:
        with pytest.raises(ZeroDivisionError), Process(program(STUBBORN), log=log) as started:
            raise ZeroDivisionError
        assert started.exit is not None
        assert not mentioning(str(log.parent))


class TestDescendants:
    @pytest.mark.parametrize(
        ("after", "then"),
        [
            pytest.param("", "time.sleep(60)", id="the program ends on SIGTERM"),
            pytest.param("signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))", "time.sleep(60)", id="in good order"),
            pytest.param("", "time.sleep(0.5)", id="the program has ended before"),
            pytest.param("", "os.kill(os.getpid(), signal.SIGKILL)", id="the program was killed"),
        ],
    )
    def test_one_that_left_the_session_and_ignores_sigterm(
        self, program: Program, log: Path, after: str, then: str
    ) -> None:
        with Process(program(STUBBORN_GRANDCHILD.format(after=after, then=then)), log=log) as started:
            assert ready(log)
            grandchild = int(log.read_text().split()[1])
            assert grandchild in started.tree()
            ended = started.stop(0.2)
        assert ended.killed
        assert not mentioning(str(log.parent))

    def test_a_tree_that_goes_on_forking(self, program: Program, log: Path) -> None:
        code = """
            import os, signal
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            for _ in range(5):
                os.fork()
            print("ready", flush=True)
            while True:
                pid = os.fork()
                if pid == 0:
                    signal.pause()
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        """
        with Process(program(code), log=log) as started:
            assert ready(log)
            assert eventually(lambda: len(started.tree()) >= 32)
            started.stop(0.0)
        assert not mentioning(str(log.parent))

    def test_a_process_that_is_never_twice_the_same(self, program: Program, log: Path) -> None:
        """Forks and ends, again and again: any list of processes is out of date before it is read to its end."""
        code = """
            import os
            print("ready", flush=True)
            while os.fork() == 0:
                pass
            os._exit(0)
        """
        with Process(program(code), log=log) as started:
            assert ready(log)
            started.stop(0.0)
        assert not mentioning(str(log.parent))


NEST = """
    import sys, time
    from pathlib import Path
    from runner.serving import process

    folder = Path(sys.argv[1])
    started = []
    for number, argv in enumerate(eval(sys.argv[2])):
        started.append(process.Process(argv, log=folder / f"log{number}"))
    print("nest", *[one._supervisor.pid for one in started], flush=True)
    time.sleep(600)
"""


class TestWhenTheSuiteDies:
    @pytest.fixture
    def nest(self, program: Program, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
        """A suite that runs three: one stubborn, one with a stubborn grandchild, one that writes for ever."""
        programs = [
            program(STUBBORN),
            program(STUBBORN_GRANDCHILD.format(after="", then="time.sleep(600)")),
            program("print('ready')\nwhile True: print('x' * 1000)"),
        ]
        (tmp_path / "nest.py").write_text(NEST.replace("\n    ", "\n"))
        argv = [sys.executable, str(tmp_path / "nest.py"), str(tmp_path), repr(programs)]
        running = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        assert running.stdout is not None
        assert running.stdout.readline().startswith("nest ")
        for number in range(3):
            assert ready(tmp_path / f"log{number}")
        assert len(mentioning(str(tmp_path))) >= 1 + 3 + 5
        yield running
        running.kill()

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
    def test_nothing_outlives_it(self, nest: subprocess.Popen[str], tmp_path: Path, number: int) -> None:
        nest.send_signal(number)
        nest.communicate(timeout=PATIENCE_S)
        assert eventually(lambda: not mentioning(str(tmp_path))), mentioning(str(tmp_path))

    def test_a_program_does_not_outlive_its_supervisor(self, program: Program, log: Path) -> None:
        with Process(program(STUBBORN), log=log) as started:
            assert ready(log)
            (supervisor,) = [pid for pid, argv in mentioning(str(log)).items() if "supervisor" in argv]
            os.kill(supervisor, signal.SIGKILL)
            assert eventually(lambda: not mentioning(str(log.parent)))
            assert started.wait(PATIENCE_S) == Exit(code=None, signal="SIGKILL", killed=True, before_stop=False)
            assert started.stop() == started.exit

    def test_all_are_ended_on_the_way_out_of_a_block(self, program: Program, tmp_path: Path) -> None:
        started = []

        def two() -> None:
            for number in range(2):
                started.append(Process(program(STUBBORN), log=tmp_path / f"log{number}"))
                assert ready(tmp_path / f"log{number}")
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError), process.ending_all():
            two()
        assert eventually(lambda: not mentioning(str(tmp_path)))
        assert [one.stop().signal for one in started] == ["SIGKILL", "SIGKILL"]

    def test_another_thread_may_cut_the_lifeline(self, program: Program, log: Path) -> None:
        with Process(program(STUBBORN), log=log) as started:
            assert ready(log)
            timer = threading.Timer(0.1, started.abandon)
            timer.start()
            ended = started.wait(PATIENCE_S)
            timer.join()
            assert ended is not None
            assert (ended.signal, started.stop()) == ("SIGKILL", ended)

    def test_a_run_that_was_cut_off_did_not_time_out(self, program: Program, log: Path) -> None:
        done = []
        thread = threading.Thread(target=lambda: done.append(process.run(program(STUBBORN), timeout_s=100, log=log)))
        with process.ending_all():
            thread.start()
            assert ready(log)
        thread.join(PATIENCE_S)
        assert [one.timed_out for one in done] == [False]
        assert done[0].exit.signal == "SIGKILL"


class TestLog:
    def test_both_streams_are_in_it_in_order(self, program: Program, log: Path) -> None:
        code = "import os; os.write(1, b'one\\n'); os.write(2, b'two\\n'); os.write(1, b'three \\xff\\n')"
        done = process.run(program(code), timeout_s=PATIENCE_S, log=log)
        assert done.output == "one\ntwo\nthree \N{REPLACEMENT CHARACTER}\n"

    def test_a_gigabyte_does_not_fill_the_disk_nor_block_the_writer(self, program: Program, log: Path) -> None:
        code = """
            import os
            block = b"0123456789abcde\\n" * 4096
            for _ in range(16384):
                view = memoryview(block)
                while view:
                    view = view[os.write(1, view):]
            os.write(1, b"last words\\n")
        """
        done = process.run(program(code), timeout_s=100, log=log)
        assert done.exit.code == 0
        assert log.stat().st_size <= LOG_HEAD_BYTES + 2 * LOG_TAIL_BYTES < 1.25e6
        head, left_out, tail = re.split(r"\n\[\.\.\. (\d+) bytes left out \.\.\.\]\n", done.output)
        assert len(head) == LOG_HEAD_BYTES
        assert len(head) + int(left_out) + len(tail) == (1 << 30) + len("last words\n")
        assert head.startswith("0123456789abcde\n0123")
        assert tail.endswith("abcde\nlast words\n")
        assert len(tail) >= LOG_TAIL_BYTES

    @pytest.mark.parametrize("size", [LOG_HEAD_BYTES, LOG_HEAD_BYTES + 1, LOG_HEAD_BYTES + LOG_TAIL_BYTES])
    def test_what_fits_is_kept_whole(self, program: Program, log: Path, size: int) -> None:
        code = f"import sys; sys.stdout.write(''.join(str(i % 10) for i in range({size})))"
        done = process.run(program(code), timeout_s=PATIENCE_S, log=log)
        assert done.output == "".join(str(i % 10) for i in range(size))

    def test_a_full_disk_blocks_nobody(self, program: Program, tmp_path: Path) -> None:
        full = tmp_path / "full"
        full.symlink_to("/dev/full")
        code = "import os\nfor _ in range(100): os.write(1, b'x' * 65536)\nraise SystemExit(5)"
        with Process(program(code), log=full) as started:
            ended = started.wait(PATIENCE_S)
            assert ended is not None
            assert ended.code == 5
            started.stop()
            assert started.log_problem == "No space left on device"


class TestStart:
    def test_what_cannot_be_executed_is_a_users_error(self, tmp_path: Path, log: Path) -> None:
        plain, folder, script = tmp_path / "plain", tmp_path / "folder", tmp_path / "script"
        plain.write_text("text")
        folder.mkdir()
        script.write_text("#!/no/such/interpreter\n")
        script.chmod(0o755)
        for command, reason in (
            ("no-such-program-anywhere", "No such file or directory"),
            (str(tmp_path / "absent"), "No such file or directory"),
            (str(plain), "Permission denied"),
            (str(folder), "Permission denied"),
            (str(script), "No such file or directory"),
        ):
            with pytest.raises(ToolError, match=f"^cannot start {command}: {reason}"):
                Process([command], log=log)

    def test_a_log_that_cannot_be_written_is_a_users_error(self, tmp_path: Path) -> None:
        with pytest.raises(RecordError, match=r"^cannot write .*/absent/log: No such file or directory$"):
            Process(["true"], log=tmp_path / "absent" / "log")

    def test_it_gets_the_folder_environment_and_cpus_it_is_given(
        self, program: Program, log: Path, tmp_path: Path
    ) -> None:
        code = "import os; print(os.getcwd(), os.environ.get('ONLY'), os.environ.get('HOME'), *os.sched_getaffinity(0))"
        cpu = max(os.sched_getaffinity(0))
        environ = {"ONLY": "this", "PATH": os.environ["PATH"]}
        done = process.run(program(code), timeout_s=PATIENCE_S, log=log, env=environ, cwd=tmp_path, cpus=[cpu])
        assert done.output == f"{tmp_path} this None {cpu}\n"

    def test_it_gets_no_descriptor_and_no_signal_disposition_of_ours(self, log: Path) -> None:
        """``ls`` opens the folder itself; ``grep`` is a program that sets no signal of its own."""
        listed = process.run(["ls", "/proc/self/fd"], timeout_s=PATIENCE_S, log=log)
        assert listed.output.split() == ["0", "1", "2", "3"]
        status = process.run(["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"], timeout_s=PATIENCE_S, log=log)
        masks = [int(line.split()[1], 16) for line in status.output.splitlines()]
        ours = [signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE, signal.SIGHUP]
        assert len(masks) == 2
        assert [number.name for number in ours if any(mask >> (number - 1) & 1 for mask in masks)] == []

    def test_its_cpu_time_is_told(self, program: Program, log: Path) -> None:
        code = """
            import time
            while time.process_time() < 0.5:
                pass
            print(time.process_time())
        """
        done = process.run(program(code), timeout_s=PATIENCE_S, log=log)
        assert done.cpu_s == pytest.approx(float(done.output), rel=0.2)


class TestOutput:
    def test_what_a_command_prints_whatever_its_exit_code(self, program: Program) -> None:
        assert process.output(program("import sys; print(1); print(2, file=sys.stderr); sys.exit(3)")) == "1\n2\n"

    def test_stderr_is_left_out_where_only_the_answer_is_wanted(self, program: Program) -> None:
        code = "import os; os.write(1, b'[1]'); os.write(2, b'warning: \\xff')"
        assert process.output(program(code), stderr=False) == "[1]"
        assert process.output(program(code)) == "[1]warning: \N{REPLACEMENT CHARACTER}"

    def test_nothing_where_it_cannot_run_or_does_not_end(self, program: Program) -> None:
        assert process.output(["no-such-program-anywhere"]) is None
        assert process.output(program("import time; time.sleep(60)"), timeout_s=0.2) is None


def test_a_folder_that_was_removed_meanwhile_is_told_in_one_line(tmp_path: Path) -> None:
    log, folder = tmp_path / "log", tmp_path / "folder"
    with pytest.raises(RecordError, match=r"^cannot write .*/folder: No such file or directory$"):
        process.run(["true"], timeout_s=5, log=log, cwd=folder)
    with pytest.raises(RecordError, match=r"^cannot read .*/log, which was written here: No such file or directory$"):
        process.run(["rm", str(log)], timeout_s=5, log=log)


class Impatient(weakref.WeakSet[Process]):
    """Ends a program as soon as it is known."""

    def add(self, item: Process) -> None:
        super().add(item)
        item.abandon()


def test_one_that_is_ended_while_it_starts(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_live", Impatient())
    with pytest.raises(NotStartedError):
        Process(["sleep", "600"], log=log)
    assert eventually(lambda: not mentioning(str(log)))
