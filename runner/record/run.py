"""What is kept of a run beside its trials: what was asked, of which adapters, on which machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from runner.record.adapter import Body, Build, Client, Group, Kind, Scenario, Server, Tuning, Variant
from runner.record.count import Count
from runner.record.plan import Cell, Plan
from runner.record.trial import Placement


@dataclass(frozen=True, slots=True)
class Machine:
    """What a figure was measured on."""

    host: str
    cpu_model: str
    cpus: tuple[int, ...]
    memory_bytes: int
    kernel: str
    system: str
    hypervisor: bool
    tools: Mapping[str, str]

    @property
    def kind(self) -> str:
        """What machines have in common whose figures may be compared."""
        return f"{self.cpu_model}, {len(self.cpus)} CPUs"


class Level(StrEnum):
    """How much a finding matters."""

    GOOD = "good"
    NOTE = "note"
    UNKNOWN = "unknown"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about the machine: what it is, what that does to the figures, and how to mend it."""

    level: Level
    subject: str
    state: str
    effect: str | None = None
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class AdapterRecord:
    """An adapter as a run used it: what it says of itself, and what was really installed, or why it was not there.

    ``sha256`` is of its file; ``beside`` of the others in its folder, ``None`` where they were not looked at yet.
    """

    name: str
    path: str
    sha256: str
    title: str
    distribution: str
    kind: Kind
    homepage: str
    scenario: Scenario
    language: str
    ranked: bool
    known_failure: str | None
    python: str | None
    version: str | None
    installed: Mapping[str, str]
    unavailable: str | None
    log_tail: tuple[str, ...]
    group: Group = Group.FIELD
    client: Client | None = None
    max_clients: int | None = None
    body: Body | None = None
    compiles: bool = False
    remark: str | None = None
    tuning: tuple[Tuning, ...] = ()
    variant: Variant | None = None
    build: Build | None = None
    beside: str | None = None

    @property
    def server(self) -> Server:
        """What tells servers of one run apart."""
        return self.name, self.python, self.variant.label if self.variant else None


@dataclass(frozen=True, slots=True)
class ConformanceSummary:
    """What the core conformance cases say of one adapter before it is loaded.

    ``server_class`` is ``concurrent``, ``serial``, ``degrades`` or ``broken``; ``None`` where it could not be told.
    """

    adapter: str
    python: str | None
    server_class: str | None
    reason: str
    passed: int
    noted: int
    failed: int
    variant: str | None = None

    @property
    def server(self) -> Server:
        """What tells servers of one run apart."""
        return self.adapter, self.python, self.variant


@dataclass(frozen=True, slots=True)
class Link:
    """The way between a generator and its server, measured before anything else went over it.

    ``round_trip_us`` is the median of a byte there and back, ``fastest_us`` the least; ``bytes_per_second`` what one
    connection carried from the server in its first second. ``interface``, ``mtu`` (bytes) and ``offloads`` (those that
    are switched on) are of the generator's end.
    """

    round_trip_us: float
    fastest_us: float
    bytes_per_second: float
    interface: str | None
    mtu: int | None
    offloads: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Pair:
    """A server's machine and its generators', on which trials ran. ``name``: their addresses in the cluster.

    ``differs``: what is not the same here as on the first pair.
    """

    name: str
    server: Machine
    generators: tuple[Machine, ...]
    placement: Placement
    links: tuple[Link, ...]
    differs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Loss:
    """A trial that a pair did not finish, since a machine of it could not be asked any more; it was run again."""

    at: str
    pair: str
    cell: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a run was measured that was not on one machine.

    ``address`` is Ray's, as it was given; ``wanted`` pairs, ``None`` for all that there are, with so many generators.
    """

    address: str
    wanted: int | None
    generators: int
    pairs: tuple[Pair, ...] = ()
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """The head of a run's record. ``finished_at`` is ``None`` until all its trials are done."""

    schema: int
    id: str
    created_at: str
    finished_at: str | None
    command: tuple[str, ...]
    version: str
    revision: str | None
    plan: Plan
    machine: Machine
    placement: Placement
    adapters: tuple[AdapterRecord, ...]
    conformance: tuple[ConformanceSummary, ...]
    cells: tuple[Cell, ...]
    findings: tuple[Finding, ...]
    setup_s: float | None = None
    measure_s: float | None = None
    counts: tuple[Count, ...] = ()
    cluster: Cluster | None = None
