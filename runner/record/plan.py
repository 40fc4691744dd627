"""What a run sets out to measure: its plan, and the cells that are compared. Every field states its unit."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from enum import StrEnum

from runner.record.adapter import PYPY, Group, Scenario, Server


class Generator(StrEnum):
    """What loads a server. volley is our own (``go/volley``), wrk the yardstick of the field."""

    WRK = "wrk"
    VOLLEY = "volley"
    H2LOAD = "h2load"


class Headers(StrEnum):
    """The header fields of a request: ``Host`` alone, as wrk sends it, or a browser's as well."""

    BARE = "bare"
    BROWSER = "browser"


@dataclass(frozen=True, slots=True, order=True)
class Limit:
    """What a server must hold: so many per cent of its batches answered within ``us`` microseconds."""

    percent: float
    us: int

    def __str__(self) -> str:
        return f"p{self.percent:g}={self.us / 1000:g}ms"


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """What is compared: one adapter on one interpreter under one kind of load.

    ``max_clients``: how many requests its client may have under way at once; ``None`` leaves it its own default.
    The load is closed, or paced where ``share`` (of the closed cell's capacity, 0.75 for 75 %) or ``rate`` (requests/s)
    is given: arrivals of ``burst`` requests at a time, ``None`` for as many as ``depth``. With a ``limit`` it is paced
    too, each trial at another rate, in search of the highest that keeps within it.
    ``variant``: the label of what is changed about the adapter, ``None`` for itself.
    """

    adapter: str
    python: str | None
    depth: int
    connections: int
    workers: int
    max_clients: int | None = None
    headers: Headers = Headers.BARE
    share: float | None = None
    rate: float | None = None
    burst: int | None = None
    limit: Limit | None = None
    variant: str | None = None

    @property
    def server(self) -> Server:
        """What tells servers of one run apart."""
        return self.adapter, self.python, self.variant

    @property
    def is_paced(self) -> bool:
        """Whether its load is open, at a rate."""
        return self.share is not None or self.rate is not None or self.limit is not None

    @property
    def closed(self) -> Cell:
        """The same under a closed loop, whose rate is the capacity that shares are of."""
        return replace(self, share=None, rate=None, burst=None, limit=None)

    @property
    def load(self) -> str:
        """Its load in words: ``closed``, ``75 %`` of the capacity, ``5 000/s``, or the limit of a search."""
        if self.limit is not None:
            return str(self.limit)
        return "closed" if self.share is None and self.rate is None else pace(self.share, self.rate)

    @property
    def id(self) -> str:
        """A name for folders and messages, such as ``aiohttp-py3.13.0-d16-c50-w1``."""
        python = f"-{on(self.python)}" if self.python else ""
        clients = "" if self.max_clients is None else f"-m{self.max_clients}"
        headers = "" if self.headers is Headers.BARE else f"-{self.headers}"
        share = "" if self.share is None else f"-s{100 * self.share:g}"
        rate = "" if self.rate is None else f"-r{self.rate:g}"
        burst = "" if self.burst is None else f"-b{self.burst}"
        limit = "" if self.limit is None else f"-{self.limit}"
        load = f"{clients}{headers}{share}{rate}{burst}{limit}"
        return f"{self.adapter}{python}{_slug(self.variant)}-d{self.depth}-c{self.connections}-w{self.workers}{load}"


def on(python: str) -> str:
    """An interpreter in a name: ``py3.13.0`` of ``3.13.0``, ``pypy3.11.17`` as it is."""
    return python if python.startswith(PYPY) else f"py{python}"


def pace(share: float | None, rate: float | None) -> str:
    """An open loop's load in words: ``75 %`` of the capacity, or ``5 000/s``; one of the two is given."""
    if share is not None:
        return f"{100 * share:g} %"
    assert rate is not None  # noqa: S101 - an open loop has one of the two
    return f"{rate:,.0f}/s".replace(",", " ")


def _slug(variant: str | None) -> str:
    """A variant's label in a file's name: what may not stand in one is left out, and told apart by a digest."""
    if variant is None:
        return ""
    plain = re.sub(r"[^A-Za-z0-9._@=-]+", "_", variant).strip(".")[:60]
    return f"-{plain}" + ("" if plain == variant else f"~{hashlib.sha256(variant.encode()).hexdigest()[:4]}")


class Purpose(StrEnum):
    """What a trial is for: its figures count, h2load bears witness to them, or every response is read and checked."""

    MEASURE = "measure"
    WITNESS = "witness"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run sets out to measure, as it was asked for.

    ``only`` are patterns of adapter names, none for all, and ``groups`` the parts of the matrix that these may be in,
    none for any; ``pythons`` are interpreters (``3.12``, ``3.14t``, ``pypy3.11``), none for the newest CPython.
    ``precision`` is the wanted half-width of the 95 % interval of a cell's mean rate, relative to it (0.03 = ±3 %);
    ``duration_s`` the length of one load, ``budget_s`` that of the whole run; ``trials`` a fixed number, or ``None``
    to go on until precision or budget. ``delay_us`` is what the upstream takes for each request, ``max_clients`` are
    limits of the servers' clients, ``None`` for their own; both are of scenario ``upstream``. ``settle_s`` is how long
    a server whose runtime compiles is warmed up at most, until its rate settles; ``server_cpus`` how many CPUs a server
    has, ``None`` for one a worker.

    ``generator`` loads, ``witness_by`` bears witness where asked. ``shares`` are paced loads as shares of each cell's
    capacity (0.75 for 75 %), ``rates`` the same in requests/s, ``burst`` the requests of an arrival (``None``: depth).
    ``variants`` are changes to each adapter that they fit, as they were asked for, each beside the adapter itself;
    ``count``: instructions are counted too.
    ``tail_precision`` is the wanted half-width of the interval of a paced cell's p99. ``limits`` are those under which
    the capacity is searched.
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
    headers: tuple[Headers, ...] = (Headers.BARE,)
    settle_s: float = 0
    server_cpus: int | None = None
    generator: Generator = Generator.WRK
    witness_by: Generator = Generator.H2LOAD
    shares: tuple[float, ...] = ()
    rates: tuple[float, ...] = ()
    burst: int | None = None
    tail_precision: float = 0.1
    limits: tuple[Limit, ...] = ()
    variants: tuple[str, ...] = ()
    count: bool = False
