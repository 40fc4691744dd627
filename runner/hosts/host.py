"""What a trial asks of the machines that it runs on: values in, values out.

:class:`runner.hosts.local.Local` is this machine, and :class:`runner.hosts.remote.Remote` a Local on another. Paths are
relative to the run's folder: what a host writes there (logs) is found there by whoever asked, wherever it ran.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from runner.errors import UserError
from runner.hosts.loading import Settings
from runner.record.adapter import Environment, Service
from runner.record.plan import Cell
from runner.record.trial import (
    Address,
    Check,
    Exit,
    Failure,
    Load,
    LogError,
    Opened,
    ServerUsage,
    Surroundings,
    Upstream,
)


class HostLostError(UserError):
    """A host that cannot be asked any more: its node died, or the way to it. What it was doing is not known."""


@dataclass(frozen=True, slots=True)
class ServerOrder:
    """A server to be started. ``log`` is relative to the run's folder, ``variables`` are beside those of the contract.

    ``descriptors``: file descriptors that it may need, and what for in words. ``lease_s``: after so many seconds in
    which nobody asked for anything, a host that is not ours ends it by itself.
    """

    environment: Environment
    workers: int
    cpus: tuple[int, ...]
    port: int | None
    log: str
    variables: Mapping[str, str]
    descriptors: tuple[int, str]
    lease_s: float


@dataclass(frozen=True, slots=True)
class Ended:
    """How a server ended, and the distinct errors in its log; ``log`` is its name where something stands in it."""

    exit: Exit | None
    errors: tuple[LogError, ...]
    log: str | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A load, or why there is none. ``began_s`` and ``ended_s`` are by the clock of the host that made it."""

    load: Load | None
    failure: Failure | None
    began_s: float
    ended_s: float


class Host(Protocol):
    """One machine. It holds one server at most, and one service that the server waits for."""

    def start(self, order: ServerOrder) -> Address:
        """Start a server and wait until it listens. Raises :class:`runner.serving.server.StartError`."""

    def mark(self) -> None:
        """Remember where the usage counters of the server stand."""

    def used(self) -> ServerUsage:
        """What the server used since :meth:`mark`."""

    def end(self, log: str) -> Ended:
        """End the server, if one runs, and all that came of it; ``log`` is that of its order."""

    def serve_upstream(self, service: Service, delay_us: int, log: str, cpus: Sequence[int]) -> str:
        """Start what a server is to wait for; return its URL. Raises :class:`runner.serving.server.StartError`."""

    def mark_upstream(self) -> None:
        """Remember where its counters stand."""

    def upstream_used(self) -> Upstream:
        """What it counted since :meth:`mark_upstream`."""

    def end_upstream(self) -> None:
        """End it, if it runs."""

    def check(self, address: Address, cell: Cell, settings: Settings) -> Check:
        """One request to a server, and one batch of the cell's depth."""

    def load(self, address: Address, cell: Cell, settings: Settings, stem: str, rate: float | None) -> Loaded:
        """One load by the generator of the settings; see :func:`runner.hosts.loading.load`."""

    def watch(self, cpus: Sequence[int], port: int) -> None:
        """Remember what goes on on these CPUs and with connections to ``port``."""

    def watched(self, ours_ns: int | None) -> Surroundings:
        """What others did since :meth:`watch`; ``ours_ns`` is the CPU time of servers of ours meanwhile."""

    def glance(self, port: int, after_s: float) -> None:
        """Look once, so many seconds from now, at the connections to ``port``."""

    def glanced(self) -> Opened | None:
        """What was seen; ``None`` where the time had not come."""

    def time_s(self) -> float:
        """Its clock, in seconds from a moment of its own."""
