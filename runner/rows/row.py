"""What there is to say of one cell: a row and its parts. ``None``: not measured.

The fields and their units are those of ``pipebench report --format json``, described in docs/results.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from runner.judging.stats import RankRange
from runner.record.adapter import Build, Client, Kind, Server
from runner.record.plan import Cell, Generator, Headers, pace
from runner.record.trial import Verdict

SCHEMA = 1


class Group(NamedTuple):
    """What rows that may be compared have in common."""

    workers: int
    connections: int
    depth: int
    headers: Headers = Headers.BARE


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over trials and its 95 % interval; ``low`` and ``high`` are ``None`` with too few trials for one."""

    mean: float
    low: float | None
    high: float | None

    @property
    def relative_half_width(self) -> float | None:
        """How far the interval reaches, relative to the mean, on its longer side: 0.03 is ±3 %."""
        return None if self.high is None else self.high / self.mean - 1


@dataclass(frozen=True, slots=True)
class Multiple:
    """A rate in multiples of the baseline's; ``bound`` is ``≥`` or ``≤`` where one of the two is a lower bound."""

    value: float
    bound: str | None


@dataclass(frozen=True, slots=True)
class BatchLatency:
    """Percentiles of batch latency over all trials, in microseconds.

    ``exact``: every trial passed its proofs. Otherwise the percentiles are ``None``; ``problem`` says why. ``source``
    is the generator: volley may have been asked for what wrk could not prove.
    """

    p50: int | None
    p75: int | None
    p90: int | None
    p99: int | None
    p99_9: int | None
    max: int | None
    mean: float | None
    samples: int
    exact: bool
    problem: str | None
    source: Generator = Generator.WRK


@dataclass(frozen=True, slots=True)
class WrkLatency:
    """The median over trials of what wrk itself printed, in microseconds."""

    p50: int
    p75: int
    p90: int
    p99: int


@dataclass(frozen=True, slots=True)
class Witness:
    """What another generator saw of the same cell, over its trials: requests per second, and mean latency in µs.

    The latency is of a request by h2load, of a batch by wrk and volley. The ratios are over the run's own figures, the
    mean batch latency among them: all means follow from Little's law where the server was the limit. ``agrees`` is
    ``None`` where it was not, for either generator, with the ``reason``.
    """

    requests_per_second: float | None
    mean_latency_us: float | None
    rate_ratio: float | None
    latency_ratio: float | None
    agrees: bool | None
    reason: str | None
    generator: Generator = Generator.H2LOAD


@dataclass(frozen=True, slots=True)
class Paced:
    """Latency at a load that a server can hold: an open loop at ``share`` of its capacity, or at ``rate`` requests/s.

    Arrivals are of ``burst`` requests. Latency is that of a burst from its intended time, in microseconds: ``p50_us``
    and ``p99_us`` are means over trials with their intervals, ``p99_9_us`` and ``max_us`` of all samples together.
    Where the load was not held there is none, and ``verdict`` and ``reason`` say who could not. ``lag_p99_us`` is how
    late the generator was, in its worst trial.
    """

    share: float | None
    rate: float | None
    burst: int
    offered_per_second: float | None
    answered_per_second: float | None
    trials: int
    verdict: Verdict
    reason: str
    p50_us: Estimate | None
    p99_us: Estimate | None
    p99_9_us: int | None
    max_us: int | None
    samples: int
    lag_p99_us: int | None
    cpu_us_per_request: Estimate | None

    @property
    def load(self) -> str:
        """The load in words: ``75 %`` of the capacity, or ``5 000/s``."""
        return pace(self.share, self.rate)


@dataclass(frozen=True, slots=True)
class LimitedCapacity:
    """The highest rate (requests/s) at which a percentile of latency keeps within a limit such as ``p99=10ms``.

    ``estimate`` is ``None`` where only one end is known: ``low`` of a server that keeps within it at whatever rate was
    tried, ``high`` of one that never does. ``note`` says what else there is to know, in words.
    """

    limit: str
    estimate: Estimate | None
    low: float | None
    high: float | None
    trials: int
    note: str


@dataclass(frozen=True, slots=True)
class Wire:
    """What came over the wire for a batch, in the mean, as volley saw it: data segments, and reads that found data.

    ``first_us`` is the median over trials of the median latency of a batch's first response.
    """

    segments_per_batch: float | None
    reads_per_batch: float | None
    first_us: float | None


