"""This machine as a host: what the rooms below do, one server at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

from runner.conformance.running import check
from runner.hosts import loading
from runner.hosts.host import Ended, Loaded, ServerOrder
from runner.hosts.loading import Settings
from runner.machine import facts
from runner.record.adapter import Service
from runner.record.plan import Cell
from runner.record.trial import Address, Check, Opened, ServerUsage, Surroundings, Upstream
from runner.serving import errorlog, procfs, server, upstream
from runner.serving.server import Server, StartError, UsageMark


class Local:
    """This machine. Logs and records go below ``folder``; servers listen on ``address``, on loopback unless told."""

    def __init__(self, folder: Path, address: str = server.HOST, *, networked: bool = False) -> None:
        self.folder = folder
        self.address = address
        self._networked = networked
        self._server: Server | None = None
        self._usage: UsageMark | None = None
        self._upstream: upstream.Running | None = None
        self._counted: upstream.Mark | None = None
        self._watched: tuple[tuple[int, ...], int, float, facts.Snapshot] | None = None
        self._glance: _Glance | None = None

    def start(self, order: ServerOrder) -> Address:
        """As :meth:`runner.hosts.host.Host.start`."""
        needed, what_for = order.descriptors
        if lacking := facts.allow_descriptors(needed):
            raise StartError(f"{what_for} need {lacking}")
        self._server = server.start(
            order.environment,
            log=self.folder / order.log,
            workers=order.workers,
            cpus=order.cpus,
            port=order.port,
            variables=order.variables,
            host=self.address,
        )
        return self._server.address

    def mark(self) -> None:
        """As :meth:`runner.hosts.host.Host.mark`."""
        self._usage = self._running.mark()

    def used(self) -> ServerUsage:
        """As :meth:`runner.hosts.host.Host.used`."""
        if self._usage is None:
            raise RuntimeError("the server's usage was not marked")
        return self._running.usage_since(self._usage)

    def end(self, log: str) -> Ended:
        """As :meth:`runner.hosts.host.Host.end`."""
        running, self._server, self._usage = self._server, None, None
        ended = running.stop() if running is not None else None
        path = self.folder / log
        text = path.read_text(errors="replace") if path.exists() else ""
        return Ended(ended, errorlog.summarize(text), log if text else None)

    def serve_upstream(self, service: Service, delay_us: int, log: str, cpus: Sequence[int]) -> str:
        """As :meth:`runner.hosts.host.Host.serve_upstream`."""
        self._upstream = upstream.start(service, delay_us=delay_us, log=self.folder / log, cpus=cpus, host=self.address)
        return self._upstream.url

    def mark_upstream(self) -> None:
        """As :meth:`runner.hosts.host.Host.mark_upstream`."""
        self._counted = self._waited_for.mark()

    def upstream_used(self) -> Upstream:
        """As :meth:`runner.hosts.host.Host.upstream_used`."""
        if self._counted is None:
            raise RuntimeError("the upstream's counters were not marked")
        return self._waited_for.since(self._counted)

    def end_upstream(self) -> None:
        """As :meth:`runner.hosts.host.Host.end_upstream`."""
        running, self._upstream, self._counted = self._upstream, None, None
        if running is not None:
            running.stop()

    def check(self, address: Address, cell: Cell, settings: Settings) -> Check:
        """As :meth:`runner.hosts.host.Host.check`."""
        deadline_s = check.DEADLINE_S + settings.delay_us / 1e6
        return check.quick_check(
            address, cell.depth, body=loading.body(settings), deadline_s=deadline_s, fields=loading.fields(cell)
        )

    def load(self, address: Address, cell: Cell, settings: Settings, stem: str, rate: float | None) -> Loaded:
        """As :meth:`runner.hosts.host.Host.load`."""
        path = self.folder / stem
        began_s = self.time_s()
        load, failure = loading.load(address, cell, settings, path, rate=rate)
        return Loaded(load, failure, began_s, self.time_s())

    def watch(self, cpus: Sequence[int], port: int) -> None:
        """As :meth:`runner.hosts.host.Host.watch`."""
        average = facts.load_average()
        snapshot = facts.snapshot(cpus, port, networked=self._networked)
        self._watched = (tuple(cpus), port, average, snapshot)

    def watched(self, ours_ns: int | None) -> Surroundings:
        """As :meth:`runner.hosts.host.Host.watched`."""
        if self._watched is None:
            raise RuntimeError("nothing was watched")
        cpus, port, average, before = self._watched
        after = facts.snapshot(cpus, port, networked=self._networked)
        return facts.surroundings(before, after, load_average=average, server_cpu_ns=ours_ns)

    def glance(self, port: int, after_s: float) -> None:
        """As :meth:`runner.hosts.host.Host.glance`."""
        self._glance = _Glance(port, after_s)

    def glanced(self) -> Opened | None:
        """As :meth:`runner.hosts.host.Host.glanced`."""
        glance, self._glance = self._glance, None
        return glance.end() if glance is not None else None

    def time_s(self) -> float:
        """As :meth:`runner.hosts.host.Host.time_s`."""
        return time.monotonic()

    @property
    def _running(self) -> Server:
        if self._server is None:
            raise RuntimeError("no server was started")
        return self._server

    @property
    def _waited_for(self) -> upstream.Running:
        if self._upstream is None:
            raise RuntimeError("no upstream was started")
        return self._upstream


class _Glance:
    """Looks once, in the middle of a load, at the connections to a port."""

    def __init__(self, port: int, after_s: float) -> None:
        self._seen: Opened | None = None
        self._port = port
        self._timer = threading.Timer(after_s, self._look)
        self._timer.start()

    def _look(self) -> None:
        self._seen = Opened(*procfs.connections(self._port))

    def end(self) -> Opened | None:
        """What was seen; from now on nothing is."""
        self._timer.cancel()
        self._timer.join()
        return self._seen
