"""Every adapter of this repository keeps the contract: it builds, starts, answers its routes, and ends when told to.

The conformance cases go further (``pipebench check``); these see that an adapter can be measured at all.
"""

from __future__ import annotations

import http.client
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from runner.adapters import environments, metadata
from runner.conformance.cases.catalogue import CORE
from runner.conformance.classify import ServerClass, classify
from runner.conformance.running import check, examination
from runner.hosts import loading
from runner.judging import verdict
from runner.machine import facts
from runner.record.adapter import Adapter, Environment, Scenario, Unavailable
from runner.record.plan import Cell
from runner.record.trial import Address
from runner.serving import server
from runner.serving.server import Server
from runner.suite import trial
from tests.programs import PATIENCE_S, mentioning

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
ADAPTERS = tuple(one for one in metadata.discover(ROOT) if one.scenario is Scenario.PIPELINE)
"""Those that wait for an upstream have a contract of their own, and test_upstream.py."""
DEPTH = 16
CONNECTIONS = 50
ATTEMPTS = 10
"""Loads that must all pass before a known failure is held to be none."""
LONG = b"hello " * 10_000
LOAD_S = 1.0
"""No trial is shorter: sanic's manager of workers takes no signal before it has heard of all of them."""
LACKING = (
    "no CPython",
    "Debian's packages are missing",
    "Go is not installed",
    "Node is not installed",
    "Rust is not installed",
)
"""What a machine may lack, and then cannot try an adapter; anything else is the adapter's fault."""


def is_lacking(found: Unavailable) -> bool:
    """Whether the machine is at fault; some servers come as source alone, and need a C compiler."""
    needs_compiler = any(re.search(r"\bgcc\b|C compiler", line) for line in found.log_tail)
    return found.reason.startswith(LACKING) or (needs_compiler and not shutil.which("gcc"))


@cache
def made(adapter: Adapter) -> Environment:
    (found,) = environments.prepare([adapter])
    if isinstance(found, Unavailable):
        if is_lacking(found):
            pytest.skip(found.reason)
        pytest.fail("\n".join((found.reason, *found.log_tail)))
    return found


def together(adapters: Iterable[Adapter]) -> list[object]:
    """What is tried of one adapter is tried by one process, which so starts its server once for several tests."""
    return [pytest.param(one, id=one.name, marks=pytest.mark.xdist_group(one.name)) for one in adapters]


@pytest.fixture(params=together(ADAPTERS), scope="module")
def adapter(request: pytest.FixtureRequest) -> Adapter:
    chosen: Adapter = request.param
    return chosen


