"""A server under cachegrind: started, asked a fixed number of requests, ended; again with more; the difference.

What else makes the count of a request wobble is held: the seed of hashes, the CPU, the moment at which a batch meets
the server. Start-up, warm-up and the end are the same in both loads and fall out.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from runner.counting import cachegrind
from runner.counting.cachegrind import Place, Profile
from runner.counting.client import Client, ExchangeError
from runner.counting.comparing import Line
from runner.errors import ToolError
from runner.record.adapter import Environment
from runner.record.count import Count, DepthCount
from runner.serving import process, server

READY_TIMEOUT_S = 120.0
STOP_GRACE_S = 60.0
WARM_UP = ((200, 1), (20, 16))
"""Batches and their depth before what is counted: caches of the server and of its interpreter are then filled."""
COUNTED_REQUESTS = 768
"""How many requests the longer load has more, at every depth."""
BURSTS = 6
"""In so many bursts the requests that the longer load has more are sent, one in each second."""
BURST_AT_S = 0.2
"""A burst begins this long after a whole second since the server listened, and should end within the second: what a
server does each second (a new Date) then falls between the same two requests in every load."""
BURST_BY_S = 0.95
"""A burst that ends later than this takes the next second too; the load without it is then held as long."""
MIN_GOES = 2
MAX_GOES = 4
FAILURES = 1
"""So many goes may fail: on a machine that stands still for seconds a server closes an idle connection."""

VARIABLES: Mapping[str, str] = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
"""What every server finds in its environment, so that two goes do the same."""

AT_ONCE = max(3, os.cpu_count() or 1)
"""Servers at a time: they mostly wait."""

T = TypeVar("T")
_OUTPUT = "instructions"
_COMPLAINT = re.compile(r"(?m)^==\d+== (.*(?:unhandled|Unrecognised|unimplemented|fatal signal).*)$")
_NO_JIT = {"node": "valgrind does not run V8's code"}


@dataclass(frozen=True, slots=True)
class _Wrapped:
    """A server's command under valgrind: what :func:`runner.serving.server.start` starts."""

    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Observed:
    """One load: all processes together, how many they were, and by how many seconds its bursts were late."""

    profile: Profile
    processes: int
    late_s: int


@dataclass(frozen=True, slots=True)
class _Load:
    """A load with more requests, and the one without that lasted as long."""

    base: Observed
    longer: Observed


@dataclass(frozen=True, slots=True)
class Counted:
    """A server's count, and where the instructions of a request at the first depth went, in the last go.

    ``places_at``: the same at each depth. ``bytecodes``: the same in bytecodes of Python, or why they are not known.
    """

    count: Count
    places: Mapping[Place, float] = field(default_factory=dict)
    places_at: Mapping[int, Mapping[Place, float]] = field(default_factory=dict)
    bytecodes: Mapping[Line, float] | str = "they were not asked for"


class NotCountedError(Exception):
    """A server that cannot be counted; the text says why, in one line."""


def require_valgrind() -> str:
    """valgrind's name and version. Raises :class:`ToolError` where it is not there."""
    said = process.output(["valgrind", "--version"], stderr=False) if shutil.which("valgrind") else None
    if not said:
        raise ToolError("valgrind is not installed: install it, with `apt-get install valgrind` for example")
    return said.strip().replace("-", " ")


def count(
    environment: Environment,
    *,
    depths: Sequence[int] = (1, 16),
    cpus: Sequence[int] = (),
    tool: str,
    said: Callable[[str], None] = lambda _text: None,
) -> Counted:
    """Count until two goes agree at each depth, or :data:`MAX_GOES`. What cannot be counted says why in its reason."""
    adapter, began = environment.adapter, time.monotonic()
    goes: dict[int, list[float]] = {depth: [] for depth in depths}
    places: Mapping[int, Mapping[Place, float]] = {}
    processes, reason = None, _NO_JIT.get(adapter.language)
    failed = 0
    while reason is None and not _enough(goes):
        try:
            base, loads = _go(environment, depths, cpus)
        except NotCountedError as error:
            failed += 1
            reason = str(error) if failed > FAILURES else None
            continue
        processes = base.processes
        for depth, load in zip(depths, loads, strict=True):
            goes[depth].append((load.longer.profile.total - load.base.profile.total) / requests(depth))
        places = {
            depth: cachegrind.per_unit(load.base.profile, load.longer.profile, requests(depth))
            for depth, load in zip(depths, loads, strict=True)
        }
        number = len(goes[depths[0]])
        said(f"  go {number}: {', '.join(f'{goes[d][-1]:,.0f}' for d in depths)} instructions")
    made = Count(
        adapter=adapter.name,
        title=adapter.title,
        version=environment.version,
        python=environment.python,
        variant=environment.variant.label if environment.variant else None,
        depths=() if reason else tuple(DepthCount(depth, tuple(found)) for depth, found in goes.items()),
        processes=processes,
        tool=tool,
        seconds=time.monotonic() - began,
        reason=reason,
    )
    return Counted(made) if reason else Counted(made, places[depths[0]], places)


