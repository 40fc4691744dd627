"""What is observed in a trial: the load, the server, what else went on, and what failed.

Every field states its unit. ``None`` means *not measured*; a zero was measured. Records hold what was observed; what is
derived from them (rates, percentiles, intervals, verdicts) is computed when it is read and is not stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from runner.record.histogram import Histogram
from runner.record.plan import Cell, Purpose
from runner.record.volley import Volley

Count = Annotated[int, Meta(ge=0)]
"""A number of things, bytes or time units, which is never negative: a record that says so is damaged."""
Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(ge=0)]


class Verdict(StrEnum):
    """What a row's figures are worth."""

    MEASURED = "measured"
    GENERATOR_BOUND = "generator-bound"
    NEITHER = "neither"
    STALLED = "stalled"
    CRASHED = "crashed"
    REFUSED = "refused"
    SATURATED = "saturated"
    WRONG_RESPONSE = "wrong-response"
    BROKEN = "broken"
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
class Failure:
    """Why a trial did not measure a working server."""

    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class GeneratorErrors:
    """The generator's own error counters, each a number of events."""

    connect: Count
    read: Count
    write: Count
    timeout: Count
    status: Count

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

    responses: Count
    wrong: Count
    first: str | None


@dataclass(frozen=True, slots=True)
class Load:
    """What a load generator reported of one load, raw.

    ``histogram`` is batch latency for wrk (one sample a batch, its correction undone) and volley (of an open load from
    the intended time), and request latency for h2load. ``volley`` is what only our own generator observes.
    ``cpu_ns`` is the CPU time of the generator's load threads alone. ``active_intervals`` counts the 100 ms intervals
    in which a response came, summed over threads (wrk.c, ``record_rate``). ``array_source`` is how wrk's array was
    read: ``ffi`` or ``api``.
    """

    generator: str
    argv: tuple[str, ...]
    threads: Positive
    duration_us: Positive
    requests: Count
    bytes_read: Count
    errors: GeneratorErrors
    cpu_ns: Count | None
    histogram: Histogram
    wrk_latency: WrkLatency | None = None
    active_intervals: Count | None = None
    array_source: str | None = None
    verified: Verified | None = None
    volley: Volley | None = None

    @property
    def requests_per_second(self) -> float:
        """Responses over the load's duration."""
        return self.requests / (self.duration_us / 1e6)


@dataclass(frozen=True, slots=True)
class ServerUsage:
    """What the server's process tree used over the load.

    ``cpu_ns`` sums the CPU clocks of all its processes, threads that ended included; ``peak_memory_bytes``
    sums each process's ``VmHWM`` at the end of the load, ``idle_memory_bytes`` its ``VmRSS`` before it.
    ``processes_lost`` counts those that ended during it, whose CPU time is therefore missing. ``user_ns`` and
    ``system_ns`` are in the kernel's ticks, and shared out between the two by samples at each tick (proc(5), ``utime``,
    ``stime``); switches are voluntary where a thread waited, involuntary where it had to yield its CPU.
    """

    cpu_ns: Count | None
    peak_memory_bytes: Count | None
    processes: Count
    processes_lost: Count
    involuntary_switches: Count | None
    idle_memory_bytes: Count | None = None
    user_ns: Count | None = None
    system_ns: Count | None = None
    voluntary_switches: Count | None = None


@dataclass(frozen=True, slots=True)
class Upstream:
    """What the service that a server waits for counted over the load.

    ``delay_us`` is what it was told to take for each request, ``served`` how many it answered, ``held_max`` the most
    that it had at once since the trial began. ``cpu_ns`` is its CPU time, taken from the generator's CPUs.
    """

    delay_us: Count
    held_max: Count
    served: Count
    cpu_ns: Count | None


@dataclass(frozen=True, slots=True)
class Opened:
    """Connections to the server that were open in the middle of the load, and those that its program had accepted."""

    established: Count
    accepted: Count


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
    count: Positive


@dataclass(frozen=True, slots=True)
class Check:
    """What the quick check saw before the load: one request, and one batch of the cell's depth.

    ``sent`` and ``received`` count the batch's requests and responses; ``response_bytes`` is the size of one response,
    ``fields`` the names of its header fields in lower case, as they came.
    """

    sent: Count
    received: Count
    response_bytes: Count | None
    failure: Failure | None = None
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else went on on the machine, before and during the load.

    ``load_average`` is the 1-minute figure before the trial; ``steal_ns`` the time, over all CPUs, that the
    hypervisor gave to others; ``other_cpu_ns`` the time that the CPUs of server and generator ran tasks which were
    neither of the two nor this suite; ``connections_closed`` how many connections to the server were closed in order.
    """

    load_average: Annotated[float, Meta(ge=0)]
    steal_ns: int | None
    other_cpu_ns: Count | None
    connections_closed: Count | None


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
class Phases:
    """Where a trial's wall time went, in seconds."""

    start: Seconds
    check: Seconds
    warm_up: Seconds
    load: Seconds
    stop: Seconds


@dataclass(frozen=True, slots=True)
class WarmUp:
    """Loads of ``step_s`` seconds each, before the one that counts, of a server whose runtime compiles.

    ``rates`` are requests per second of each; ``settled`` says whether the last two were alike.
    """

    step_s: float
    rates: tuple[float, ...]
    settled: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """One load on one freshly started server: all that was observed. ``placement``: the CPUs that both had for it.

    ``upstream`` and ``opened`` are observed in scenario ``upstream`` only, ``warm_up`` where a runtime compiles.
    ``pair``: the pair of machines that it ran on, by its name in :class:`runner.record.run.Run`; ``None`` on one.
    """

    cell: Cell
    number: Positive
    round: Count
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
    warm_up: WarmUp | None = None
    pair: str | None = None
