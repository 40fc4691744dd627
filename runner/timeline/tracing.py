"""A server asked for one batch or burst of slow requests, and a client that asks a slow server: as a timeline."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.errors import AdapterError, ToolError
from runner.record.adapter import Client, Environment, Service
from runner.record.plan import Cell
from runner.rows import figures
from runner.serving import process, server, upstream
from runner.serving.server import StartError
from runner.timeline import burst, events
from runner.timeline.burst import Request
from runner.timeline.events import Lane, Timeline

PATIENCE_S = 10.0
"""Beyond the sum of all delays, for a server that has more to do than to wait."""


@dataclass(frozen=True, slots=True)
class Asked:
    """``depth`` requests on each of so many ``connections``, every one of which takes ``delay_us``."""

    depth: int
    connections: int
    delay_us: int
    max_clients: int | None = None

    @property
    def requests(self) -> int:
        """All of them."""
        return self.depth * self.connections


def of_server(environment: Environment, service: Service | None, asked: Asked, folder: Path) -> Timeline:
    """Start the server, and with a ``service`` the upstream that it waits for, and ask. Logs go to ``folder``.

    Without one it is asked for ``/sleep``. Raises :class:`AdapterError` where it does not start.
    """
    adapter = environment.adapter
    deadline_s = asked.requests * asked.delay_us / 1e6 + PATIENCE_S
    try:
        with ExitStack() as stack:
            variables, waited_for = None, None
            if service is not None:
                log = folder / "upstream.log"
                waited_for = stack.enter_context(upstream.running(service, delay_us=asked.delay_us, log=log))
                cell = Cell(adapter.name, environment.python, asked.depth, asked.connections, 1, asked.max_clients)
                variables = upstream.variables(cell, waited_for.url)
            log = folder / "server.log"
            started = stack.enter_context(server.running(environment, log=log, variables=variables))
            requests = _requests(asked, waits=service is not None)
            seen = asyncio.run(burst.record(started.address, requests, deadline_s=deadline_s))
            held = f", at most {waited_for.counts().held_max} held at once" if waited_for else ""
    except (StartError, OSError) as error:
        raise AdapterError(f"{adapter.name}: {error}") from None
    found = events.lanes(seen.events)
    if asked.depth == 1:  # connections have no order: what was answered first stands first
        found = tuple(sorted(found, key=lambda lane: (lane.done_us is None, lane.done_us)))
    where = "at the upstream" if service is not None else "in /sleep"
    how = events.overlap(found, asked.delay_us)
    shows = f"{_load(asked)}, each {figures.duration(asked.delay_us)} {where}: {how}{held}"
    return Timeline(adapter.title, shows + (f" ({seen.problem})" if seen.problem else ""), found)


def of_client(
    environment: Environment, service: Service, script: Path, client: Client, *, delay_us: int, folder: Path
) -> Timeline:
    """Run ``script``, which fetches one slow page with a client that blocks or with one that does not, and says when.

    Raises :class:`ToolError` where it fails.
    """
    mode = "sync" if client is Client.BLOCKING else "async"
    try:
        with upstream.running(service, delay_us=delay_us, log=folder / "upstream.log") as waited_for:
            argv = (environment.argv[0], str(script), mode, waited_for.url)
            timeout_s = delay_us / 1e6 + PATIENCE_S
            done = process.run(argv, timeout_s=timeout_s, log=folder / "client.log", cwd=folder)
    except StartError as error:
        raise ToolError(str(error)) from None
    if done.exit.code != 0:
        said = (done.output.strip().splitlines() or ["it said nothing"])[-1]
        raise ToolError(f"{script.name} {done.exit}: {said}")
    return client_timeline([json.loads(line) for line in done.output.splitlines()], client, delay_us)


def client_timeline(said: list[dict[str, Any]], client: Client, delay_us: int) -> Timeline:
    """The lanes of what a client said: its fetch, and the statement behind it. Pure."""
    at = {one["event"]: int(one["at_us"]) for one in said}
    fetched, following = at["response"] - at["launched"], at["next statement"] - at["launched"]
    lanes = (Lane("fetch", 0, None, fetched), Lane("next statement", following, None, following))
    order = ", ".join(sorted(at, key=lambda event: at[event]))
    name = "HTTPClient" if client is Client.BLOCKING else "AsyncHTTPClient"
    return Timeline(f"tornado's {name}", f"One fetch of {figures.duration(delay_us)}, in order: {order}", lanes)


def _requests(asked: Asked, *, waits: bool) -> list[list[Request]]:
    """The requests of each connection; those to ``/sleep`` have a token of their own, which must come back."""

    def one(number: int) -> Request:
        if waits:
            return Request("/", upstream.BODY)
        return Request(f"/sleep/{asked.delay_us // 1000}/{number}", str(number).encode())

    return [
        [one(connection * asked.depth + number + 1) for number in range(asked.depth)]
        for connection in range(asked.connections)
    ]


def _load(asked: Asked) -> str:
    """What was asked, in words."""
    if asked.connections == 1:
        return f"a batch of {asked.depth} requests"
    if asked.depth == 1:
        return f"a request on each of {asked.connections} connections"
    return f"a batch of {asked.depth} requests on each of {asked.connections} connections"
