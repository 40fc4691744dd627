"""A server under cachegrind: started, asked a fixed number of requests, ended; again with more; the difference.

What else makes the count of a request wobble is held: what the server finds around it, the CPU, the moment at which a
batch meets the server. Start-up, warm-up and the end are the same in both loads and fall out.
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

from runner.counting import cachegrind, surroundings
from runner.counting.cachegrind import Place, Profile
from runner.counting.client import Client, ExchangeError
from runner.counting.comparing import Line
from runner.counting.goes import Goes, Load, Observed
from runner.counting.surroundings import Surroundings
from runner.errors import ToolError
from runner.record.adapter import PYPY, Environment
from runner.record.count import AGREEMENT, Count
from runner.serving import process, server

READY_TIMEOUT_S = 120.0
STOP_GRACE_S = 60.0
WARM_UP = ((64, 1), (64, 1), (8, 16))
"""Batches and their depth before what is counted: caches of the server and of its interpreter are then filled."""
COUNTED_REQUESTS = 768
"""How many requests the longer load has more, at every depth."""
BURSTS = 8
"""In so many bursts they are sent, one in each second. Each begins with one batch of one request, which the load
without them has too: what the first request of a second pays for, a new Date, then falls out."""
BURST_AT_S = 0.1
"""A burst begins this long after a second of the clock began, by which servers make Dates, and should end within it."""
END_AT_S = 0.5
"""A load ends in the middle between two seconds of the server's: a timer that rings once a second rings a bit later
each time, and later still on a busy machine."""
BURST_BY_S = 0.95
"""A burst that ends later than this takes the next second too."""
SPARE_S = 2
"""So many seconds late a load may be and ends when it would have; beyond that others are held as long."""
FAILURES = 1
"""So many goes may fail: on a machine that stands still for seconds a server closes an idle connection."""

AT_ONCE = max(2, os.cpu_count() or 1)
"""Servers at a time. They mostly wait, but one that starves has its own timers ring late, and so less often."""

T = TypeVar("T")
_OUTPUT = "instructions"
_COMPLAINT = re.compile(r"(?m)^==\d+== (.*(?:unhandled|Unrecognised|unimplemented|fatal signal).*)$")
_NO_JIT = {
    "node": "valgrind does not run V8's code",
    PYPY: "PyPy compiles while it serves: two loads are not of the same code",
}


@dataclass(frozen=True, slots=True)
class _Wrapped:
    """A server's command under valgrind: what :func:`runner.serving.server.start` starts."""

    argv: tuple[str, ...]


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
    agreement: float = AGREEMENT,
    said: Callable[[str], None] = lambda _text: None,
) -> Counted:
    """Count until goes agree within ``agreement`` at each depth, or there were rounds enough.

    What cannot be counted says why in its reason.
    """
    adapter, began = environment.adapter, time.monotonic()
    goes = Goes({depth: requests(depth) for depth in depths}, agreement=agreement)
    reason = _NO_JIT.get(PYPY if environment.build and environment.build.pypy else adapter.language)
    if reason is None and adapter.language == "python":
        reason = _compiled(environment, cpus)
    failed = 0
    servers = AT_ONCE if agreement <= AGREEMENT else 2 * AT_ONCE  # a coarse count may starve
    with surroundings.laid(environment) as around:
        while reason is None and not goes.enough:
            loads = goes.next()
            try:
                found = _at_once(lambda load: observe(around, load, cpus), loads, servers)
            except NotCountedError as error:
                failed += 1
                reason = str(error) if failed > FAILURES else None
                continue
            goes = goes.and_(loads, found)
            counts = ", ".join(f"{goes.count(depth).instructions:,.0f}" for depth in depths)
            said(f"  round {goes.rounds}: {counts} instructions")
    if reason is None and (nothing := [depth for depth in depths if goes.count(depth).instructions <= 0]):
        reason = f"requests at depth {nothing[0]} added no instructions: what answers them was not counted"
    made = Count(
        adapter=adapter.name,
        title=adapter.title,
        version=environment.version,
        python=environment.python,
        variant=environment.variant.label if environment.variant else None,
        depths=() if reason else tuple(map(goes.count, depths)),
        processes=goes.bases[0].processes if goes.bases else None,
        tool=tool,
        seconds=time.monotonic() - began,
        reason=reason,
    )
    if reason:
        return Counted(made)
    places = {depth: _places(goes, depth) for depth in depths}
    return Counted(made, places[depths[0]], places)


