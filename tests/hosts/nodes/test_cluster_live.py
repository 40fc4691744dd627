"""A cluster on this machine: network namespaces joined by a bridge, a raylet in each, the real command in one.

Made once for all tests here, and taken down whatever happens. Skipped where namespaces may not be made, or without Ray.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from runner import project
from runner.adapters import environments, metadata
from runner.record import store
from runner.record.adapter import Environment
from runner.record.run import Run
from runner.record.trial import Trial
from tests.programs import eventually

pytestmark = pytest.mark.live

BIN = Path(sys.executable).parent
PIPEBENCH = (sys.executable, "-c", "from runner.cli.main import main; main()")
OCTET = 10 + os.getpid() % 200
HEAD, SERVER, GENERATOR = (f"10.199.{OCTET}.{number}" for number in (1, 2, 3))
ROLES = {HEAD: {}, SERVER: {"server": 1}, GENERATOR: {"generator": 1}}
START_S = 100.0
TOKEN = "7f" * 32
"""Of this cluster alone: a head asks for the token that it finds on the machine, and nodes give it only if told to."""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


ATTEMPTS = 3


class Namespaces:
    """Three machines to all appearances, with an address each and Ray on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bridge = f"pb{os.getpid()}"
        self.names = {address: f"pb{os.getpid()}-{number}" for number, address in enumerate(ROLES)}

    def make(self) -> None:
        ip("link", "add", self.bridge, "type", "bridge")
        ip("link", "set", self.bridge, "up")
        for number, (address, name) in enumerate(self.names.items()):
            end = f"{self.bridge}v{number}"
            ip("netns", "add", name)
            ip("link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", end, "master", self.bridge, "up")
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            for device in ("eth0", "lo"):
                ip("-n", name, "link", "set", device, "up")

    def command(self, address: str, argv: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self.names[address], *argv]

    def start_ray(self, *addresses: str) -> None:
        """The head first, and one after the other: they share a folder here, and two at once take the same names in it.

        Skips where Ray was too slow for its own patience of 30 s, as on a busy machine; fails where it refused.
        """
        for address in addresses:
            for _ in range(ATTEMPTS):
                why = self._why_not_started(address)
                if not why:
                    break
            else:
                assert "timed out" in why, f"Ray on {address}: {why}"
                pytest.skip(f"Ray did not come up on {address} in {ATTEMPTS} attempts: {why}")

    def _why_not_started(self, address: str) -> str:
        """What Ray said last; nothing where it started."""
        told = {**os.environ, "RAY_AUTH_MODE": "token"}
        said = self.folder / "said"  # no pipe: what it starts would hold it open
        with said.open("w") as file:
            code = subprocess.call(
                self.command(address, self._ray(address)), stdout=file, stderr=file, env=told, timeout=START_S
            )
        if code == 0:
            return ""
        self.kill(address)
        return said.read_text().strip().splitlines()[-1]

    def _ray(self, address: str) -> list[str]:
        joins = ["--head", "--port=6379", f"--temp-dir={self.folder}", "--include-dashboard=false"]
        return [
            *(str(BIN / "ray"), "start", f"--node-ip-address={address}", "--num-cpus=0", "--num-gpus=0"),
            *("--object-store-memory=80000000", "--disable-usage-stats", f"--resources={json.dumps(ROLES[address])}"),
            *(joins if address == HEAD else [f"--address={HEAD}:6379"]),
        ]

    def pids(self, address: str, mentioning: str = "") -> list[int]:
        said = subprocess.run(["ip", "netns", "pids", self.names[address]], capture_output=True, text=True, check=False)
        found = []
        for pid in map(int, said.stdout.split()):
            with contextlib.suppress(OSError):
                if mentioning in Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace"):
                    found.append(pid)
        return found

    def kill(self, address: str, mentioning: str = "") -> None:
        for pid in self.pids(address, mentioning):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def ours(self) -> list[int]:
        """Servers, generators and supervisors in any of the namespaces."""
        return [
            pid
            for one in self.names
            for word in ("supervisor.py", "fasthttp", "volley")
            for pid in self.pids(one, word)
        ]

    def remove(self) -> None:
        for number, (address, name) in enumerate(self.names.items()):
            self.kill(address)
            end = f"{self.bridge}v{number}"  # a namespace goes with its last process, and its link with it: not at once
            subprocess.run(["ip", "link", "del", end], capture_output=True, check=False)
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", self.bridge], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def build() -> None:
    """What the nodes are to run: Go may fetch modules for it, and from a namespace it reaches nothing."""
    (made,) = environments.prepare(metadata.select(metadata.discover(project.ROOT), ["fasthttp"]))
    assert isinstance(made, Environment), made
    environments.service(project.ROOT / "go" / "volley")


