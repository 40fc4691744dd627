"""The service that servers of scenario ``upstream`` wait for, started anew for each trial, and what it counted.

It runs on the generator's CPUs: whatever it uses is not taken from the server under test, and is known
(:attr:`runner.record.trial.Upstream.cpu_ns`), so that :mod:`runner.judging.verdict` can say when the two were the
limit together.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from runner.record.adapter import Service
from runner.record.plan import Cell
from runner.record.trial import Upstream
from runner.serving import server
from runner.serving.server import Server, StartError

BODY = b"ok"
ANSWER_TIMEOUT_S = 10.0
"""For its counts, which it gives whatever it holds."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What it says on ``/stats``: requests it holds, the most it held at once, those it answered; since its start."""

    held_now: int
    held_max: int
    served: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Where its counters stand at one moment."""

    served: int
    cpu_ns: int | None


class Running:
    """The service while it runs."""

    def __init__(self, running: Server, delay_us: int) -> None:
        self._server = running
        self._delay_us = delay_us

    @property
    def url(self) -> str:
        """Where a server is to fetch its answer, the delay included."""
        return f"{self._server.address.url}/?delay={self._delay_us}us"

    def counts(self) -> Counts:
        """What it has counted so far."""
        address = self._server.address
        with closing(http.client.HTTPConnection(address.host, address.port, timeout=ANSWER_TIMEOUT_S)) as connection:
            connection.request("GET", "/stats")
            return Counts(**json.loads(connection.getresponse().read()))

    def mark(self) -> Mark:
        """Where its counters stand now."""
        return Mark(self.counts().served, self._cpu_ns())

    def since(self, before: Mark) -> Upstream:
        """What it counted since ``before``; the most it held at once, since its start."""
        counts, cpu_ns = self.counts(), self._cpu_ns()
        used = cpu_ns - before.cpu_ns if cpu_ns is not None and before.cpu_ns is not None else None
        return Upstream(
            delay_us=self._delay_us, held_max=counts.held_max, served=counts.served - before.served, cpu_ns=used
        )

    def stop(self) -> None:
        """End it."""
        self._server.stop()

    def _cpu_ns(self) -> int | None:
        used = self._server.mark().cpu_ns
        return sum(used.values()) if used else None


def variables(cell: Cell, url: str) -> Mapping[str, str]:
    """What a server that waits finds in its environment beside where to listen: its upstream, and a limit if any."""
    limit = {} if cell.max_clients is None else {"MAX_CLIENTS": str(cell.max_clients)}
    return {"UPSTREAM": url} | limit


def start(service: Service, *, delay_us: int, log: Path, cpus: Sequence[int] = (), host: str = server.HOST) -> Running:
    """Start the service on a free port of ``host``, an address of this machine. Raises :class:`StartError`."""
    try:
        started = server.start(service, log=log, cpus=cpus, host=host)
    except StartError as error:
        raise StartError(f"{service.name} {error}") from None
    return Running(started, delay_us)


@contextmanager
def running(service: Service, *, delay_us: int, log: Path, cpus: Sequence[int] = ()) -> Iterator[Running]:
    """:func:`start` as a block; leave it and nothing of the service is left."""
    started = start(service, delay_us=delay_us, log=log, cpus=cpus)
    try:
        yield started
    finally:
        started.stop()
