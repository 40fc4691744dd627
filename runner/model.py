"""The nouns of the suite, as frozen records.

Every field states its unit. ``None`` means *not measured*; a zero was measured.
Records hold what was observed; what is derived from them (rates, percentiles,
intervals, verdicts) is computed when it is read and is not stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from runner.histogram import Histogram


class Kind(StrEnum):
    """What an adapter is, and so what it may be compared with."""

    FRAMEWORK = "framework"
    SERVER = "server"
    PROTOCOL = "protocol"
    BASELINE = "baseline"


class Scenario(StrEnum):
    """What an adapter's server is for."""

    PIPELINE = "pipeline"
    UPSTREAM = "upstream"


class Client(StrEnum):
    """What a server of scenario ``upstream`` waits with: its loop stands still meanwhile, or goes on."""

    BLOCKING = "blocking"
    ASYNC = "async"


class Group(StrEnum):
    """The part of the matrix that an adapter is in."""

    CORE = "core"
    FIELD = "field"
    SEED_2017 = "2017"


class Verdict(StrEnum):
    """What a row's figures are worth."""

    MEASURED = "measured"
    GENERATOR_BOUND = "generator-bound"
    NEITHER = "neither"
    STALLED = "stalled"
    CRASHED = "crashed"
    REFUSED = "refused"
    WRONG_RESPONSE = "wrong-response"
    CLOSES = "closes"
    UNAVAILABLE = "unavailable"

    @property
    def has_rate(self) -> bool:
        """Whether the row's requests per second describe a server that worked."""
        return self in {Verdict.MEASURED, Verdict.GENERATOR_BOUND, Verdict.NEITHER}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens. A host of its own, so that it need not be this one for ever."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The root of the server, as a load generator takes it."""
        return f"http://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Adapter:
    """One server program under ``frameworks/`` or ``go/``, as its metadata describes it.

    ``client`` and ``max_clients`` are of scenario ``upstream``: what it waits with, and how many requests a worker has
    under way at once unless ``MAX_CLIENTS`` says otherwise; ``None`` where there is no limit to set.
    ``hold`` are distributions whose pins are kept though newer releases exist, and why.
    """

    name: str
    path: Path
    language: str
    title: str
    distribution: str
    kind: Kind
    homepage: str
    scenario: Scenario = Scenario.PIPELINE
    requires_python: str | None = None
    dependencies: tuple[str, ...] = ()
    exclude_newer: str | None = None
    ranked: bool = True
    known_failure: str | None = None
    group: Group = Group.FIELD
    template: str | None = None
    hold: tuple[tuple[str, str], ...] = ()
    client: Client | None = None
    max_clients: int | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A program of ours that servers talk to, made ready to run."""

    name: str
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Environment:
    """An adapter made ready to run here."""

    adapter: Adapter
    argv: tuple[str, ...]
    python: str | None
    version: str
    installed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unavailable:
    """An adapter that could not be made ready here, and why."""

    adapter: Adapter
    reason: str
    python: str | None = None
    log_tail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """What is compared: one adapter on one interpreter under one kind of load.

    ``max_clients``: how many requests its client may have under way at once; ``None`` leaves it its own default.
    """

    adapter: str
    python: str | None
    depth: int
    connections: int
    workers: int
    max_clients: int | None = None

    @property
    def id(self) -> str:
        """A name for folders and messages, such as ``aiohttp-py3.13.0-d16-c50-w1``."""
        python = f"-py{self.python}" if self.python else ""
        clients = "" if self.max_clients is None else f"-m{self.max_clients}"
        return f"{self.adapter}{python}-d{self.depth}-c{self.connections}-w{self.workers}{clients}"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a trial did not measure a working server."""

    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class GeneratorErrors:
    """The generator's own error counters, each a number of events."""

    connect: int
    read: int
    write: int
    timeout: int
    status: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.connect + self.read + self.write + self.timeout + self.status


@dataclass(frozen=True, slots=True)
class WrkLatency:
    """What wrk itself would have printed, in microseconds, after its own correction.

    ``interval_us`` is the expected interval that ``stats_correct`` was given (wrk.c, ``main``);
    ``None`` where wrk did not correct.
    """

    interval_us: int | None
    p50: int
    p75: int
    p90: int
    p99: int
    mean: float
    stdev: float | None
    max: int


@dataclass(frozen=True, slots=True)
class Verified:
    """How many responses were read and checked under load, how many were wrong, and the first wrong one."""

    responses: int
    wrong: int
    first: str | None


@dataclass(frozen=True, slots=True)
class Load:
    """What a load generator reported of one load, raw.

    ``histogram`` is batch latency for wrk (one sample a batch, its correction undone) and request latency for h2load.
    ``cpu_ns`` is the CPU time of the generator's load threads alone. ``active_intervals`` counts the 100 ms intervals
    in which a response came, summed over threads (wrk.c, ``record_rate``). ``array_source`` is how wrk's array was
    read: ``ffi`` or ``api``.
    """

    generator: str
    argv: tuple[str, ...]
    threads: int
    duration_us: int
    requests: int
    bytes_read: int
    errors: GeneratorErrors
    cpu_ns: int | None
    histogram: Histogram
    wrk_latency: WrkLatency | None = None
    active_intervals: int | None = None
    array_source: str | None = None
    verified: Verified | None = None

    @property
    def requests_per_second(self) -> float:
        """Responses over the load's duration."""
        return self.requests / (self.duration_us / 1e6)


