"""Profiles, and what a person asked for on top of one, as a :class:`Plan` that can be measured. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from runner.errors import PlanError
from runner.record.adapter import PYPY, Adapter, Environment, Group, Scenario
from runner.record.plan import Cell, Generator, Plan

BASELINE = "fasthttp"
SEED_BASELINE = "fasthttp-goroutine"
"""fasthttp as the seed of this suite had it, with a goroutine and a channel for each request."""
SETTLE_S = 8
"""How long a server whose runtime compiles is warmed up at most, in seconds."""
MAX_DEPTH = 10_000
MAX_SECONDS = 24 * 3600
"""A load is at most so long, and so is what comes before it."""
MAX_RATE = 10_000_000
MAX_WORKERS = 256
"""Processes of a server: a machine that has as many CPUs is asked for them, another is not to be filled by mistake."""
MAX_LOADS = 1000
"""Cells of one server: at a second each, a trial of all of them takes a quarter of an hour."""
MAX_PERCENT = 99.999
MIN_DELAYS = 40
"""So many delays must a load of servers that wait last: the last, which its end cuts off, is then 2.5 % of it."""

_DEFAULT = Plan(
    profile="default",
    scenario=Scenario.PIPELINE,
    only=(),
    depths=(1, 5, 16),
    connections=(50,),
    workers=(1,),
    pythons=(),
    duration_s=1,
    warm_up_s=0,
    threads=1,
    trials=None,
    min_trials=3,
    max_trials=30,
    precision=0.03,
    budget_s=330,
    seed=1,
    witness=False,
    check=True,
    strict=False,
    baseline=BASELINE,
    groups=(Group.CORE,),
    settle_s=SETTLE_S,
    generator=Generator.VOLLEY,
    witness_by=Generator.WRK,
    shares=(0.75,),
)
_SEED = replace(
    _DEFAULT,
    profile="seed",
    depths=(5,),
    connections=(200,),
    threads=10,
    duration_s=5,
    trials=1,
    budget_s=None,
    baseline=SEED_BASELINE,
    generator=Generator.WRK,
    witness_by=Generator.VOLLEY,
    shares=(),
)
"""The published command: its generator is wrk."""

_UPSTREAM = replace(
    _DEFAULT,
    scenario=Scenario.UPSTREAM,
    groups=(),
    depths=(1,),
    trials=1,
    budget_s=None,
    check=False,
    generator=Generator.WRK,
    witness_by=Generator.H2LOAD,
    shares=(),
)
"""The plans of servers that wait. A load is many delays long: its end costs up to one delay, which is not counted."""
_THREADED = ("granian*", "robyn", "emmett55", "pyvoy", "waitress", BASELINE)
"""Servers whose one process has several threads at work, which take turns on one CPU, and the baseline."""
_ON_INTERPRETERS = ("aiohttp", "sanic", "tornado", "uvloop-httptools", BASELINE)
_ON_LOOPS = ("aiohttp", "granian", "tornado", "uvicorn", "uvloop-httptools", BASELINE)
_FOUR_TRIALS = replace(_DEFAULT, groups=(), depths=(1, 16), trials=4, budget_s=None, shares=())
_PAIRS = ("tornado-upstream-async", "tornado-upstream-blocking", "aiohttp-upstream-*", "sanic-upstream-*")

PROFILES: Mapping[str, Plan] = {
    "quick": replace(_DEFAULT, profile="quick", depths=(1, 16), trials=1, budget_s=None, shares=()),
    "default": _DEFAULT,
    "seed": _SEED,
    "seed-2017": replace(_SEED, profile="seed-2017", groups=(Group.CORE, Group.SEED_2017)),
    "full": replace(
        _DEFAULT,
        profile="full",
        groups=(Group.CORE, Group.FIELD),
        depths=(1, 4, 16, 64),
        precision=0.02,
        max_trials=30,
        budget_s=3 * 3600,
        shares=(0.25, 0.5, 0.75, 0.9, 0.95),
    ),
    "explain": replace(
        _DEFAULT,
        profile="explain",
        groups=(),
        depths=(1, 4, 16, 64),
        trials=5,
        budget_s=None,
        check=False,
        shares=(),
    ),
    "two-cores": replace(
        _DEFAULT,
        profile="two-cores",
        only=_THREADED,
        groups=(),
        depths=(1, 16),
        server_cpus=2,
    ),
    "interpreters": replace(
        _FOUR_TRIALS,
        profile="interpreters",
        only=_ON_INTERPRETERS,
        pythons=("3.11", "3.13", "3.14", "3.15", "pypy3.11"),
        variants=("loop:asyncio",),
    ),
    "loops": replace(
        _FOUR_TRIALS,
        profile="loops",
        only=_ON_LOOPS,
        pythons=("3.14",),
        variants=tuple(f"loop:{name}" for name in ("asyncio", "uvloop", "rloop", "blazio", "zuvloop", "rsloop")),
    ),
    "upstream-ab": replace(
        _UPSTREAM,
        profile="upstream-ab",
        only=_PAIRS,
        connections=(5, 10, 20),
        duration_s=20,
        delay_us=500_000,
        max_clients=(None, 100),
    ),
    "upstream-siege": replace(
        _UPSTREAM, profile="upstream-siege", only=_PAIRS, connections=(10,), duration_s=10, delay_us=150_000
    ),
    "upstream-sweep": replace(
        _UPSTREAM,
        profile="upstream-sweep",
        only=("tornado-upstream-*", "gevent-upstream-*", "gunicorn-upstream-*"),
        connections=tuple(range(1000, 10_001, 1000)),
        threads=2,
        duration_s=10,
        delay_us=0,
    ),
}
PROFILE_HELP: Mapping[str, str] = {
    "quick": "a smoke test: depth 1 and 16, one trial of a cell",
    "default": "depth 1, 5 and 16, capacity and latency at 75 % of it, until ±3 % or 5.5 minutes",
    "seed": "the published command: 10 threads, 200 connections, 5 s, depth 5, one trial",
    "seed-2017": "the same, also on the releases of 2017",
    "full": "for publishing: core and field, depth 1, 4, 16 and 64, five paced loads, until ±2 % or three hours",
    "explain": "what `pipebench explain` measures first: depth 1, 4, 16 and 64, five trials of a cell",
    "two-cores": "servers of several threads on two CPUs: depth 1 and 16; wants a machine with three",
    "interpreters": "CPython 3.11, 3.13, 3.14, 3.15 and PyPy, those that are here: depth 1 and 16, four trials",
    "loops": "every event loop, on CPython 3.14: depth 1 and 16, four trials",
    "upstream-ab": "servers that wait 500 ms for another: 5, 10 and 20 connections, 20 s, one trial",
    "upstream-siege": "the same at 150 ms: 10 connections, 10 s",
    "upstream-sweep": "deployments of tornado whose upstream answers at once: 1000 to 10 000 connections, 10 s",
}

_RELEASE = r"\d{1,3}\.\d{1,3}(?:\.\d{1,3})?"
_PYTHON = re.compile(rf"{_RELEASE}t?|{PYPY}(?:{_RELEASE})?", re.ASCII)


def asked(profile: str, given: Mapping[str, Any]) -> Plan:
    """A profile with what was ``given`` in place of its own.

    Adapters that are named may be in any group: a profile's own groups are for who names none. Variants that are named
    stand in place of a profile's own; none are named by an empty tuple.
    """
    given = {name: value for name, value in given.items() if value or name != "variants"}
    implied: dict[str, Any] = {"groups": ()} if given.get("only") else {}
    if "generator" in given:
        implied["witness_by"] = Generator.WRK if given["generator"] is Generator.VOLLEY else Generator.VOLLEY
    return replace(PROFILES[profile], **{**implied, **given})


def check(plan: Plan) -> Plan:
    """The plan itself. Raises :class:`PlanError` where it asks for what cannot be measured."""
    for what, option, values in (
        ("depth", "--depth", plan.depths),
        ("connections", "--connections", plan.connections),
        ("workers", "--workers", plan.workers),
        ("server CPUs", "--server-cpus", (1 if plan.server_cpus is None else plan.server_cpus,)),
    ):
        if not values or min(values) < 1:
            raise PlanError(f"{what} is {min(values, default='nothing')}: {option} takes whole numbers of at least 1")
    check_depths(plan.depths)
    if max(plan.workers) > MAX_WORKERS:
        raise PlanError(f"workers is {max(plan.workers)}: --workers takes at most {MAX_WORKERS}")
    if (loads := _loads_of_each(plan)) > MAX_LOADS:
        raise PlanError(f"that is {loads} loads of each server, and a run has at most {MAX_LOADS}: ask for fewer")
    if plan.threads < 1:
        raise PlanError(f"threads is {plan.threads}: --threads takes a whole number of at least 1")
    for connections in plan.connections:
        if connections % plan.threads:
            raise PlanError(
                f"{connections} connections cannot be shared evenly by {plan.threads} threads, and wrk would open "
                f"{connections // plan.threads * plan.threads}: choose a multiple with --connections or --threads"
            )
    _check_times(plan)
    if plan.trials is not None and plan.trials < 1:
        raise PlanError(f"trials is {plan.trials}: --trials takes a whole number of at least 1")
    if not 0 < plan.precision < 1:
        raise PlanError("precision must lie between 0 and 100 %: give --precision as 3%")
    for python in plan.pythons:
        check_python(python)
    _check_paced(plan)
    _check_scenario(plan)
    return plan


def check_python(python: str) -> None:
    """Raises :class:`PlanError` for what names no interpreter."""
    if not _PYTHON.fullmatch(python):
        raise PlanError(f"python is '{python}': --python takes releases such as 3.13, 3.14t or pypy3.11")


def check_depths(depths: Sequence[int]) -> None:
    """Raises :class:`PlanError` for a depth that no generator takes."""
    if not depths or min(depths) < 1:
        raise PlanError(f"depth is {min(depths, default='nothing')}: --depth takes whole numbers of at least 1")
    if max(depths) > MAX_DEPTH:
        raise PlanError(f"depth is {max(depths)}: --depth takes at most {MAX_DEPTH}")


def _loads_of_each(plan: Plan) -> int:
    """How many cells an adapter has, at most."""
    paced = len(plan.shares) + len(plan.rates) + len(plan.limits)
    dimensions = (plan.headers, plan.workers, plan.connections, plan.depths, plan.max_clients)
    return math.prod(map(len, dimensions)) * (1 + paced)


def _check_times(plan: Plan) -> None:
    """Refuse loads that wrk cannot make or nobody waits for, and a budget that holds none of them."""
    if plan.duration_s < 1 or plan.duration_s != int(plan.duration_s) or plan.warm_up_s != int(plan.warm_up_s):
        raise PlanError("wrk loads for whole seconds: give --duration and --warm-up as 1s, 2s, …")
    if plan.settle_s < 0 or plan.settle_s != int(plan.settle_s):
        raise PlanError("a server settles in whole seconds: give --settle as 0s, 8s, …")
    if (longest := max(plan.duration_s, plan.warm_up_s, plan.settle_s)) > MAX_SECONDS:
        raise PlanError(f"a load of {longest:.0f} s is longer than a day: give fewer")
    if plan.budget_s is not None and plan.budget_s < plan.duration_s:
        raise PlanError(
            f"a budget of {plan.budget_s:g} s holds no trial of {plan.duration_s:g} s: give a larger --budget"
        )


def _check_paced(plan: Plan) -> None:
    """Refuse paced loads that cannot be, and a witness that is the generator itself."""
    if plan.witness and plan.witness_by is plan.generator:
        raise PlanError(f"{plan.generator} cannot bear witness to itself: give --witness-by another")
    for share_ in plan.shares:
        if not 0 < share_ < 1:
            raise PlanError(f"a load of {share_:.0%}: --load takes shares of the capacity between 0 and 100 %, as 75%")
    for rate in plan.rates:
        if not 0 < rate <= MAX_RATE:
            raise PlanError(f"rate is {rate:g}: --rate takes requests/s from 1 to {MAX_RATE:g}")
    if plan.burst is not None and not 1 <= plan.burst <= min(plan.depths):
        raise PlanError(
            f"burst is {plan.burst}, and a connection holds {min(plan.depths)}: --burst takes 1 to the smallest depth"
        )
    for limit in plan.limits:
        if limit.us < 1:
            raise PlanError(f"a limit of {limit}: --limit takes a percentile and a time above 0, as p99=10ms")
        if limit.percent > MAX_PERCENT:
            raise PlanError(f"a limit of p{limit.percent!r}: --limit takes percentiles up to {MAX_PERCENT}")
        if limit.us >= plan.duration_s * 1_000_000:
            raise PlanError(
                f"no load of {plan.duration_s:g} s shows whether {limit} is kept: give less, or a longer --duration"
            )
    if not 0 < plan.tail_precision < 1:
        raise PlanError("precision of the tail must lie between 0 and 100 %: give --tail-precision as 10%")


def _check_scenario(plan: Plan) -> None:
    """Refuse what one of the scenarios has no use for."""
    if plan.scenario is not Scenario.UPSTREAM:
        if plan.delay_us is not None or plan.max_clients != (None,):
            raise PlanError("no server of this profile waits for another: --delay and --max-clients are for upstream-…")
        return
    if plan.depths != (1,):
        raise PlanError("servers that wait for another are measured at depth 1: leave out --depth")
    if plan.check or plan.strict:
        raise PlanError("the pipelining cases are not for servers that wait for another: leave out --check, --strict")
    if plan.shares or plan.rates or plan.limits or plan.generator is not Generator.WRK:
        raise PlanError(
            "servers that wait for another are loaded by wrk, closed: leave out --load, --rate, --generator"
        )
    if plan.witness:
        raise PlanError("what bears witness to servers that wait is their model: leave out --witness")
    if plan.delay_us is not None and plan.duration_s * 1_000_000 < MIN_DELAYS * plan.delay_us:
        raise PlanError(
            f"the end of a load costs up to one delay, and {plan.duration_s:g} s are fewer than {MIN_DELAYS} of "
            f"{plan.delay_us / 1000:g} ms: give a longer --duration or a shorter --delay"
        )
    if not plan.max_clients or any(number is not None and number < 1 for number in plan.max_clients):
        raise PlanError("max_clients is below 1: --max-clients takes whole numbers of at least 1, or default")


def cells(plan: Plan, environments: Sequence[Environment]) -> tuple[Cell, ...]:
    """Every combination that the plan asks for, of what is ready to run."""
    return tuple(
        paced
        for headers in plan.headers
        for workers in plan.workers
        for connections in plan.connections
        for depth in plan.depths
        for environment in environments
        for max_clients in _limits(plan, environment.adapter)
        for paced in _loads(
            plan,
            Cell(
                environment.adapter.name,
                environment.python,
                depth,
                connections,
                workers,
                max_clients,
                headers,
                variant=environment.variant.label if environment.variant else None,
            ),
        )
    )


def _loads(plan: Plan, closed: Cell) -> Iterator[Cell]:
    """A closed cell, which measures the capacity, and the same under each paced load of the plan."""
    yield closed
    burst = None if plan.burst in {None, closed.depth} else plan.burst
    for share_ in plan.shares:
        yield replace(closed, share=share_, burst=burst)
    for rate in plan.rates:
        yield replace(closed, rate=rate, burst=burst)
    for limit in plan.limits:
        yield replace(closed, limit=limit, burst=burst)


def _limits(plan: Plan, adapter: Adapter) -> Sequence[int | None]:
    """The limits of an adapter's client: those of the plan, each once, its default not twice; or what it has."""
    if adapter.max_clients is None:
        return (None,)
    return tuple(dict.fromkeys(None if number == adapter.max_clients else number for number in plan.max_clients))
