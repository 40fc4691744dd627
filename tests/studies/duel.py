"""A duel, tried: two servers up at once on one CPU, loaded in turns; against trials in turns, as ``run`` measures.

``python -m tests.studies.duel collect FILE [--adapter aiohttp] [--depth 1] [--seconds 220]`` appends a line of JSON for
each pair of fresh starts until its time is over: slices of several lengths in ABBA order on two servers that are both
up, and a trial of each server alone, as ``run`` does it. Both sides are the same adapter, so every difference is noise.
``python -m tests.studies.duel judge FILE…`` compares the ways offline, on the same pairs of starts: what a pair
scatters by, what it takes, and so how long until the interval is as narrow as asked for; and how often intervals of a
minute and of five find 2 % and 5 %, and a difference where there is none. What came of it is in docs/statistics.md.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from itertools import combinations_with_replacement
from pathlib import Path

from runner import project
from runner.adapters import environments, metadata
from runner.conformance.running import check
from runner.hosts.loading import Settings
from runner.judging import stats
from runner.judging.levels import Stopping
from runner.load import volley
from runner.record.adapter import Environment
from runner.record.plan import Cell
from runner.serving import process, server
from runner.serving.server import Server
from tests.studies.instruments import by_volley

SLICES = {0.02: 10, 0.1: 5, 0.3: 2, 1.0: 1}
"""How many times ABBA, by the length of a slice in seconds."""
ABBA = (0, 1, 1, 0)
ORDER = volley.Order(1, 0, 2.0, check.BODY.decode(), warm_up_s=0.02)
"""Each load has its connections open, and all of them busy, before it counts."""
WARM_UP_S, TRIAL_WARM_UP_S, TRIAL_S = 0.5, 1.0, 2.0
CONNECTIONS = 50
RESAMPLED = 4000
ALONE = 0.0
"""The length under which trials in turns are kept."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One load: requests/s, the server's CPU time a request, and the share of a CPU that the other took."""

    length_s: float
    side: int
    rate: float
    cost_us: float
    idle: float | None


@dataclass(frozen=True, slots=True)
class Starts:
    """A pair of fresh starts: what both took to warm up, then slices; ``spent_s`` by length, overheads too."""

    adapter: str
    depth: int
    ready_s: float
    alone_s: float
    slices: tuple[Slice, ...]
    spent_s: tuple[tuple[float, float], ...]