@dataclass(frozen=True, slots=True)
class ServerUsage:
    """What the server's process tree used over the load.

    ``cpu_ns`` sums the CPU clocks of all its processes, threads that ended included; ``peak_memory_bytes``
    sums each process's ``VmHWM`` at the end of the load, ``idle_memory_bytes`` its ``VmRSS`` before it.
    ``processes_lost`` counts those that ended during it, whose CPU time is therefore missing.
    """

    cpu_ns: int | None
    peak_memory_bytes: int | None
    processes: int
    processes_lost: int
    involuntary_switches: int | None
    idle_memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Upstream:
    """What the service that a server waits for counted over the load.

    ``delay_us`` is what it was told to take for each request, ``served`` how many it answered, ``held_max`` the most
    that it had at once since the trial began. ``cpu_ns`` is its CPU time, taken from the generator's CPUs.
    """

    delay_us: int
    held_max: int
    served: int
    cpu_ns: int | None


@dataclass(frozen=True, slots=True)
class Opened:
    """Connections to the server that were open in the middle of the load, and those that its program had accepted."""

    established: int
    accepted: int


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended: by itself with ``code``, by ``signal``, or because we had to kill it."""

    code: int | None
    signal: str | None
    killed: bool
    before_stop: bool

    def __str__(self) -> str:
        if self.signal:
            return f"killed by {self.signal}"
        return f"exited with code {self.code}"


@dataclass(frozen=True, slots=True)
class LogError:
    """One distinct error out of a server's log, and how often it stands there."""

    text: str
    count: int


@dataclass(frozen=True, slots=True)
class Check:
    """What the quick check saw before the load: one request, and one batch of the cell's depth.

    ``sent`` and ``received`` count the batch's requests and responses; ``response_bytes`` is the size of one response.
    """

    sent: int
    received: int
    response_bytes: int | None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else went on on the machine, before and during the load.

    ``load_average`` is the 1-minute figure before the trial; ``steal_ns`` the time, over all CPUs, that the
    hypervisor gave to others; ``other_cpu_ns`` the time that the CPUs of server and generator ran tasks which were
    neither of the two nor this suite; ``connections_closed`` how many connections to the server were closed in order.
    """

    load_average: float
    steal_ns: int | None
    other_cpu_ns: int | None
    connections_closed: int | None


@dataclass(frozen=True, slots=True)
class Placement:
    """CPU numbers of the server and of the load generator; ``shared`` where there are too few to keep them apart."""

    server: tuple[int, ...]
    generator: tuple[int, ...]
    shared: bool

    def __str__(self) -> str:
        server, generator = (",".join(map(str, cpus)) for cpus in (self.server, self.generator))
        return f"server on {server}, load on {generator}" + (", shared" if self.shared else "")


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
class Phases:
    """Where a trial's wall time went, in seconds."""

    start: float
    check: float
    warm_up: float
    load: float
    stop: float


class Purpose(StrEnum):
    """What a trial is for: its figures count, h2load bears witness to them, or every response is read and checked."""

    MEASURE = "measure"
    WITNESS = "witness"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class Trial:
    """One load on one freshly started server: all that was observed. ``placement``: the CPUs that both had for it.

    ``upstream`` and ``opened`` are observed in scenario ``upstream`` only.
    """

    cell: Cell
    number: int
    round: int
    started_at: str
    phases: Phases
    check: Check | None
    load: Load | None
    server: ServerUsage | None
    exit: Exit | None
    surroundings: Surroundings | None
    failure: Failure | None
    errors: tuple[LogError, ...]
    log: str | None
    purpose: Purpose = Purpose.MEASURE
    placement: Placement | None = None
    upstream: Upstream | None = None
    opened: Opened | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run sets out to measure, as it was asked for.

    ``only`` are patterns of adapter names, none for all, and ``groups`` the parts of the matrix that these may be in,
    none for any; ``pythons`` are releases (``3.12``), none for the newest.
    ``precision`` is the wanted half-width of the 95 % interval of a cell's mean rate, relative to it (0.03 = ±3 %);
    ``duration_s`` the length of one load, ``budget_s`` that of the whole run; ``trials`` a fixed number, or ``None``
    to go on until precision or budget. ``delay_us`` is what the upstream takes for each request, ``max_clients`` are
    limits of the servers' clients, ``None`` for their own; both are of scenario ``upstream``.
    """

    profile: str
    scenario: Scenario
    only: tuple[str, ...]
    depths: tuple[int, ...]
    connections: tuple[int, ...]
    workers: tuple[int, ...]
    pythons: tuple[str, ...]
    duration_s: float
    warm_up_s: float
    threads: int
    trials: int | None
    min_trials: int
    max_trials: int
    precision: float
    budget_s: float | None
    seed: int
    witness: bool
    check: bool
    strict: bool
    baseline: str
    groups: tuple[Group, ...] = ()
    delay_us: int | None = None
    max_clients: tuple[int | None, ...] = (None,)


@dataclass(frozen=True, slots=True)
class AdapterRecord:
    """An adapter as a run used it: what it says of itself, and what was really installed, or why it was not there."""

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
