"""How deep a server pipelines: the largest batch, and the most connections, whose responses all arrive in order.

Found by search (powers of two, then bisection). A rung holds once three attempts on it have passed, and does not once
two have failed, the later one on a freshly started server; so neither one slow moment nor one lucky one decides it. A
server whose fault is random may hold a rung by luck all the same: the ladder is an upper bound of what can be relied
on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from runner.conformance.case import Case, Exchange, Fault, Level, Theme
from runner.conformance.cases.requests import at_once, gets, numbered, sleeps
from runner.conformance.cases.responses import tokens
from runner.conformance.judge import answers, each
from runner.conformance.running.driver import ServerHandle, attempt_alone

PASSES: Final = 3
FAILS: Final = 2
SLOWEST_REQUESTS_PER_S: Final = 1000
"""A server that is slower than this is given up as stalled."""


@dataclass(frozen=True, slots=True)
class Rung:
    """So many requests on each of so many connections, and whether every response came in order."""

    depth: int
    connections: int
    holds: bool
    fault: Fault | None
    detail: str
    passes: int
    fails: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """The largest depth on one connection, and the largest number of connections at ``width_depth``; 0: none.

    ``depth_limit`` and ``connections_limit`` are where the search ends: a result that is equal to them is a lower
    bound. ``rungs`` are all that were tried, in that order.
    """

    depth: int
    depth_limit: int
    connections: int
    connections_limit: int
    width_depth: int
    rungs: tuple[Rung, ...]

    @property
    def beyond_depth(self) -> Rung | None:
        """What happens one step deeper, where that was reached."""
        failing = [rung for rung in self.rungs if rung.connections == 1 and not rung.holds]
        return min(failing, key=lambda rung: rung.depth, default=None)

    @property
    def beyond_connections(self) -> Rung | None:
        """What happens with one connection more, where that was reached."""
        failing = [rung for rung in self.rungs if rung.connections > 1 and not rung.holds]
        return min(failing, key=lambda rung: rung.connections, default=None)


async def climb(
    server: ServerHandle,
    *,
    depth_limit: int = 4096,
    connections_limit: int = 256,
    width_depth: int = 16,
    also_depths: Sequence[int] = (),
    patience: float = 1.0,
    on_rung: Callable[[Rung], None] | None = None,
) -> Ladder:
    """Search both directions on a server that may die and be restarted; try ``also_depths`` whatever was found.

    Connections are counted at ``width_depth``, or at the largest depth that works if that is less.
    """
    rungs: dict[tuple[int, int], Rung] = {}

    async def holds(depth: int, connections: int) -> bool:
        if (depth, connections) not in rungs:
            rungs[depth, connections] = rung = await _tried(server, depth, connections, patience)
            if on_rung is not None:
                on_rung(rung)
        return rungs[depth, connections].holds

    depth = await _largest(depth_limit, lambda number: holds(number, 1))
    width_depth = max(1, min(depth, width_depth))
    connections = await _largest(connections_limit, lambda number: holds(width_depth, number)) if depth else 0
    for extra in also_depths:
        await holds(extra, 1)
    return Ladder(depth, depth_limit, connections, connections_limit, width_depth, tuple(rungs.values()))


def probes(limit: int) -> Generator[int, bool, int]:
    """Yield what to try next, be sent whether it held, and return the largest number that does, at most ``limit``."""
    low, high = 0, limit + 1
    step = 1
    while low < limit:
        step = min(step, limit)
        if not (yield step):
            high = step
            break
        low, step = step, step * 2
    while high - low > 1:
        middle = (low + high) // 2
        if (yield middle):
            low = middle
        else:
            high = middle
    return low


def rung_case(depth: int, connections: int) -> Case:
    """One rung as a case: tokens that are unique over all connections."""
    names = [numbered(depth, f"{number}-") for number in range(1, connections + 1)]
    return Case(
        number=0,
        name=f"depth-{depth}-connections-{connections}",
        theme=Theme.ORDER,
        sends=f"`G(/sleep/0/unique)` {depth} times on each of {connections} connections at once",
        wants="every token on its own connection, in order",
        level=Level.MUST,
        section="RFC 9112 §9.3.2",
        quote="",
        why="",
        exchanges=tuple(Exchange(at_once(*sleeps(0, *tokens_)), gets(depth)) for tokens_ in names),
        judge=each(*[answers(*tokens(*tokens_)) for tokens_ in names]),
        at_once=connections,
        deadline_s=5.0 + depth * connections / SLOWEST_REQUESTS_PER_S,
    )


async def _largest(limit: int, holds: Callable[[int], Awaitable[bool]]) -> int:
    search = probes(limit)
    try:
        number = next(search)
        while True:
            number = search.send(await holds(number))
    except StopIteration as found:
        return int(found.value)


async def _tried(server: ServerHandle, depth: int, connections: int, patience: float) -> Rung:
    case = rung_case(depth, connections)
    rung = Rung(depth, connections, False, None, "", 0, 0)
    fresh = not server.alive()
    while rung.passes < PASSES and rung.fails < FAILS:
        attempt = await attempt_alone(server, case, patience, fresh=fresh)
        fresh = not attempt.passed
        if attempt.passed:
            rung = replace(rung, passes=rung.passes + 1)
        else:
            finding = attempt.finding
            rung = replace(rung, fails=rung.fails + 1, fault=finding.fault, detail=finding.detail)
    if rung.fails == FAILS:
        return rung
    detail = f"flaky: {rung.detail}" if rung.fails else "every response in order"
    return replace(rung, holds=True, detail=detail)
