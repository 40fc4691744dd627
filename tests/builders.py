"""Records to begin a test from: sound ones, of which a test changes what it is about.

Little's law holds for the load exactly: 50 connections, each always busy with a batch of 5 requests that takes 2.5 ms,
for one second. What was in flight at the end has left no sample (see :func:`runner.judging.latency.little_ratio`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from runner.record import store
from runner.record.adapter import Adapter, Change, Client, Environment, Kind, Scenario, Variant
from runner.record.count import Count, DepthCount
from runner.record.histogram import Histogram
from runner.record.plan import Cell, Generator, Plan
from runner.record.run import AdapterRecord, Machine, Run
from runner.record.trial import (
    Check,
    Exit,
    GeneratorErrors,
    Load,
    LogError,
    Opened,
    Phases,
    Placement,
    ServerUsage,
    Surroundings,
    Trial,
    Upstream,
    Verified,
    WrkLatency,
)
from runner.record.volley import Arrivals, Batches, Faults, Interval, Losses, Mode, Spread, Volley, Wire
from runner.suite import plans

SECOND_US = 1_000_000
SECOND_NS = 1_000_000_000
BATCH_US = 2500
BATCHES = 50 * (SECOND_US - BATCH_US // 2) // BATCH_US
RESPONSE_BYTES = 76
NO_ERRORS = GeneratorErrors(connect=0, read=0, write=0, timeout=0, status=0)


def cell(**changes: Any) -> Cell:
    """A cell at depth 5."""
    return replace(Cell("aiohttp", "3.13.0", depth=5, connections=50, workers=1), **changes)


def wrk_latency(**changes: Any) -> WrkLatency:
    """What wrk printed of the load."""
    made = WrkLatency(interval_us=500, p50=0, p75=1900, p90=2300, p99=2500, mean=1500.0, stdev=700.0, max=BATCH_US)
    return replace(made, **changes)


def load(**changes: Any) -> Load:
    """A load by wrk that used half of its CPU; ``histogram`` may be given as pairs."""
    made = Load(
        generator="wrk",
        argv=("wrk", "-t1"),
        threads=1,
        duration_us=SECOND_US,
        requests=5 * BATCHES,
        bytes_read=5 * BATCHES * RESPONSE_BYTES,
        errors=NO_ERRORS,
        cpu_ns=SECOND_NS // 2,
        histogram=Histogram.of([(BATCH_US, BATCHES)]),
        wrk_latency=wrk_latency(),
        active_intervals=10,
        array_source="ffi",
    )
    if "histogram" in changes:
        changes["histogram"] = Histogram.of(changes["histogram"])
    return replace(made, **changes)


def spread_of(us: int, count: int = BATCHES) -> Spread:
    """A distribution of one value."""
    return Spread(count, float(us), us, us, us, us, us)


def faults(**counts: Any) -> Faults:
    """Responses that were not what was asked for; none."""
    kinds = dict.fromkeys(("status", "framing", "length", "body", "surplus", "order", "repeat"), 0)
    return Faults(**{**kinds, "first": None, **counts})


def verified(**changes: Any) -> Verified:
    """Every response read, and none of them wrong."""
    return replace(Verified(responses=5 * BATCHES, wrong=0, first=None), **changes)


def losses(**counts: Any) -> Losses:
    """Connections that were lost; none."""
    kinds = dict.fromkeys(("reset", "idle", "before_answer", "in_batch", "in_response", "abandoned", "error"), 0)
    return Losses(**{**kinds, "first": None, **counts})


def volley(**changes: Any) -> Volley:
    """What volley saw of a closed load like :func:`load`: own delay takes no time."""
    made = Volley(
        mode=Mode.CLOSED,
        batch=5,
        stamped=True,
        stamps_missing=0,
        stamps_reason=None,
        little_ratio=1.0,
        batches=Batches(sent=BATCHES, answered=BATCHES, lost=0, unanswered=0, unsent=0),
        first=spread_of(BATCH_US // 5),
        first_bounded=0,
        sent_latency=None,
        own_delay=spread_of(10),
        lag=None,
        arrivals=None,
        intervals=tuple(Interval(5 * BATCHES // 10, BATCHES // 10, float(BATCH_US)) for _ in range(10)),
        cpu_span_ns=SECOND_NS,
        clock_step_ns=0,
        checked=5 * BATCHES,
        recognized=5 * BATCHES - 1,
        faults=faults(),
        losses=losses(),
        wire=Wire(data_segments_in=BATCHES, bytes_received=1, retransmits=0, responses=5 * BATCHES, batches=BATCHES),
        reads=BATCHES,
        silent_connections=0,
        interrupted=False,
    )
    return replace(made, **changes)


def volley_load(seen: Volley | None = None, **changes: Any) -> Load:
    """The same load as :func:`load`, by volley."""
    own = {"generator": "volley", "argv": ("volley",), "wrk_latency": None, "array_source": None}
    return load(**{**own, "volley": volley() if seen is None else seen, **changes})


def arrivals(**changes: Any) -> Arrivals:
    """A thousand requests/s in bursts of five, all answered."""
    made = Arrivals(
        rate=1000.0,
        burst=5,
        poisson=True,
        seed=1,
        offered=1000,
        offered_per_second=1000.0,
        answered_per_second=1000.0,
        queued=0,
        backlog=0,
        anderson_darling=1.0,
        sent_anderson_darling=1.0,
    )
    return replace(made, **changes)


def paced_load(
    us: int = 400, *, asked: Arrivals | None = None, seen: Mapping[str, Any] | None = None, **changes: Any
) -> Load:
    """An open load that was held: 200 bursts of five, each answered ``us`` after it was to be sent."""
    found = volley(
        mode=Mode.OPEN,
        little_ratio=None,
        batches=Batches(sent=200, answered=200, lost=0, unanswered=0, unsent=0),
        sent_latency=spread_of(us, 200),
        lag=spread_of(5, 200),
        arrivals=arrivals() if asked is None else asked,
        intervals=tuple(Interval(100, 20, float(us)) for _ in range(10)),
        checked=1000,
    )
    found = replace(found, **(seen or {}))
    own = {"requests": 1000, "bytes_read": 1000 * RESPONSE_BYTES, "histogram": ((us, 200),), "cpu_ns": SECOND_NS // 100}
    return volley_load(found, **{**own, **changes})


def server_usage(**changes: Any) -> ServerUsage:
    """A server that was busy almost all of a second."""
    made = ServerUsage(
        cpu_ns=SECOND_NS * 98 // 100,
        peak_memory_bytes=40 << 20,
        processes=1,
        processes_lost=0,
        involuntary_switches=3,
        user_ns=SECOND_NS * 70 // 100,
        system_ns=SECOND_NS * 30 // 100,
        voluntary_switches=BATCHES,
    )
    return replace(made, **changes)


def surroundings(**changes: Any) -> Surroundings:
    """A calm machine."""
    return replace(Surroundings(load_average=0.5, steal_ns=0, other_cpu_ns=0, connections_closed=51), **changes)


def check(**changes: Any) -> Check:
    """A check that passed."""
    return replace(Check(sent=5, received=5, response_bytes=RESPONSE_BYTES), **changes)


def log_error(**changes: Any) -> LogError:
    """An error out of a log."""
    return replace(LogError(text="Traceback", count=1), **changes)


def stopped(**changes: Any) -> Exit:
    """A server that ended when it was told to."""
    return replace(Exit(code=0, signal=None, killed=False, before_stop=False), **changes)


def trial(**changes: Any) -> Trial:
    """A trial in which all went well."""
    made = Trial(
        cell=cell(),
        number=1,
        round=1,
        started_at="2026-11-21T00:00:00Z",
        phases=Phases(start=0.1, check=0.01, warm_up=0.0, load=1.0, stop=0.02),
        check=check(),
        load=load(),
        server=server_usage(),
        exit=stopped(),
        surroundings=surroundings(),
        failure=None,
        errors=(),
        log=None,
        placement=Placement(server=(0,), generator=(1,), shared=False),
    )
    return replace(made, **changes)


def waited(cycles: int = 39, **changes: Any) -> Trial:
    """A trial in which all went well for a server that waits 500 ms: ten at once, 20 s, and so many waits done."""
    made = trial(
        cell=cell(adapter="tornado-upstream-async", depth=1, connections=20),
        check=check(sent=1, received=1),
        load=load(
            duration_us=20 * SECOND_US,
            requests=10 * cycles,
            bytes_read=10 * cycles * RESPONSE_BYTES,
            cpu_ns=SECOND_NS // 100,
            histogram=((510_000, 10), (1_020_000, 10 * cycles - 10)),
            active_intervals=cycles,
        ),
        server=server_usage(cpu_ns=SECOND_NS // 2, idle_memory_bytes=30 << 20),
        surroundings=surroundings(connections_closed=21),
        upstream=Upstream(delay_us=500_000, held_max=10, served=10 * cycles, cpu_ns=SECOND_NS // 100),
        opened=Opened(established=20, accepted=20),
    )
    return replace(made, **changes)


def adapter(**changes: Any) -> Adapter:
    """A Python adapter."""
    made = Adapter(
        name="aiohttp",
        path=Path("frameworks/aiohttp/app.py"),
        language="python",
        title="aiohttp",
        distribution="aiohttp",
        kind=Kind.FRAMEWORK,
        homepage="https://docs.aiohttp.org",
        requires_python=">=3.11",
        dependencies=("aiohttp==3.14.5",),
        exclude_newer="2026-11-20T00:00:00Z",
    )
    return replace(made, **changes)


def environment(**changes: Any) -> Environment:
    """An adapter that is ready to run."""
    made = Environment(
        adapter=adapter(), argv=("python", "app.py"), python="3.13.0", version="3.14.5", installed={"aiohttp": "3.14.5"}
    )
    return replace(made, **changes)


def adapter_record(**changes: Any) -> AdapterRecord:
    """What a run's record says of an adapter."""
    made = AdapterRecord(
        name="aiohttp",
        path="frameworks/aiohttp/app.py",
        sha256="0" * 64,
        title="aiohttp",
        distribution="aiohttp",
        kind=Kind.FRAMEWORK,
        homepage="https://docs.aiohttp.org",
        scenario=Scenario.PIPELINE,
        language="python",
        ranked=True,
        known_failure=None,
        python="3.13.0",
        version="3.14.5",
        installed={"aiohttp": "3.14.5"},
        unavailable=None,
        log_tail=(),
    )
    return replace(made, **changes)