@pytest.fixture(scope="module")
def machines() -> Iterator[Namespaces]:
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed")
    build()
    made = Namespaces(Path(tempfile.mkdtemp(prefix="pb", dir="/tmp")))  # a socket's path has 107 characters at most
    try:
        try:
            made.make()
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"network namespaces cannot be made here: {error}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RAY_AUTH_TOKEN", TOKEN)
            patch.delenv("RAY_AUTH_MODE", raising=False)
            made.start_ray(*ROLES)
            yield made
    finally:
        made.remove()


def begin(machines: Namespaces, results: Path, *options: str) -> subprocess.Popen[str]:
    argv = [*PIPEBENCH, "run", "--cluster", f"{HEAD}:6379", "--only", "fasthttp", "--load", "closed"]
    argv += ["--duration", "1s", "--no-check", "--results", str(results), *options]
    return subprocess.Popen(machines.command(HEAD, argv), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@contextlib.contextmanager
def killing(running: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """Kill it whatever happens, and close what it printed into."""
    with running:
        try:
            yield running
        finally:
            running.kill()


def record(results: Path) -> tuple[Run, tuple[Trial, ...]]:
    (folder,) = results.glob("*-default")
    return store.read(folder)


def trials_so_far(results: Path) -> int:
    return sum(text.read_bytes().count(b"\n") for text in results.glob("*/trials.jsonl"))


def test_a_run_on_two_machines_is_recorded_with_both_and_the_way_between(machines: Namespaces, tmp_path: Path) -> None:
    said, _ = begin(machines, tmp_path, "--depth", "16", "--trials", "1").communicate(timeout=START_S)
    assert list(tmp_path.glob("*-default")), said
    run, (trial, *_) = record(tmp_path)
    assert run.finished_at is not None, said
    assert run.cluster is not None
    (pair,) = run.cluster.pairs
    assert trial.pair == pair.name == f"{SERVER}+{GENERATOR}"
    (link,) = pair.links
    assert link.interface == "eth0"
    assert 0 < link.fastest_us <= link.round_trip_us
    assert link.bytes_per_second > 1e6
    assert trial.load is not None
    assert trial.load.argv[-1].startswith(f"http://{SERVER}:")
    assert trial.server is not None
    assert trial.server.cpu_ns
    assert trial.log is None or (tmp_path / run.id / trial.log).is_file()
    assert "machines of their own, round trip" in said
    assert machines.ours() == []


@pytest.mark.parametrize(("dead", "left"), [(GENERATOR, "volley"), (SERVER, "fasthttp")])
def test_a_machine_that_dies_costs_one_trial_and_the_run_goes_on_when_it_is_back(
    machines: Namespaces, tmp_path: Path, dead: str, left: str
) -> None:
    with killing(begin(machines, tmp_path, "--depth", "1", "--trials", "4")) as running:
        assert eventually(lambda: trials_so_far(tmp_path) >= 1)
        machines.kill(dead, "raylet/raylet")
        assert eventually(lambda: not machines.pids(dead, left)), "what ran there outlived its raylet"
        machines.kill(dead)
        machines.start_ray(dead)
        said, _ = running.communicate(timeout=START_S)
    run, trials = record(tmp_path)
    assert run.finished_at is not None, said
    assert run.cluster is not None
    assert len(trials) >= 4, "disturbed ones are repeated"
    assert all(one.failure is None for one in trials)
    assert [(one.pair, one.cell) for one in run.cluster.losses] == [(trials[0].pair, run.cells[0].id)]
    assert machines.ours() == []


def test_a_run_that_is_killed_leaves_nothing_and_is_resumed(machines: Namespaces, tmp_path: Path) -> None:
    with killing(begin(machines, tmp_path, "--depth", "1", "--trials", "3")):
        assert eventually(lambda: trials_so_far(tmp_path) >= 1)
    assert eventually(lambda: not machines.ours()), "what it had started on the nodes outlived it"
    (folder,) = tmp_path.glob("*-default")
    argv = [*PIPEBENCH, "run", "--resume", str(folder)]
    done: Any = subprocess.run(
        machines.command(HEAD, argv), capture_output=True, text=True, timeout=START_S, check=False
    )
    assert done.returncode == 0, done.stderr
    run, trials = record(tmp_path)
    assert run.finished_at is not None
    assert len(trials) >= 3