def main() -> None:
    """Collect or judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["collect", "judge"])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--adapter", default="aiohttp")
    parser.add_argument("--depth", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=220.0)
    given = parser.parse_args()
    if given.what == "judge":
        judge([json.loads(line) for file in given.files for line in file.read_text().splitlines()])
        return
    until = time.monotonic() + given.seconds
    chosen = metadata.select(metadata.discover(project.ROOT), [given.adapter])
    with process.ending_all(), tempfile.TemporaryDirectory(prefix="duel-") as folder:
        (made,) = environments.prepare(chosen)
        if not isinstance(made, Environment):
            raise SystemExit(made.reason)
        settings = by_volley(Path(folder), duration_s=0)
        cell = Cell(given.adapter, None, given.depth, CONNECTIONS, 1)
        last = 0.0
        while (began := time.monotonic()) + last < until:
            with given.files[0].open("a") as file:
                file.write(json.dumps(asdict(pair(made, cell, settings))) + "\n")
            last = time.monotonic() - began


def pair(made: Environment, cell: Cell, settings: Settings) -> Starts:
    """Two fresh starts in a duel, and two more one after the other."""
    slices: list[Slice] = []
    spent: dict[float, float] = {}
    began = time.monotonic()
    with started(made, settings, 0) as first, started(made, settings, 1) as second:
        both = (first, second)
        for running in both:
            loaded(running, None, cell, settings, WARM_UP_S)
        ready_s = time.monotonic() - began
        for length_s, times in SLICES.items():
            began = time.monotonic()
            for side in ABBA * times:
                rate, cost, idle = loaded(both[side], both[1 - side], cell, settings, length_s)
                slices.append(Slice(length_s, side, rate, cost, idle))
            spent[length_s] = time.monotonic() - began
    began = time.monotonic()
    for side in (0, 1):
        with started(made, settings, side) as running:
            loaded(running, None, cell, settings, TRIAL_WARM_UP_S)
            rate, cost, _ = loaded(running, None, cell, settings, TRIAL_S)
            slices.append(Slice(ALONE, side, rate, cost, None))
    return Starts(cell.adapter, cell.depth, ready_s, time.monotonic() - began, tuple(slices), tuple(spent.items()))


def started(made: Environment, settings: Settings, side: int) -> AbstractContextManager[Server]:
    """A server on the CPU that both have."""
    return server.running(made, log=settings.folder / f"server-{side}.log", cpus=settings.placement.server)


def loaded(
    running: Server, other: Server | None, cell: Cell, settings: Settings, length_s: float
) -> tuple[float, float, float | None]:
    """Rate, CPU time a request, and the share of a CPU that the other side took meanwhile."""
    record, order = settings.folder / "load.json", replace(ORDER, duration_s=length_s)
    argv = volley.argv(settings.volley.argv[0] if settings.volley else "", cell, running.address, order, record)
    mark, idle_mark, began = running.mark(), other.mark() if other else None, time.monotonic()
    done = process.run(argv, timeout_s=60, log=settings.folder / "load.log", cpus=settings.placement.generator)
    used = running.usage_since(mark).cpu_ns
    idle = None
    if other is not None and idle_mark is not None:
        idle = (other.usage_since(idle_mark).cpu_ns or 0) / 1e9 / (time.monotonic() - began)
    load = volley.parse(record.read_text(), argv=argv)
    if load.volley is None or used is None or not load.volley.checked:
        raise SystemExit(f"{cell.id}: {done.output}")
    return load.requests_per_second, used / 1000 / load.volley.checked, idle


def hodges_lehmann(values: Sequence[float]) -> float:
    """The median of the means of all pairs."""
    return statistics.median((one + other) / 2 for one, other in combinations_with_replacement(values, 2))


def trimmed(values: Sequence[float]) -> float:
    """The mean without a fifth at each end."""
    cut = len(values) // 5
    return statistics.fmean(sorted(values)[cut : len(values) - cut])


ESTIMATORS: dict[str, Callable[[Sequence[float]], float]] = {
    "mean": statistics.fmean,
    "trimmed": trimmed,
    "median": statistics.median,
    "Hodges-Lehmann": hodges_lehmann,
}


def judge(lines: Sequence[dict[str, object]]) -> None:
    """Print, for each figure and way: scatter, time a pair, time to an interval of 1 %, and what is found when."""
    starts = [
        Starts(**{**line, "slices": tuple(Slice(**one) for one in line["slices"])})  # type: ignore[arg-type,attr-defined]
        for line in lines
    ]
    idle = [one.idle for start in starts for one in start.slices if one.idle is not None]
    print(f"{len(starts)} pairs of starts of {starts[0].adapter} at depth {starts[0].depth}; idle sides took "
          f"{statistics.median(idle):.2%} of a CPU in the middle, {max(idle):.2%} at most")  # fmt: skip
    for figure in ("rate", "cost_us"):
        print(f"\n{figure}: log ratio of two starts of the same server")
        print("| way | estimator | within a pair | a pair | time a pair | to ±1 % | A/A found | 2 % in 1, 5 min "
              "| 5 % in 1, 5 min |")  # fmt: skip
        print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        for way, name, within, values, seconds in ways(starts, figure):
            scatter = statistics.stdev(values)
            needed = (1.96 * scatter / 0.01) ** 2 * seconds
            found = {
                (shift, minutes): share_found(values, shift, max(3, int(60 * minutes / seconds)))
                for shift in (0.0, 0.02, 0.05)
                for minutes in (1, 5)
            }
            print(
                f"| {way} | {name} | {within} | {scatter:.2%} | {seconds:.1f} s | {needed / 60:.1f} min "
                f"| {found[0.0, 5]:.1%} | {found[0.02, 1]:.0%}, {found[0.02, 5]:.0%} "
                f"| {found[0.05, 1]:.0%}, {found[0.05, 5]:.0%} |"
            )


def ways(starts: Sequence[Starts], figure: str) -> Iterator[tuple[str, str, str, list[float], float]]:
    """Each way and estimator: the log ratio of each pair of starts, and the mean time that a pair took."""
    alone = [quads(start, ALONE, figure)[0] for start in starts]
    yield "trials in turns", "-", "-", alone, statistics.fmean(start.alone_s for start in starts)
    for length_s in SLICES:
        seconds = statistics.fmean(start.ready_s + dict(start.spent_s)[length_s] for start in starts)
        series = [quads(start, length_s, figure) for start in starts]
        spreads = [statistics.stdev(one) for one in series if len(one) > 1]
        within = f"{statistics.fmean(spreads):.2%}" if spreads else "-"
        for name, estimate in ESTIMATORS.items() if spreads else [("-", statistics.fmean)]:
            yield f"slices of {length_s * 1000:.0f} ms", name, within, [estimate(one) for one in series], seconds
    # All slices of a start, as if nothing but loading took time: the best that slices could do.
    whole = [
        statistics.fmean([value for length in SLICES for value in quads(start, length, figure)]) for start in starts
    ]
    loads_s = sum(4 * length * times for length, times in SLICES.items())
    yield "all slices, overheads left out", "mean", "-", whole, statistics.fmean(s.ready_s for s in starts) + loads_s


def quads(start: Starts, length_s: float, figure: str) -> list[float]:
    """The log ratio of B over A of each ABBA in order, or of the two trials."""
    mine = [one for one in start.slices if one.length_s == length_s]
    size = len(ABBA) if length_s != ALONE else 2
    found = []
    for at in range(0, len(mine), size):
        means = [
            statistics.fmean(getattr(one, figure) for one in mine[at : at + size] if one.side == side)
            for side in (0, 1)
        ]
        found.append(math.log(means[1] / means[0]))
    return found


def share_found(values: Sequence[float], shift: float, pairs: int) -> float:
    """How often Student's interval over ``pairs`` pairs, drawn from those that were seen, excludes a ratio of 1."""
    rng, centred = random.Random(20), statistics.fmean(values)
    found = 0
    for _ in range(RESAMPLED):
        drawn = [math.exp(rng.choice(values) - centred + math.log1p(shift)) for _ in range(pairs)]
        made = stats.mean_interval(drawn, stopping=Stopping.FIXED)
        found += made is not None and not made.holds(1.0)
    return found / RESAMPLED


if __name__ == "__main__":
    main()