def batches(depth: int) -> int:
    """How many batches of ``depth`` the longer load has more."""
    return max(1, COUNTED_REQUESTS // BURSTS // depth) * BURSTS


def requests(depth: int) -> int:
    """How many requests that makes."""
    return depth * batches(depth)


def _enough(goes: Mapping[int, Sequence[float]]) -> bool:
    number = min(map(len, goes.values()))
    settled = number >= MIN_GOES and all(DepthCount(depth, tuple(found)).agrees for depth, found in goes.items())
    return settled or number >= MAX_GOES


def _go(environment: Environment, depths: Sequence[int], cpus: Sequence[int]) -> tuple[Observed, list[_Load]]:
    """The load without more, and each with more beside the one without that lasted as long; several at a time."""
    loads: list[tuple[int, int] | None] = [None, *((batches(depth), depth) for depth in depths)]
    base, *longer = _at_once(lambda more: observe(environment, more, cpus), loads)
    bases = {base.late_s: base}
    lacking = sorted({one.late_s for one in longer} - bases.keys())
    for held in _at_once(lambda hold_s: observe(environment, None, cpus, hold_s), lacking):
        bases[held.late_s] = held
    nearest = [min(bases, key=lambda late_s: abs(late_s - one.late_s)) for one in longer]
    return base, [_Load(bases[late_s], one) for late_s, one in zip(nearest, longer, strict=True)]


def _at_once(observe_one: Callable[[T], Observed], items: Sequence[T]) -> list[Observed]:
    executor, interrupted = ThreadPoolExecutor(max_workers=AT_ONCE), False
    try:
        return list(executor.map(observe_one, items))
    except KeyboardInterrupt:
        interrupted = True
        raise
    finally:  # an interrupt does not wait for the others: whoever catches it ends their servers
        executor.shutdown(wait=not interrupted, cancel_futures=True)


def observe(
    environment: Environment, more: tuple[int, int] | None, cpus: Sequence[int] = (), hold_s: int = 0
) -> Observed:
    """One start of a server under cachegrind: warm-up, ``more`` batches of a depth, ``hold_s`` idle seconds more.

    Raises :class:`NotCountedError`.
    """
    with tempfile.TemporaryDirectory(prefix="pipebench-count-") as made:
        folder = Path(made)
        argv = (
            "valgrind",
            "--tool=cachegrind",
            "--cache-sim=no",
            "--trace-children=yes",
            "--vgdb=no",
            f"--cachegrind-out-file={folder}/{_OUTPUT}.%p",
            f"--log-file={folder}/valgrind.%p",
            *environment.argv,
        )
        try:
            started = server.start(
                _Wrapped(argv),
                log=folder / "server.log",
                cpus=cpus,
                variables=VARIABLES,
                ready_timeout_s=READY_TIMEOUT_S,
            )
        except server.StartError as error:
            raise NotCountedError(_why(folder, str(error))) from None
        began = time.monotonic()
        try:
            with Client(started.address, started.processes()) as client:
                late_s = _in_bursts(client, began, more, hold_s)
        except ExchangeError as error:
            raise NotCountedError(_why(folder, str(error))) from None
        finally:
            ended = started.stop(STOP_GRACE_S)
        if ended.killed:
            raise NotCountedError(f"did not end within {STOP_GRACE_S:g} s of SIGTERM, so cachegrind wrote nothing")
        profiles = [_read(path) for path in sorted(folder.glob(f"{_OUTPUT}.*"))]
    if not profiles:
        raise NotCountedError(f"{ended}, and cachegrind wrote nothing")
    return Observed(cachegrind.added(profiles), len(profiles), late_s)


def _in_bursts(client: Client, began: float, more: tuple[int, int] | None, hold_s: int) -> int:
    """Each burst in a second of its own, and idle seconds in their place without ``more``. Seconds late at the end."""
    bursts: list[tuple[int, int] | None] = [*WARM_UP, *[None] * BURSTS]
    if more is not None:
        number, depth = more
        bursts[-BURSTS:] = [(number // BURSTS, depth)] * BURSTS
    second = 0
    for burst in bursts:
        _sleep_until(began + second + BURST_AT_S)
        if burst is not None:
            client.send(*burst)
        second = max(second + 1, math.ceil(time.monotonic() - began - BURST_BY_S))
    second = max(second, len(bursts) + hold_s)
    _sleep_until(began + second + BURST_AT_S)
    return second - len(bursts)


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def _read(path: Path) -> Profile:
    try:
        with path.open(errors="replace") as lines:
            return cachegrind.parse(lines)
    except cachegrind.MalformedError as error:
        raise NotCountedError(f"cachegrind's output: {error}") from None


def _why(folder: Path, problem: str) -> str:
    """A problem with the first thing that valgrind itself complained of, if it did."""
    for log in sorted(folder.glob("valgrind.*")):
        if found := _COMPLAINT.search(log.read_text()):
            return f"valgrind: {found[1]}"
    return problem
