"""Servers that wait for an upstream, with the real one: what it counts, and that every such adapter keeps its contract.

Nothing is timed: what blocks and what does not is told by how many requests the upstream held at once.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner
from packaging.utils import canonicalize_name

from runner.adapters import environments, metadata
from runner.cli.main import cli
from runner.conformance.running import check
from runner.errors import ToolError
from runner.hosts import loading
from runner.judging import verdict, waiting
from runner.machine import facts
from runner.record.adapter import Adapter, Client, Environment, Scenario, Service, Unavailable
from runner.record.plan import Cell
from runner.record.trial import Address, Opened, Verdict
from runner.serving import server, upstream
from runner.serving.server import Server
from runner.serving.upstream import Counts
from runner.suite import trial
from tests.programs import PATIENCE_S, eventually, mentioning

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
ADAPTERS = tuple(one for one in metadata.discover(ROOT) if one.scenario is Scenario.UPSTREAM)
LIMITED = tuple(one for one in ADAPTERS if one.max_clients is not None)
LACKING = ("no CPython", "Go is not installed")
"""What a machine may lack, and then cannot try an adapter; anything else is the adapter's fault."""
LONG_US = 500_000
"""Long enough that requests that may overlap do, on a machine that may be busy."""
SHORT_US = 50_000


@pytest.fixture(scope="module")
def service() -> Service:
    try:
        return environments.service(ROOT / "go" / "upstream")
    except ToolError as error:
        if "Go is not installed" in str(error):
            pytest.skip(str(error))
        raise


@cache
def made(adapter: Adapter) -> Environment:
    (found,) = environments.prepare([adapter])
    if isinstance(found, Unavailable):
        if found.reason.startswith(LACKING):
            pytest.skip(found.reason)
        pytest.fail("\n".join((found.reason, *found.log_tail)))
    return found