@dataclass(frozen=True, slots=True)
class Spent:
    """Where the server's CPU time went, and how often its threads were switched, each for a request.

    In microseconds: ``user_us`` in its own code and ``system_us`` in the kernel. ``voluntary_switches``: a thread
    waited for something; ``involuntary_switches``: it was made to yield its CPU. Both over all trials together.
    """

    user_us: Estimate | None
    system_us: Estimate | None
    voluntary_switches: float | None
    involuntary_switches: float | None

    @property
    def kernel_share(self) -> float | None:
        """The part of its CPU time that the kernel worked for it."""
        if self.user_us is None or self.system_us is None:
            return None
        return self.system_us.mean / (self.user_us.mean + self.system_us.mean)


@dataclass(frozen=True, slots=True)
class Errors:
    """The generator's error counters, summed over trials."""

    connect: int
    read: int
    write: int
    timeout: int
    status: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a server did that waits for an upstream (scenario ``upstream``), and what its model says.

    ``client`` is ``blocking`` or ``async``, ``max_clients`` the limit of its client in force, ``None`` for none;
    ``own_limit`` says that it is the client's default.
    ``model_per_second`` is the rate by the model (:mod:`runner.judging.waiting`), ``ratio`` the measured one over it,
    ``far`` whether that is beyond the tolerance; ``None`` where there is no delay or no rate. ``held_max`` is the most
    that the upstream held at once in any trial, ``model_held`` what the server could have under way at most.
    ``established`` and ``accepted`` are the fewest connections that were open in the middle of a load. ``over_2_s``
    counts responses that took longer than two seconds: wrk's own limit, beyond which it would have counted time-outs.
    """

    client: Client
    max_clients: int | None
    own_limit: bool
    delay_us: int
    model_per_second: float | None
    ratio: float | None
    far: bool | None
    held_max: int
    model_held: int
    served: int
    established: int | None
    accepted: int | None
    connections_lost: int
    over_2_s: int
    idle_memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class Sends:
    """Which of the header fields that a server may leave out are in its response."""

    date: bool
    server: bool
    connection: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are."""
        named = {"Date": self.date, "Server": self.server, "Connection": self.connection}
        return tuple(name for name, sent in named.items() if sent)


@dataclass(frozen=True, slots=True)
class WarmedUp:
    """How long a server whose runtime compiles was loaded before its trials: the longest, in seconds.

    ``settled``: in how many of the trials its rate had settled by then.
    """

    longest_s: float
    settled: int


@dataclass(frozen=True, slots=True)
class Row:
    """All there is to say of one cell. ``None``: not measured.

    ``got_through_per_second`` are responses of a server that answers wrongly: a rate of what is no measurement.
    """

    adapter: str
    title: str
    version: str | None
    python: str | None
    kind: Kind
    server_class: str | None
    depth: int | None
    connections: int | None
    workers: int | None
    trials: int
    disturbed_trials: int
    verdict: Verdict
    reason: str
    requests: int
    requests_per_second: Estimate | None
    times_baseline: Multiple | None
    cpu_us_per_request: Estimate | None
    rank: RankRange | None
    server_busy: float | None
    generator_busy: float | None
    batch_latency_us: BatchLatency | None
    little_ratio: float | None
    wrk_latency_us: WrkLatency | None
    witness: Witness | None
    errors: Errors | None
    bytes_per_response: float | None
    peak_memory_bytes: int | None
    error_log: str | None
    error_count: int
    waiting: Waiting | None = None
    got_through_per_second: Estimate | None = None
    paced: tuple[Paced, ...] = ()
    limited: tuple[LimitedCapacity, ...] = ()
    wire: Wire | None = None
    headers: Headers | None = None
    sends: Sends | None = None
    warmed_up: WarmedUp | None = None
    remark: str | None = None
    variant: str | None = None
    instructions_per_request: float | None = None
    spent: Spent | None = None
    build: Build | None = None

    @property
    def server(self) -> Server:
        """What tells servers of one run apart."""
        return self.adapter, self.python, self.variant

    @property
    def group(self) -> Group:
        """Rows of one group may be compared."""
        return Group(self.workers or 0, self.connections or 0, self.depth or 0, self.headers or Headers.BARE)

    @property
    def cell(self) -> Cell | None:
        """What it is of; ``None`` for a server that could not be run at all."""
        if self.depth is None or self.connections is None or self.workers is None:
            return None
        limit = self.waiting.max_clients if self.waiting is not None and not self.waiting.own_limit else None
        load = (self.depth, self.connections, self.workers, limit, self.group.headers)
        return Cell(self.adapter, self.python, *load, variant=self.variant)