def waiting_record(**changes: Any) -> AdapterRecord:
    """What a run's record says of an adapter that waits without blocking, ten at once."""
    made = adapter_record(
        name="tornado-upstream-async",
        path="frameworks/tornado/upstream_async.py",
        title="tornado, AsyncHTTPClient",
        scenario=Scenario.UPSTREAM,
        client=Client.ASYNC,
        max_clients=10,
    )
    return replace(made, **changes)


def machine(**changes: Any) -> Machine:
    """A small machine."""
    made = Machine(
        host="bench",
        cpu_model="Some CPU",
        cpus=(0, 1),
        memory_bytes=8 << 30,
        kernel="Linux 6.1.0",
        system="Debian GNU/Linux 13 (trixie)",
        hypervisor=False,
        tools={"wrk": "4.1.0", "uv": "0.13.8"},
    )
    return replace(made, **changes)


def plan(**changes: Any) -> Plan:
    """The default plan."""
    by_wrk = {"generator": Generator.WRK, "witness_by": Generator.H2LOAD, "shares": ()}
    return replace(plans.PROFILES["default"], **(by_wrk | changes))


def run(**changes: Any) -> Run:
    """The head of a run of one cell."""
    made = Run(
        schema=store.SCHEMA,
        id="20261121T000000-default",
        created_at="2026-11-21T00:00:00Z",
        finished_at="2026-11-21T00:05:00Z",
        command=("pipebench", "run"),
        version="0.1.0",
        revision="0123456789ab+",
        plan=plan(),
        machine=machine(),
        placement=Placement(server=(0,), generator=(1,), shared=False),
        adapters=(adapter_record(),),
        cells=(cell(),),
        findings=(),
        conformance=(),
        setup_s=12.5,
        measure_s=300.0,
    )
    return replace(made, **changes)