def get(address: Address, path: str = "/") -> tuple[int, str, bytes]:
    """Status, media type and body."""
    with closing(http.client.HTTPConnection(address.host, address.port, timeout=30)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type") or "", response.read()


def at_once(address: Address, count: int) -> set[tuple[int, bytes]]:
    """The different answers to so many requests at the same moment, each on a connection of its own."""
    with ThreadPoolExecutor(max_workers=count) as threads:
        return {(status, body) for status, _, body in threads.map(get, [address] * count)}


@contextmanager
def running(
    adapter: Adapter, service: Service, folder: Path, *, delay_us: int, max_clients: int | None = None, workers: int = 1
) -> Iterator[tuple[Server, upstream.Running]]:
    """An adapter's server and its upstream, under way as in a trial."""
    environment = made(adapter)
    cell = Cell(adapter.name, environment.python, 1, 1, workers, max_clients)
    with (
        upstream.running(service, delay_us=delay_us, log=folder / "upstream.log") as waited_for,
        server.running(
            environment,
            log=folder / "server.log",
            workers=workers,
            variables=upstream.variables(cell, waited_for.url),
        ) as started,
    ):
        yield started, waited_for


class TestService:
    @pytest.fixture
    def alone(self, service: Service, tmp_path: Path) -> Iterator[Server]:
        with server.running(service, log=tmp_path / "upstream.log") as started:
            yield started

    def counts(self, alone: Server) -> Counts:
        return Counts(**json.loads(get(alone.address, "/stats")[2]))

    @pytest.mark.parametrize("path", ["/", "/?delay=0s", "/?delay=1ms", "/?delay=1500us"])
    def test_it_answers_after_its_delay(self, alone: Server, path: str) -> None:
        assert get(alone.address, path) == (200, "text/plain", b"ok")
        assert self.counts(alone) == Counts(held_now=0, held_max=1, served=1)

    @pytest.mark.parametrize("delay", ["soon", "-1s", "5"])
    def test_what_is_no_delay_is_refused_and_not_counted(self, alone: Server, delay: str) -> None:
        assert get(alone.address, f"/?delay={delay}")[0] == 400
        assert self.counts(alone) == Counts(0, 0, 0)

    def test_it_counts_what_it_holds_at_once(self, alone: Server) -> None:
        with ThreadPoolExecutor(max_workers=7) as threads:
            asked = [threads.submit(get, alone.address, "/?delay=2s") for _ in range(7)]
            assert eventually(lambda: self.counts(alone).held_now == 7)
            assert {one.result()[2] for one in asked} == {b"ok"}
        assert self.counts(alone) == Counts(held_now=0, held_max=7, served=7)

    def test_whoever_leaves_is_neither_held_nor_served(self, alone: Server) -> None:
        connection = http.client.HTTPConnection(alone.address.host, alone.address.port, timeout=10)
        connection.request("GET", "/?delay=1h")
        assert eventually(lambda: self.counts(alone).held_now == 1)
        connection.close()
        assert eventually(lambda: self.counts(alone).held_now == 0)
        assert self.counts(alone) == Counts(0, 1, 0)

    def test_it_ends_at_once_whatever_it_holds(self, alone: Server) -> None:
        with closing(http.client.HTTPConnection(alone.address.host, alone.address.port, timeout=10)) as connection:
            connection.request("GET", "/?delay=1h")
            assert eventually(lambda: self.counts(alone).held_now == 1)
            ended = alone.stop(PATIENCE_S)
        assert (ended.killed, ended.before_stop, ended.code) == (False, False, 0)

    def test_its_source_is_needed(self, tmp_path: Path) -> None:
        with pytest.raises(ToolError, match="nowhere, which servers of this scenario wait for: "):
            environments.service(tmp_path / "nowhere")

    def test_a_mark_takes_off_what_was_before(self, service: Service, tmp_path: Path) -> None:
        with upstream.running(service, delay_us=1000, log=tmp_path / "upstream.log") as waited_for:
            address = waited_for._server.address
            at_once(address, 2)
            before = waited_for.mark()
            assert before.served == 2
            path = waited_for.url.partition(str(address))[2]
            assert path == "/?delay=1000us"
            for _ in range(3):
                get(address, path)
            seen = waited_for.since(before)
        assert (seen.delay_us, seen.served) == (1000, 3)
        assert 1 <= seen.held_max <= 2
        assert seen.cpu_ns is not None
        assert seen.cpu_ns > 0


def test_there_is_a_pair_of_each_framework() -> None:
    pairs = {(one.path.parent.name, one.client) for one in ADAPTERS}
    assert pairs >= {(name, client) for name in ("aiohttp", "sanic", "tornado") for client in Client}


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.name)
class TestAdapters:
    def test_what_was_installed_is_what_it_asks_for(self, adapter: Adapter, service: Service) -> None:
        environment = made(adapter)
        assert environment.version != "?"
        for requirement in adapter.dependencies:
            name, _, version = requirement.partition("==")
            assert environment.installed[canonicalize_name(name.partition("[")[0])] == version

    def test_it_answers_what_its_upstream_does_and_asks_once(
        self, adapter: Adapter, service: Service, tmp_path: Path
    ) -> None:
        with running(adapter, service, tmp_path, delay_us=1000) as (started, waited_for):
            assert check.quick_check(started.address, 1, body=upstream.BODY).failure is None
            assert waited_for.counts() == Counts(held_now=0, held_max=1, served=2)
            assert get(started.address, "/no/such/route")[0] in {200, 404}  # plain WSGI applications have no routes
            assert started.alive()

    def test_it_has_as_many_under_way_as_its_model_says(
        self, adapter: Adapter, service: Service, tmp_path: Path
    ) -> None:
        """Five at once: the upstream holds one after the other for a client that blocks, and all for another."""
        delay_us = SHORT_US if adapter.client is Client.BLOCKING else LONG_US
        with running(adapter, service, tmp_path, delay_us=delay_us) as (started, waited_for):
            assert at_once(started.address, 5) == {(200, b"ok")}
            seen = waited_for.counts()
        assert adapter.client is not None
        assert seen.held_max == waiting.under_way(adapter.client, connections=5, max_clients=adapter.max_clients)
        assert seen.served == 5

    def test_it_writes_no_log_of_what_it_serves(self, adapter: Adapter, service: Service, tmp_path: Path) -> None:
        with running(adapter, service, tmp_path, delay_us=0) as (started, _):
            get(started.address)
            before = (tmp_path / "server.log").read_text().count("\n")
            for _ in range(20):
                get(started.address)
            # A server may still say that it is ready; twenty requests would be twenty lines.
            assert (tmp_path / "server.log").read_text().count("\n") - before < 5

    @pytest.mark.parametrize("workers", [1, 2])
    def test_it_ends_when_it_is_told_to_and_leaves_nothing(
        self, adapter: Adapter, workers: int, service: Service, tmp_path: Path
    ) -> None:
        with running(adapter, service, tmp_path, delay_us=0, workers=workers) as (started, _):
            assert get(started.address)[2] == b"ok"
            time.sleep(1)  # no trial is shorter: some managers of workers take no signal before they know all of them
            ended = started.stop(PATIENCE_S)
        assert not ended.before_stop
        assert not ended.killed, f"it had to be killed: {ended}"
        assert not mentioning(str(tmp_path))


