"""The whole command on tiny adapters, in a folder of its own: runs, interrupts, kills, resumes, full disks."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from runner.judging.schedule import REPEATS
from runner.record import store
from runner.record.plan import Cell
from runner.record.trial import Trial, Verdict
from tests import toys
from tests.programs import PATIENCE_S, eventually, mentioning

pytestmark = pytest.mark.live

REPOSITORY = Path(__file__).parents[2]
TOYS = Path(toys.__file__)
METADATA = """\
# /// script
# requires-python = "{requires}"
# dependencies = []
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "{name}"
# distribution = "none"
# kind = "framework"
# group = "core"
# homepage = "https://example.org"
# ///
"""
SECOND = ("--duration", "1s", "--connections", "10", "--no-check", "--load", "closed")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


class Checkout:
    """A folder that looks like this repository, with adapters of its own."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.root = root
        self.results = root / "results"
        for name in ("runner", "lua"):
            (root / name).symlink_to(REPOSITORY / name)
        (root / "go").mkdir()
        for name in ("go.mod", "go.sum", "volley"):
            (root / "go" / name).symlink_to(REPOSITORY / "go" / name)
        self.environ = {
            **os.environ,
            "PIPEBENCH_CACHE": str(cache),
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_NO_INDEX": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def adapter(self, name: str, mode: str, *, requires: str = ">=3.11") -> Path:
        """Our toy server ``mode`` as an adapter of one file."""
        file = self.root / "frameworks" / name / "app.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        code = TOYS.read_text().replace("sys.argv[1]", repr(mode))
        file.write_text(METADATA.format(name=name, requires=requires) + code)
        return file

    def command(self, *argv: str) -> list[str]:
        return [sys.executable, "-c", "from runner.cli.main import main; main()", *argv]

    def start(self, *argv: str, **how: Any) -> subprocess.Popen[str]:
        given = {"cwd": self.root, "env": self.environ, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(self.command(*argv), text=True, **{**given, **how})

    def run(self, *argv: str, **how: Any) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        with self.start(*argv, **how) as started:
            out, err = started.communicate(timeout=100)
        return started.returncode, out, err

    def rows(self, *argv: str) -> list[dict[str, Any]]:
        """The rows of a run that ends well."""
        code, out, err = self.run("run", *SECOND, "--json", "--quiet", *argv)
        assert (code, err) == (0, "")
        found: list[dict[str, Any]] = json.loads(out)["rows"]
        return found

    def folder(self) -> Path:
        """The folder of the only run."""
        (found,) = self.results.iterdir()
        return found

    def lines(self) -> int:
        """Trials that are recorded so far, before the run is over."""
        return sum(file.read_bytes().count(b"\n") for file in self.results.glob("*/trials.jsonl"))

    def trials(self) -> tuple[Trial, ...]:
        return store.read(self.folder())[1]


@pytest.fixture
def checkout(tmp_path: Path, cache: Path) -> Checkout:
    (tmp_path / "checkout").mkdir()
    return Checkout(tmp_path / "checkout", cache)


def each_once(cells: Sequence[Cell], trials: Sequence[Trial], *, at_least: int) -> None:
    """Every cell has trials 1, 2, … in this order and each once; more than asked for where some were disturbed."""
    for cell in cells:
        numbers = [trial.number for trial in trials if trial.cell == cell]
        assert numbers == list(range(1, len(numbers) + 1))
        assert at_least <= len(numbers) <= at_least + REPEATS
    assert {trial.cell for trial in trials} == set(cells)


class TestRun:
    def test_a_matrix_is_measured_recorded_and_printed(self, checkout: Checkout) -> None:
        checkout.adapter("alpha", "Works")
        checkout.adapter("beta", "Good")
        rows = checkout.rows("--depth", "5", "--trials", "2")
        assert [(row["adapter"], row["depth"]) for row in rows] == [("beta", 5), ("alpha", 5)]
        assert {Verdict(row["verdict"]).has_rate for row in rows} == {True}
        assert all(row["requests_per_second"]["mean"] > 0 for row in rows)
        assert all(row["python"] and row["version"] == "?" for row in rows)
        head, trials = store.read(checkout.folder())
        assert head.finished_at is not None
        assert head.command[:2] == ("pipebench", "run")
        each_once(head.cells, trials, at_least=2)
        rounds = [[trial.cell for trial in trials if trial.round == number] for number in (1, 2)]
        assert [sorted(cells) for cells in rounds] == [sorted(head.cells)] * 2
        code, out, _ = checkout.run("report", "--format", "csv")
        assert code == 0
        assert len(out.splitlines()) == 1 + len(rows)

    def test_what_is_wrong_with_one_adapter_ends_no_run(self, checkout: Checkout) -> None:
        checkout.adapter("broken", "Crashes")
        checkout.adapter("fine", "Works")
        checkout.adapter("gone", "Good", requires=">=3.99")
        checkout.adapter("mute", "exits")
        rows = {row["adapter"]: row for row in checkout.rows("--depth", "5", "--trials", "1")}
        assert {name: row["verdict"] for name, row in rows.items() if name != "fine"} == {
            "broken": "crashed",
            "gone": "unavailable",
            "mute": "unavailable",
        }
        assert Verdict(rows["fine"]["verdict"]).has_rate
        assert rows["broken"]["requests_per_second"] is None
        assert rows["broken"]["requests"] > 0
        assert rows["broken"]["error_log"] == "ValueError: request 201"
        assert rows["gone"]["reason"].startswith("no CPython >=3.99 here")
        assert rows["mute"]["reason"].endswith("before it listened: RuntimeError: no such setting: speed")

    def test_what_it_says_meanwhile_is_on_stderr_and_the_table_on_stdout(self, checkout: Checkout) -> None:
        checkout.adapter("alpha", "Works")
        code, out, err = checkout.run("run", *SECOND, "--depth", "5", "--trials", "1")
        assert code == 0
        assert "alpha" in out
        assert "requests/s" in out
        assert "\x1b" not in out + err
        assert "1 cell, CPUs" in err
        assert str(checkout.folder()) in err

    def test_with_its_checks_every_server_has_a_class(self, checkout: Checkout) -> None:
        checkout.adapter("alpha", "Works")
        argv = [part for part in SECOND if part != "--no-check"]
        code, out, err = checkout.run("run", *argv, "--depth", "5", "--trials", "1", "--json", "--quiet")
        assert (code, err) == (0, "")
        read = json.loads(out)
        assert [found["adapter"] for found in read["run"]["conformance"]] == ["alpha"]
        assert {trial.purpose.value for trial in checkout.trials()} == {"measure", "verify"}

    def test_a_list_of_the_adapters(self, checkout: Checkout) -> None:
        checkout.adapter("alpha", "Works")
        checkout.adapter("gone", "Good", requires=">=3.99")
        code, out, _ = checkout.run("list", "--json", "--build")
        assert code == 0
        listed = {entry["adapter"]: entry for entry in json.loads(out)}
        assert {name: entry["available"] for name, entry in listed.items()} == {"alpha": True, "gone": False}
        assert set(listed["alpha"]) >= {"title", "version", "python", "kind", "scenario", "reason"}


class TestBadInput:
    def one_line(self, checkout: Checkout, *argv: str, **how: Any) -> str:
        code, out, err = checkout.run("run", *SECOND, "--quiet", "--depth", "5", "--trials", "1", *argv, **how)
        assert (code, out) == (2, "")
        (line,) = err.splitlines()
        assert line.startswith("pipebench: ")
        return line

    def test_results_that_cannot_be_written(self, checkout: Checkout) -> None:
        checkout.adapter("alpha", "Works")
        (checkout.root / "file").touch()
        line = self.one_line(checkout, "--results", "file")
        assert "cannot write to " in line
        assert line.endswith("choose another with --results")

    def test_a_port_that_is_in_use(self, checkout: Checkout) -> None:
        checkout.adapter("alpha", "Works")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            line = self.one_line(checkout, "--port", str(taken.getsockname()[1]))
        assert "is in use: choose another with --port" in line

    def test_an_adapter_without_metadata(self, checkout: Checkout) -> None:
        checkout.adapter("alpha", "Works").write_text("print('hello')\n")
        assert "frameworks/alpha/app.py has no PEP 723 block" in self.one_line(checkout)

    def test_no_adapter_at_all(self, checkout: Checkout) -> None:
        assert "there are no adapters below" in self.one_line(checkout)

    def test_none_that_can_run(self, checkout: Checkout) -> None:
        checkout.adapter("gone", "Good", requires=">=3.99")
        assert "none of the adapters can run here: gone: no CPython >=3.99 here" in self.one_line(checkout)

    def test_no_run_to_go_on_with(self, checkout: Checkout) -> None:
        checkout.adapter("alpha", "Works")
        code, out, err = checkout.run("run", "--quiet", "--resume", "latest")
        assert (code, out) == (2, "")
        assert "no run 'latest': there is none in " in err

    def test_a_disk_that_fills_up(self, checkout: Checkout, tmp_path: Path) -> None:
        """A file system of 80 kB, in a mount namespace that ends with the run; the trials before are kept."""
        small = tmp_path / "small"
        small.mkdir()
        inside = f"mount -t tmpfs -o size=80k tmpfs {small} && mkdir {small}/results"
        unshare = ["unshare", "-rm", "sh", "-c"]
        if not shutil.which("unshare") or subprocess.run([*unshare, inside], check=False).returncode:
            pytest.skip("no file system can be mounted here")
        checkout.adapter("alpha", "Works")
        script = f"""
            {inside} || exit 99
            "$@" 2> {tmp_path}/stderr
            echo $? > {tmp_path}/code
            cp -r {small}/results {tmp_path}/kept
        """
        argv = ["run", *SECOND, "--quiet", "--depth", "1", "--trials", "20", "--results", f"{small}/results"]
        command = [*unshare, script, "sh", *checkout.command(*argv)]
        subprocess.run(command, cwd=checkout.root, env=checkout.environ, timeout=100, check=True)
        assert (tmp_path / "code").read_text().strip() == "2"
        (line,) = (tmp_path / "stderr").read_text().splitlines()
        assert line.startswith("pipebench: cannot ")
        assert "No space left on device" in line
        (kept,) = (tmp_path / "kept").iterdir()
        trials = store.read(kept)[1]
        assert [trial.number for trial in trials] == list(range(1, len(trials) + 1))
        assert trials


class TestInterrupts:
    LONG = (*SECOND, "--depth", "5", "--trials", "3")

    @pytest.fixture
    def running(self, checkout: Checkout) -> subprocess.Popen[str]:
        """A run that has finished two of its trials."""
        checkout.adapter("alpha", "Works")
        checkout.adapter("beta", "worker_ignores_term_and_serves")
        started = checkout.start("run", *self.LONG)
        assert eventually(lambda: checkout.lines() >= 2), started.communicate(timeout=1)
        return started

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_finished_trials_are_kept_and_nothing_is_left(
        self, checkout: Checkout, running: subprocess.Popen[str], number: int
    ) -> None:
        running.send_signal(number)
        out, err = running.communicate(timeout=PATIENCE_S)
        assert not mentioning(str(checkout.root))
        assert (running.returncode, out) == (130, "")
        assert "Traceback" not in err
        assert f"pipebench run --resume {checkout.folder().name}" in err
        head, trials = store.read(checkout.folder())
        assert head.finished_at is None
        assert len(trials) >= 2

    def test_ctrl_c_on_a_terminal_reaches_the_whole_group_and_it_ends_the_same(self, checkout: Checkout) -> None:
        checkout.adapter("alpha", "Works")
        started = checkout.start("run", *self.LONG, process_group=0)
        assert eventually(lambda: checkout.lines() >= 1)
        os.killpg(started.pid, signal.SIGINT)
        _, err = started.communicate(timeout=PATIENCE_S)
        assert started.returncode == 130
        assert "Traceback" not in err
        assert not mentioning(str(checkout.root))

    def test_a_second_interrupt_does_not_break_the_ending_off(
        self, checkout: Checkout, running: subprocess.Popen[str]
    ) -> None:
        """As ``timeout`` sends two, to its child and to its group; as whoever is in a hurry does, to the very end."""
        while running.poll() is None:
            for number in (signal.SIGINT, signal.SIGTERM):
                running.send_signal(number)
            time.sleep(0.005)
        out, err = running.communicate(timeout=PATIENCE_S)
        assert (running.returncode, out) == (130, "")
        assert "Exception" not in err
        assert "Traceback" not in err
        assert err.count("pipebench: interrupted") == 1
        assert not mentioning(str(checkout.root))

    def test_a_kill_leaves_nothing_and_resuming_completes_the_run(
        self, checkout: Checkout, running: subprocess.Popen[str]
    ) -> None:
        assert eventually(lambda: len(mentioning(str(checkout.root))) >= 2)  # a server too
        running.kill()
        running.communicate(timeout=PATIENCE_S)
        assert eventually(lambda: not mentioning(str(checkout.root))), mentioning(str(checkout.root))
        before = checkout.trials()
        assert len(before) >= 2
        with (checkout.folder() / store.TRIALS_FILE).open("ab") as file:
            file.write(b'{"cell": {"adapter": "alp')  # what a kill in the middle of a write leaves
        code, out, err = checkout.run("run", "--resume", "latest", "--json", "--quiet")
        assert (code, err) == (0, "")
        head, trials = store.read(checkout.folder())
        assert head.finished_at is not None
        assert trials[: len(before)] == before
        each_once(head.cells, trials, at_least=3)
        assert sum(row["trials"] for row in json.loads(out)["rows"]) == len(trials)
        code, _, err = checkout.run("run", "--resume", "latest", "--json")
        assert code == 0
        assert "is complete: there is nothing to resume" in err
        assert store.read(checkout.folder()) == (head, trials)

    def test_a_complete_run_goes_on_with_a_longer_budget(self, checkout: Checkout) -> None:
        checkout.adapter("alpha", "Works")
        checkout.rows("--depth", "1", "--precision", "0.1%", "--budget", "1s")
        before = checkout.trials()
        code, _, err = checkout.run("run", "--resume", "latest", "--budget", "15s", "--json", "--quiet")
        assert (code, err) == (0, "")
        head, trials = store.read(checkout.folder())
        assert (head.plan.budget_s, head.command[-2:]) == (15, ("--budget", "15s"))
        assert head.finished_at is not None
        assert trials[: len(before)] == before
        assert len(trials) > len(before)

    def test_an_adapter_that_was_edited_in_between_refuses(
        self, checkout: Checkout, running: subprocess.Popen[str]
    ) -> None:
        running.kill()
        running.communicate(timeout=PATIENCE_S)
        assert eventually(lambda: not mentioning(str(checkout.root)))
        before = checkout.trials()
        file = checkout.root / "frameworks" / "alpha" / "app.py"
        file.write_text(file.read_text() + "\n# faster now\n")
        code, out, err = checkout.run("run", "--resume", "latest", "--quiet")
        assert (code, out) == (2, "")
        assert err.strip().endswith("cannot be resumed: alpha was edited: start a new run")
        assert checkout.trials() == before

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
    def test_while_environments_are_built(self, checkout: Checkout, tmp_path: Path, number: int) -> None:
        checkout.adapter("alpha", "Works")
        fake = tmp_path / "bin" / "uv"
        fake.parent.mkdir()
        fake.write_text(
            f'#!/bin/sh\ncase "$1" in python | --version) exec {shutil.which("uv")} "$@" ;; esac\n'
            f"touch {tmp_path}/building\nsleep 600 & wait\n"
        )
        fake.chmod(0o755)
        checkout.environ |= {"PATH": f"{fake.parent}:{os.environ['PATH']}", "PIPEBENCH_CACHE": str(tmp_path / "cache")}
        started = checkout.start("run", *self.LONG)
        assert eventually((tmp_path / "building").exists)
        started.send_signal(number)
        _, err = started.communicate(timeout=PATIENCE_S)
        assert started.returncode == (130 if number == signal.SIGINT else -number)
        assert "Traceback" not in err
        assert eventually(lambda: not mentioning(str(tmp_path))), mentioning(str(tmp_path))
        assert not checkout.results.exists()

    def test_while_servers_are_checked(self, checkout: Checkout) -> None:
        """The cases of a server that never answers would take a minute and more; an interrupt waits for none."""
        for name in ("alpha", "beta", "gamma"):
            checkout.adapter(name, "StallsAtOnce")
        argv = [part for part in self.LONG if part != "--no-check"]
        started = checkout.start("run", *argv)
        assert eventually(lambda: list(checkout.results.glob("*/logs/check-*/*")))
        started.send_signal(signal.SIGINT)
        _, err = started.communicate(timeout=PATIENCE_S)
        assert started.returncode == 130, err
        assert "Traceback" not in err
        assert not mentioning(str(checkout.root))