def spread(batch_us: int, batches: int, buckets: int = 21) -> Histogram:
    """About ``batches`` samples around ``batch_us``, as many above it as below, half of it away at most."""
    half = buckets // 2
    step = max(1, batch_us // (2 * half)) if half else 0
    latencies = [batch_us + step * place for place in range(-half, half + 1) if batch_us + step * place > 0]
    each = max(1, batches // len(latencies))
    rest = max(0, batches - each * len(latencies))
    return Histogram.of((latency, each + rest * (latency == batch_us)) for latency in latencies)


def matrix(
    adapters: int = 8, depths: tuple[int, ...] = (1, 5, 16), trials: int = 3, buckets: int = 21
) -> tuple[Run, list[Trial]]:
    """A run in which all went well: each adapter a tenth slower than the one before, ``adapter-0`` the baseline.

    Rates of the trials of a cell differ by 0.2 %, so that intervals have a width.
    """
    records = tuple(adapter_record(name=f"adapter-{n}", title=f"adapter {n}") for n in range(adapters))
    cells = tuple(cell(adapter=record.name, depth=depth) for depth in depths for record in records)
    made = []
    for place, one in enumerate(cells):
        slowness = 1.1 ** (place % adapters) * one.depth**0.5
        for number in range(1, trials + 1):
            batch_us = round(400 * slowness * (1 + 0.002 * (number - 1)))
            histogram = spread(batch_us, 50 * (SECOND_US - batch_us // 2) // batch_us, buckets)
            requests = one.depth * sum(count for _, count in histogram)
            loaded = load(
                requests=requests,
                bytes_read=requests * RESPONSE_BYTES,
                histogram=histogram,
                wrk_latency=wrk_latency(p50=0 if one.depth > 5 else batch_us // 2, p75=batch_us, p99=batch_us * 2),
            )
            sound = check(sent=one.depth, received=one.depth)
            made.append(trial(cell=one, number=number, round=number, load=loaded, check=sound))
    head = run(adapters=records, cells=cells, plan=plan(depths=depths, baseline="adapter-0"), revision="0123456789ab")
    return head, made


def releases(
    versions: tuple[str, ...] = ("3.13.9", "3.13.10", "3.14.5"), depths: tuple[int, ...] = (1, 16)
) -> tuple[Run, list[Trial]]:
    """A run of aiohttp's releases, oldest first, each a tenth slower and of a tenth more instructions.

    The newest is the adapter as it is, the others are variants of it; they stand in the record the other way round.
    """
    head, trials = matrix(adapters=len(versions), depths=depths)
    labels = [*(f"aiohttp=={version}" for version in versions[:-1]), None]
    named = {f"adapter-{number}": label for number, label in enumerate(labels)}
    records = [
        adapter_record(
            version=version,
            installed={"aiohttp": version},
            variant=Variant(label, (Change("aiohttp", version),)) if label else None,
        )
        for version, label in zip(versions, labels, strict=True)
    ]
    counts = [
        Count(
            "aiohttp",
            "aiohttp",
            version,
            "3.13.0",
            tuple(DepthCount(depth, (100_000 * 1.1**place, 100_020 * 1.1**place)) for depth in depths),
            variant=label,
        )
        for place, (version, label) in enumerate(zip(versions, labels, strict=True))
    ]

    def moved(one: Cell) -> Cell:
        return replace(one, adapter="aiohttp", python="3.13.0", variant=named[one.adapter])

    changed = replace(
        head,
        adapters=tuple(reversed(records)),
        cells=tuple(map(moved, head.cells)),
        counts=tuple(counts),
        plan=replace(head.plan, baseline="aiohttp", variants=tuple(label for label in labels if label), count=True),
    )
    return changed, [replace(one, cell=moved(one.cell)) for one in trials]