@pytest.mark.parametrize("adapter", LIMITED, ids=lambda adapter: adapter.name)
def test_a_limit_of_its_client_is_kept(adapter: Adapter, service: Service, tmp_path: Path) -> None:
    with running(adapter, service, tmp_path, delay_us=LONG_US, max_clients=2) as (started, waited_for):
        assert at_once(started.address, 6) == {(200, b"ok")}
        assert waited_for.counts() == Counts(held_now=0, held_max=2, served=6)


def test_ten_are_what_tornados_client_has_under_way_and_a_raised_limit_is_more(
    service: Service, tmp_path: Path
) -> None:
    """The published 19.44 requests/s of 20 users: ten at once, not twenty."""
    (adapter,) = (one for one in ADAPTERS if one.name == "tornado-upstream-async")
    assert adapter.max_clients == 10
    for limit, held in ((None, 10), (100, 15)):
        folder = tmp_path / str(limit)
        with running(adapter, service, folder, delay_us=LONG_US, max_clients=limit) as (started, waited_for):
            assert at_once(started.address, 15) == {(200, b"ok")}
            assert waited_for.counts().held_max == held


class TestTrials:
    def test_what_the_upstream_counted_is_in_the_record(self, service: Service, tmp_path: Path) -> None:
        (adapter,) = (one for one in ADAPTERS if one.name == "tornado-upstream-async")
        environment = made(adapter)
        settings = loading.Settings(
            placement=facts.place(1, 2),
            threads=1,
            duration_s=2,
            warm_up_s=0,
            folder=tmp_path,
            service=service,
            delay_us=SHORT_US,
        )
        cell = Cell(adapter.name, environment.python, 1, 12, 1, max_clients=4)
        done = trial.measure(environment, cell, settings, number=1, round_=1)
        assert done.failure is None
        assert done.check is not None
        assert done.check.failure is None
        assert done.load is not None
        assert done.upstream is not None
        assert (done.upstream.delay_us, done.upstream.held_max) == (SHORT_US, 4)
        # Those that were under way when the load ended may have been answered as well.
        assert 0 <= done.upstream.served - done.load.requests <= 12
        assert done.opened == Opened(established=12, accepted=12)
        assert done.server is not None
        assert done.server.idle_memory_bytes is not None
        assert 0 < done.server.idle_memory_bytes <= (done.server.peak_memory_bytes or 0)
        assert verdict.of_trial(done).verdict.has_rate
        assert not mentioning(str(tmp_path))

    def test_an_upstream_that_does_not_start_is_the_reason(self, tmp_path: Path) -> None:
        (adapter,) = (one for one in ADAPTERS if one.name == "tornado-upstream-async")
        broken = Service("upstream", (sys.executable, "-c", "raise SystemExit('no port is free')"))
        settings = loading.Settings(facts.place(1, 2), 1, 1, 0, tmp_path, service=broken)
        done = trial.measure(made(adapter), Cell(adapter.name, None, 1, 1, 1), settings, number=1, round_=1)
        assert done.failure is not None
        assert done.failure.verdict is Verdict.UNAVAILABLE
        assert done.failure.reason.startswith("upstream exited with code 1 before it listened")

    def test_the_whole_command(self, service: Service, tmp_path: Path) -> None:
        argv = ["run", "--profile", "upstream-ab", "--connections", "5", "--quiet"]
        short = ["--delay", "50ms", "--duration", "2s", "--results", str(tmp_path / "results"), "--json"]
        only = ["--only", "tornado-upstream-async,tornado-upstream-blocking"]
        done = CliRunner().invoke(cli, [*argv, *only, *short], catch_exceptions=False)
        assert done.exit_code == 0
        found = {(row["adapter"], row["waiting"]["max_clients"]): row for row in json.loads(done.stdout)["rows"]}
        assert set(found) == {
            ("tornado-upstream-async", 10),
            ("tornado-upstream-async", 100),
            ("tornado-upstream-blocking", None),
        }
        held = {key: row["waiting"]["held_max"] for key, row in found.items()}
        assert set(held.values()) == {1, 5}
        assert held["tornado-upstream-blocking", None] == 1
        models = {key: row["waiting"]["model_per_second"] for key, row in found.items()}
        assert models["tornado-upstream-blocking", None] == 20
        assert models["tornado-upstream-async", 10] == 100
        report = ["report", "latest", "--results", str(tmp_path / "results"), "--format", "upstream"]
        table = CliRunner().invoke(cli, report, catch_exceptions=False)
        assert table.stdout.count("| tornado, ") == 3
