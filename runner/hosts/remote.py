"""A host elsewhere: the same questions as of this machine, sent to a node. Knows nothing of how they travel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from runner.errors import RecordError
from runner.hosts.host import Ended, Loaded, ServerOrder
from runner.hosts.loading import GRACE_S, LOAD_DEADLINE_S, Settings
from runner.record.adapter import Service
from runner.record.plan import Cell
from runner.record.trial import Address, Check, Opened, ServerUsage, Surroundings, Upstream

PATIENCE_S = 60.0
"""How long a question may take that is answered at once, before the node is given up."""


class Asking(Protocol):
    """The way to a node."""

    def __call__(self, name: str, arguments: tuple[Any, ...], patience_s: float) -> Any:
        """What a method of :class:`runner.hosts.nodes.node.Node` returns.

        Raises what that raises, and :class:`runner.hosts.host.HostLostError` where no answer comes within
        ``patience_s`` seconds or none can come any more.
        """


class Remote:
    """A node as a host. Logs of its servers are written below ``folder``, here, when they end."""

    def __init__(self, ask: Asking, folder: Path) -> None:
        self._ask = ask
        self._folder = folder

    def start(self, order: ServerOrder) -> Address:
        """As :meth:`runner.hosts.host.Host.start`."""
        found: Address = self._ask("start", (order,), PATIENCE_S)
        return found

    def mark(self) -> None:
        """As :meth:`runner.hosts.host.Host.mark`."""
        self._ask("mark", (), PATIENCE_S)

    def used(self) -> ServerUsage:
        """As :meth:`runner.hosts.host.Host.used`."""
        found: ServerUsage = self._ask("used", (), PATIENCE_S)
        return found

    def end(self, log: str) -> Ended:
        """As :meth:`runner.hosts.host.Host.end`."""
        ended: Ended
        ended, content = self._ask("end_with_log", (log,), PATIENCE_S)
        if content:
            path = self._folder / log
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            except OSError as error:
                raise RecordError(f"cannot write {path}: {error.strerror}: the trials before are kept") from None
        return ended

    def serve_upstream(self, service: Service, delay_us: int, log: str, cpus: Sequence[int]) -> str:
        """As :meth:`runner.hosts.host.Host.serve_upstream`."""
        found: str = self._ask("serve_upstream", (service, delay_us, log, tuple(cpus)), PATIENCE_S)
        return found

    def mark_upstream(self) -> None:
        """As :meth:`runner.hosts.host.Host.mark_upstream`."""
        self._ask("mark_upstream", (), PATIENCE_S)

    def upstream_used(self) -> Upstream:
        """As :meth:`runner.hosts.host.Host.upstream_used`."""
        found: Upstream = self._ask("upstream_used", (), PATIENCE_S)
        return found

    def end_upstream(self) -> None:
        """As :meth:`runner.hosts.host.Host.end_upstream`."""
        self._ask("end_upstream", (), PATIENCE_S)

    def check(self, address: Address, cell: Cell, settings: Settings) -> Check:
        """As :meth:`runner.hosts.host.Host.check`."""
        found: Check = self._ask("check", (address, cell, settings), PATIENCE_S)
        return found

    def load(self, address: Address, cell: Cell, settings: Settings, stem: str, rate: float | None) -> Loaded:
        """As :meth:`runner.hosts.host.Host.load`."""
        patience_s = settings.duration_s + LOAD_DEADLINE_S + GRACE_S + PATIENCE_S
        found: Loaded = self._ask("load", (address, cell, settings, stem, rate), patience_s)
        return found

    def watch(self, cpus: Sequence[int], port: int) -> None:
        """As :meth:`runner.hosts.host.Host.watch`."""
        self._ask("watch", (tuple(cpus), port), PATIENCE_S)

    def watched(self, ours_ns: int | None) -> Surroundings:
        """As :meth:`runner.hosts.host.Host.watched`."""
        found: Surroundings = self._ask("watched", (ours_ns,), PATIENCE_S)
        return found

    def glance(self, port: int, after_s: float) -> None:
        """As :meth:`runner.hosts.host.Host.glance`."""
        self._ask("glance", (port, after_s), PATIENCE_S)

    def glanced(self) -> Opened | None:
        """As :meth:`runner.hosts.host.Host.glanced`."""
        found: Opened | None = self._ask("glanced", (), PATIENCE_S)
        return found

    def time_s(self) -> float:
        """As :meth:`runner.hosts.host.Host.time_s`."""
        found: float = self._ask("time_s", (), PATIENCE_S)
        return found