@pytest.fixture(scope="module")
def running(adapter: Adapter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server, for all tests that only ask it something."""
    with server.running(made(adapter), log=tmp_path_factory.mktemp("running") / "server.log") as started:
        yield started


def ask(address: Address, method: str, path: str, body: bytes | None = None) -> tuple[int, str, bytes]:
    """Status, media type and body of a response."""
    with closing(http.client.HTTPConnection(address.host, address.port, timeout=10)) as connection:
        connection.request(method, path, body=body)
        response = connection.getresponse()
        media_type = (response.getheader("Content-Type") or "").partition(";")[0]
        return response.status, media_type, response.read()


def echoes(environment: Environment, sent: bytes, log: Path) -> bool:
    """Whether a server gives a body back."""
    with server.running(environment, log=log) as started:
        try:
            status, _, body = ask(started.address, "POST", "/echo", sent)
        except (OSError, http.client.HTTPException):
            return False
        return (status, body) == (200, sent)


def serves_all_routes(adapter: Adapter) -> bool:
    """A yardstick, which is never ranked, serves ``/`` alone."""
    return adapter.ranked


def test_there_are_some() -> None:
    assert {adapter.language for adapter in ADAPTERS} >= {"python"}


def test_what_was_installed_is_what_it_asks_for(adapter: Adapter) -> None:
    environment = made(adapter)
    assert environment.version != "?"
    for requirement in adapter.dependencies:
        name, _, version = requirement.partition(";")[0].strip().partition("==")
        installed = environment.installed[canonicalize_name(name.partition("[")[0])]
        assert installed == version.strip()


def test_its_routes_answer(adapter: Adapter, running: Server) -> None:
    assert ask(running.address, "GET", "/") == (200, "text/plain", b"Hello world!")
    if serves_all_routes(adapter):
        for token in ("1", "abc-42"):
            status, _, body = ask(running.address, "GET", f"/sleep/1/{token}")
            assert (status, body) == (200, token.encode())
        for sent in (b"x",) if adapter.known_failure else (b"x", LONG):
            status, _, body = ask(running.address, "POST", "/echo", sent)
            assert (status, body) == (200, sent)
        assert ask(running.address, "GET", "/no/such/route")[0] == 404
    assert running.alive()


def test_it_passes_the_quick_check(adapter: Adapter, running: Server) -> None:
    """At depth 1 all of them; deeper, those that are not known to fail."""
    for depth in (1,) if adapter.known_failure else (1, DEPTH):
        found = check.quick_check(running.address, depth)
        assert found.failure is None
        assert found.received == depth
        assert found.response_bytes is not None
    assert running.alive()


@pytest.mark.parametrize("adapter", together(one for one in ADAPTERS if one.known_failure))
def test_what_is_known_to_fail_still_does(adapter: Adapter, tmp_path: Path) -> None:
    """One that has been mended must not be called broken any longer.

    It fails a load, a long body or a core conformance case. Some fail at random: one failure will do.
    """
    environment = made(adapter)
    settings = loading.Settings(
        placement=facts.place(1, threads=1), threads=1, duration_s=LOAD_S, warm_up_s=0, folder=tmp_path
    )
    cell = Cell(adapter.name, environment.python, depth=DEPTH, connections=CONNECTIONS, workers=1)

    def load_fails(number: int) -> bool:
        done = trial.measure(environment, cell, settings, number=number, round_=1)
        return not verdict.of_trial(done).verdict.has_rate

    first, *others = range(1, ATTEMPTS + 1)
    if load_fails(first) or not echoes(environment, LONG, tmp_path / "echo.log"):
        return
    examined = classify(examination.examine(environment, tmp_path, cases=CORE).results)
    assert examined.server_class is ServerClass.BROKEN or any(map(load_fails, others)), (
        f"{ATTEMPTS} loads, a long body and all core cases passed: {adapter.known_failure!r} is no longer true, "
        f"take it out of {adapter.path}"
    )


def test_it_writes_no_log_of_what_it_serves(running: Server) -> None:
    check.quick_check(running.address, 1)
    before = running.log_text().count("\n")
    for _ in range(20):
        check.quick_check(running.address, 1)
    # A server may still say that it is ready; forty requests would be forty lines.
    assert running.log_text().count("\n") - before < 5


LOOP_THAT_TELLS = """
import asyncio
from pathlib import Path

def new_event_loop():
    Path(__file__).with_name("told").write_text("made")
    return asyncio.SelectorEventLoop()  # by no policy, which may be the adapter's
"""


@pytest.mark.parametrize("adapter", together(one for one in ADAPTERS if one.loop and not one.loops and not one.runs_on))
def test_it_runs_on_any_loop_that_it_is_told(adapter: Adapter, tmp_path: Path) -> None:
    """Frameworks on another's server name their loop in the same line as it does."""
    (tmp_path / "telling.py").write_text(LOOP_THAT_TELLS)
    variables = {"LOOP": "telling", "PYTHONPATH": str(tmp_path)}
    with server.running(made(adapter), log=tmp_path / "server.log", variables=variables) as started:
        assert check.quick_check(started.address, 1).failure is None
        assert (tmp_path / "told").exists()


@pytest.mark.parametrize("adapter", together(one for one in ADAPTERS if one.loops and not one.runs_on))
def test_it_runs_on_either_loop_that_it_takes(adapter: Adapter, tmp_path: Path) -> None:
    assert adapter.loops == "asyncio uvloop"
    for loop in ("asyncio", "uvloop"):
        with server.running(made(adapter), log=tmp_path / "server.log", variables={"LOOP": loop}) as started:
            assert check.quick_check(started.address, 1).failure is None
            mapped = "".join(Path(f"/proc/{pid}/maps").read_text() for pid in started.processes())
            assert ("/uvloop/" in mapped) is (loop == "uvloop")


@pytest.mark.parametrize("workers", [1, 2])
def test_it_ends_when_it_is_told_to_and_leaves_nothing(adapter: Adapter, workers: int, tmp_path: Path) -> None:
    with server.running(made(adapter), log=tmp_path / "server.log", workers=workers) as started:
        assert check.quick_check(started.address, 1).failure is None
        time.sleep(LOAD_S)
        assert started.exit is None
        ended = started.stop(PATIENCE_S)  # that it ends is asked, not how soon
    assert not ended.before_stop
    assert not ended.killed, f"it had to be killed: {ended}"
    assert not mentioning(str(tmp_path))
