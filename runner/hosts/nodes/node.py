"""A node of a cluster, as it is asked from afar: a local host, and what a run must know and do before its trials."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from runner import project
from runner.adapters import environments, metadata
from runner.conformance.cases.catalogue import CORE
from runner.conformance.record import Conformance
from runner.conformance.running import examination
from runner.errors import UserError
from runner.hosts.host import Ended, Loaded, ServerOrder
from runner.hosts.loading import Settings
from runner.hosts.local import Local
from runner.hosts.nodes import link
from runner.machine import doctor, facts
from runner.record.adapter import Environment, Service, Unavailable
from runner.record.plan import Cell
from runner.record.run import Finding, Link, Machine
from runner.record.trial import Address
from runner.serving import process
from runner.serving.server import StartError

LOOKS_S = 1.0
"""How often it is looked whether a server's lease has run out."""
ADAPTERS = "adapters"
"""The folder of a parcel that holds adapters which do not belong to the suite."""

Answer = tuple[Literal["value"], Any] | tuple[Literal["raised"], Exception]
"""What a method returned, or what went wrong that a person can act on. Bugs are raised as they are."""


@dataclass(frozen=True, slots=True)
class Described:
    """What there is to know of a node before a run; ``cpus``: those for a server and for a generator."""

    machine: Machine
    server_cpus: tuple[int, ...]
    generator_cpus: tuple[int, ...]
    findings: tuple[Finding, ...]


class Node(Local):
    """This machine, asked from another: by :meth:`ask`, one question at a time."""

    def __init__(self, parcel: Path, address: str) -> None:
        super().__init__(Path(tempfile.mkdtemp(prefix="pipebench-")), address, networked=True)
        self._root = parcel / ADAPTERS if (parcel / ADAPTERS).is_dir() else parcel
        self._echo: link.Echo | None = None
        self._lease_s: float | None = None
        self._volley: Service | None = None
        self._asked = threading.Lock()
        self._last = time.monotonic()
        threading.Thread(target=self._watch_lease, daemon=True).start()

    def ask(self, name: str, arguments: tuple[Any, ...]) -> Answer:
        """Call a method by its name."""
        with self._asked:
            try:
                return "value", getattr(self, name)(*arguments)
            except (UserError, StartError) as error:
                return "raised", error
            finally:
                self._last = time.monotonic()

    def start(self, order: ServerOrder) -> Address:
        """As on this machine; the server ends when its lease does."""
        self._lease_s = order.lease_s
        (self.folder / order.log).parent.mkdir(parents=True, exist_ok=True)
        return super().start(order)

    def end_with_log(self, log: str) -> tuple[Ended, bytes]:
        """End the server; what stands in its log comes along, and is removed here."""
        self._lease_s = None
        ended = self.end(log)
        path = self.folder / log
        content = path.read_bytes() if path.exists() else b""
        path.unlink(missing_ok=True)
        return ended, content

    def describe(self, workers: int, threads: int) -> Described:
        """The machine, with CPUs for a server of so many processes and for a generator of so many threads."""
        placed = facts.place(workers, threads)
        return Described(facts.describe(), placed.server, placed.generator, tuple(doctor.examine(doctor.read())))

    def prepare(
        self, names: Sequence[str], pythons: Sequence[str], variants: Sequence[str]
    ) -> tuple[Environment | Unavailable, ...]:
        """Make adapters ready here, as :func:`runner.adapters.environments.prepare` does."""
        chosen = metadata.select(metadata.discover(self._root), list(names)) if names else ()
        return environments.prepare(chosen, pythons=pythons, asked=variants)

    def volley(self) -> Service:
        """Build the generator here; loads use it from then on."""
        self._volley = environments.service(project.ROOT / "go" / "volley")
        return self._volley

    def load(self, address: Address, cell: Cell, settings: Settings, stem: str, rate: float | None) -> Loaded:
        """As on this machine, with the generator that was built here."""
        (self.folder / stem).parent.mkdir(parents=True, exist_ok=True)
        if self._volley is not None:
            settings = replace(settings, volley=self._volley)
        return super().load(address, cell, settings, stem, rate)

    def upstream_service(self) -> Service:
        """Build what servers wait for."""
        return environments.service(self._root / "go" / "upstream")

    def require(self, connections: int, wrk: bool, h2load: bool) -> None:
        """Raises :class:`UserError` where this machine cannot load as it is asked to."""
        if wrk:
            facts.require_wrk()
        if h2load:
            facts.require_h2load()
        facts.require_descriptors(connections)

    def examine(self, environments_: Sequence[Environment]) -> tuple[Conformance, ...]:
        """The core conformance cases, here: they are of the server, not of the way to it."""
        return examination.examine_all(environments_, self.folder / "logs", cases=CORE)

    def listen(self) -> Address:
        """Let the link to here be measured."""
        self._echo = link.Echo(self.address)
        return self._echo.address

    def stop_listening(self) -> None:
        """No more of that."""
        if self._echo is not None:
            self._echo.close()

    def measure_link(self, address: Address) -> Link:
        """Measure the link to a node that listens."""
        return link.measure(address, own=self.address)

    def close(self) -> None:
        """End all that runs here, and remove what was written for the run."""
        with process.ending_all():
            shutil.rmtree(self.folder, ignore_errors=True)

    def _watch_lease(self) -> None:
        """End a server that nobody has asked about for longer than its lease: whoever started it is gone."""
        while True:
            time.sleep(LOOKS_S)
            lease_s = self._lease_s
            if lease_s is None or time.monotonic() - self._last < lease_s or not self._asked.acquire(blocking=False):
                continue
            try:
                with process.ending_all():
                    self._lease_s = None
            finally:
                self._asked.release()