def _compiled(environment: Environment, cpus: Sequence[int]) -> str | None:
    """Answer a request without valgrind, so that Python's bytecode is kept whatever ran here before; or say why not.

    A server that compiles its modules as it starts has its objects elsewhere: 1 % more or less of a request.
    """
    with tempfile.TemporaryDirectory(prefix="pipebench-count-") as made:
        log = Path(made) / "server.log"
        try:
            with (
                server.running(environment, log=log, cpus=cpus, ready_timeout_s=READY_TIMEOUT_S) as started,
                Client(started.address, started.processes()) as client,
            ):
                client.send(1, 1)
        except (server.StartError, ExchangeError) as error:
            return str(error)
    return None


def _places(goes: Goes, depth: int) -> Mapping[Place, float]:
    base, longer = goes.least(depth)
    return cachegrind.per_unit(base.profile, longer.profile, requests(depth))


def batches(depth: int) -> int:
    """How many batches of ``depth`` the longer load has more."""
    return max(1, COUNTED_REQUESTS // BURSTS // depth) * BURSTS


def requests(depth: int) -> int:
    """How many requests that makes."""
    return depth * batches(depth)


def _at_once(observe_one: Callable[[T], Observed], items: Sequence[T], servers: int) -> list[Observed]:
    executor, interrupted = ThreadPoolExecutor(max_workers=servers), False
    try:
        return list(executor.map(observe_one, items))
    except KeyboardInterrupt:
        interrupted = True
        raise
    finally:  # an interrupt does not wait for the others: whoever catches it ends their servers
        executor.shutdown(wait=not interrupted, cancel_futures=True)


def observe(around: Surroundings, load: Load, cpus: Sequence[int] = ()) -> Observed:
    """One start of a server under cachegrind: warm-up, and the load in its bursts.

    Raises :class:`NotCountedError`.
    """
    with tempfile.TemporaryDirectory(prefix="pipebench-count-") as made:
        folder = Path(made)
        argv = (
            shutil.which("valgrind") or "valgrind",
            "--tool=cachegrind",
            "--cache-sim=no",
            "--trace-children=yes",
            "--vgdb=no",
            f"--cachegrind-out-file={folder}/{_OUTPUT}.%p",
            f"--log-file={folder}/valgrind.%p",
            *around.argv,
        )
        try:
            started = server.start(
                _Wrapped(argv),
                log=folder / "server.log",
                cpus=cpus,
                variables=around.variables,
                ready_timeout_s=READY_TIMEOUT_S,
                knock=False,  # it would meet the server at any moment of its start
            )
        except server.StartError as error:
            raise NotCountedError(_why(folder, str(error))) from None
        began = time.monotonic()
        try:
            with Client(started.address, started.processes()) as client:
                late_s = _in_bursts(client, load)
                client.settle()  # or it may see the connection's end with something else, or by itself
            _sleep_until(began + 1 + len(WARM_UP) + BURSTS + SPARE_S + late_s + END_AT_S)
            serving = started.processes()
        except ExchangeError as error:
            raise NotCountedError(_why(folder, str(error))) from None
        finally:
            ended = started.stop(STOP_GRACE_S)
        if ended.killed:
            raise NotCountedError(f"did not end within {STOP_GRACE_S:g} s of SIGTERM, so cachegrind wrote nothing")
        if lost := [pid for pid in serving if not (folder / f"{_OUTPUT}.{pid}").exists()]:
            raise NotCountedError(
                f"{len(lost)} of its {len(serving)} processes did not end by themselves, so cachegrind wrote nothing "
                "for them"
            )
        profiles = [_read(path) for path in sorted(folder.glob(f"{_OUTPUT}.*"))]
    if not profiles:
        raise NotCountedError(f"{ended}, and cachegrind wrote nothing")
    return Observed(cachegrind.added(profiles), len(profiles), late_s)


def _in_bursts(client: Client, load: Load) -> int:
    """Each burst in a second of its own of the clock. By how many seconds the load ends late.

    Servers' own timers run from their start, and Dates change with the clock: so bursts begin with the clock's seconds,
    and a load ends by the server's.
    """
    more = [] if load.depth is None else [(batches(load.depth) // BURSTS, load.depth)]
    bursts = [*([burst] for burst in WARM_UP), *[[(1, 1), *more]] * BURSTS]
    first = time.monotonic() + 1 - time.time() % 1
    second = 0
    for burst in bursts:
        _sleep_until(first + second + BURST_AT_S)
        for number, depth in burst:
            client.send(number, depth)
        second = max(second + 1, math.ceil(time.monotonic() - first - BURST_BY_S))
    return max(second - len(bursts) - SPARE_S, load.hold_s, 0)


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
