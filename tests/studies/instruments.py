"""What volley and wrk make of the same servers: rate, CPU time a request of their own, and what volley sees beside.

Run as ``python -m tests.studies.instruments [--servers ceiling,fasthttp] [--depths 1,5,16] [--loads 8]``. For each
server and depth one server is started; the two load it in turns, a second each, on CPUs of their own. Ratios are of
volley over wrk in pairs of loads that followed each other, geometric means with 95 % intervals. ``--wire`` loads by
volley alone, at depth 16, and prints reads and segments a batch. ``--open SHARE`` loads at a share of what volley found
the server to do, with arrivals evenly spaced, and prints lag and latency.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import fmean, geometric_mean

from runner import project
from runner.adapters import environments, metadata
from runner.hosts import loading
from runner.hosts.loading import Settings
from runner.judging import latency, stats
from runner.judging.levels import Stopping
from runner.judging.verdict import GENERATOR_BUSY, SERVER_BUSY
from runner.machine import facts
from runner.record.adapter import Environment
from runner.record.plan import Cell, Generator
from runner.record.trial import Load
from runner.serving import process, server
from runner.serving.server import Server

SERVERS = "ceiling,fasthttp,uvloop-httptools,aiohttp,tornado"
CONNECTIONS = 50


def main() -> None:
    """Print one line for each server and depth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default=SERVERS)
    parser.add_argument("--depths", default="1,5,16")
    parser.add_argument("--loads", type=int, default=8)
    parser.add_argument("--wire", action="store_true")
    parser.add_argument("--open", type=float, metavar="SHARE")
    given = parser.parse_args()
    chosen = metadata.select(metadata.discover(project.ROOT), given.servers.split(","))
    with process.ending_all(), tempfile.TemporaryDirectory(prefix="instruments-") as folder:
        ready = [one for one in environments.prepare(chosen) if isinstance(one, Environment)]
        settings = by_volley(Path(folder))
        if given.wire:
            wire(ready, settings)
        elif given.open is not None:
            paced(ready, settings, given.open, given.loads)
        else:
            alternate(ready, settings, [int(depth) for depth in given.depths.split(",")], given.loads)


def by_volley(folder: Path, duration_s: float = 1) -> Settings:
    """Loads by volley, of a server and with a generator that have a CPU each."""
    return Settings(
        placement=facts.place(1, 1),
        threads=1,
        duration_s=duration_s,
        warm_up_s=0,
        folder=folder,
        generator=Generator.VOLLEY,
        volley=environments.service(project.ROOT / "go" / "volley"),
    )


def alternate(ready: Sequence[Environment], settings: Settings, depths: Sequence[int], loads: int) -> None:
    """Rate and own CPU time a request, in turns; who was the limit; Little's ratio of volley's loads."""
    print(f"{loads} loads of 1 s by each, in turns; ratios are volley / wrk with 95 % intervals")
    print("| server | depth | volley/s | wrk/s | rate | volley CPU µs | wrk CPU µs | CPU | server's CPU | "
          "bound by volley, wrk | Little's ratio |")  # fmt: skip
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    ratios: list[float] = []
    for made in ready:
        for depth in depths:
            by = {generator: list[Seen]() for generator in (Generator.VOLLEY, Generator.WRK)}
            with started(made, settings) as running:
                cell = Cell(made.adapter.name, None, depth, CONNECTIONS, 1)
                loaded(running, cell, settings)  # the first load warms up, and does not count
                for _ in range(loads):
                    for generator, seen in by.items():
                        seen.append(loaded(running, cell, replace(settings, generator=generator)))
            own, other = by[Generator.VOLLEY], by[Generator.WRK]
            found = [one.load.volley.little_ratio for one in own if one.load.volley is not None]
            ratios += (known := [ratio for ratio in found if ratio is not None])
            cells = [f"{geometric_mean(one.load.requests_per_second for one in seen):.0f}" for seen in (own, other)]
            cells.append(
                ratio_of([one.load.requests_per_second for one in own], [one.load.requests_per_second for one in other])
            )
            cells += [f"{geometric_mean(one.own_us for one in seen):.3f}" for seen in (own, other)]
            cells.append(ratio_of([one.own_us for one in own], [one.own_us for one in other]))
            cells.append(ratio_of([one.server_us for one in own], [one.server_us for one in other]))
            cells.append(", ".join(f"{sum(one.is_bound for one in seen)} of {loads}" for seen in (own, other)))
            cells.append(f"{min(known):.4f} to {max(known):.4f}")
            print(f"| {made.adapter.name} | {depth} | " + " | ".join(cells) + " |", flush=True)
    print(f"Little's ratio of all {len(ratios)} loads by volley: {min(ratios):.4f} to {max(ratios):.4f}")


def wire(ready: Sequence[Environment], settings: Settings) -> None:
    """Data segments and reads a batch at depth 16, and when its first response comes."""
    print("| server | segments a batch | reads a batch | first response, p50 µs | batch, p50 µs |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for made in ready:
        with started(made, settings) as running:
            load = loaded(running, Cell(made.adapter.name, None, 16, CONNECTIONS, 1), settings).load
        seen = load.volley
        if seen is None or seen.wire is None:
            raise SystemExit("volley saw no wire")
        print(
            f"| {made.adapter.name} | {seen.wire.data_segments_in / seen.wire.batches:.2f} | "
            f"{seen.reads / seen.batches.answered:.2f} | {seen.first.p50} | "
            f"{latency.percentile_us(load.histogram, 50)} |",
            flush=True,
        )


def paced(ready: Sequence[Environment], settings: Settings, share: float, loads: int) -> None:
    """Lag and latency at a share of what the server can do, at depth 1."""
    print("| server | requests/s | p50 µs | p99 µs | p99.9 µs | lag p50, p99, max µs | own delay p99 µs |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for made in ready:
        cell = Cell(made.adapter.name, None, 1, CONNECTIONS, 1)
        with started(made, settings) as running:
            loaded(running, cell, settings)
            capacity = loaded(running, cell, settings).load.requests_per_second
            for seed in range(1, loads + 1):
                load = loaded(running, cell, replace(settings, seed=seed), rate=share * capacity).load
                seen = load.volley
                if seen is None or seen.lag is None or seen.own_delay is None:
                    raise SystemExit("volley saw no lag")
                p50, p99, p99_9 = latency.percentiles_us(load.histogram, (50, 99, 99.9))
                print(
                    f"| {made.adapter.name} | {share * capacity:.0f} | {p50} | {p99} | {p99_9} | "
                    f"{seen.lag.p50}, {seen.lag.p99}, {seen.lag.max} | {seen.own_delay.p99} |",
                    flush=True,
                )


class Seen:
    """A load, and the CPU time a request of the generator and of the server, in microseconds."""

    def __init__(self, load: Load, server_ns: int | None) -> None:
        if load.cpu_ns is None or server_ns is None:
            raise SystemExit("CPU time was not measured")
        answered = load.requests if load.volley is None else load.volley.checked
        span_ns = load.duration_us * 1000
        self.load = load
        self.own_us = load.cpu_ns / 1000 / load.requests
        self.server_us = server_ns / 1000 / answered
        self.is_bound = load.cpu_ns / span_ns >= GENERATOR_BUSY
        self.is_busy = server_ns / span_ns >= SERVER_BUSY


@contextmanager
def started(made: Environment, settings: Settings) -> Iterator[Server]:
    """A server on the CPU that is its."""
    log = settings.folder / f"{made.adapter.name}.log"
    with server.running(made, log=log, cpus=settings.placement.server) as running:
        yield running


def loaded(running: Server, cell: Cell, settings: Settings, rate: float | None = None) -> Seen:
    """One load; the study ends where there was none."""
    mark = running.mark()
    load, failure = loading.load(running.address, cell, settings, settings.folder / "load", rate=rate)
    if load is None:
        raise SystemExit(f"{cell.id}: {failure}")
    return Seen(load, running.usage_since(mark).cpu_ns)


def ratio_of(own: Sequence[float], other: Sequence[float]) -> str:
    """The mean ratio of pairs, with its interval."""
    found = stats.mean_interval([one / two for one, two in zip(own, other, strict=True)], stopping=Stopping.FIXED)
    if found is None:
        return f"{fmean(one / two for one, two in zip(own, other, strict=True)):.3f}"
    return f"{found.mean:.3f} ({found.low:.3f} to {found.high:.3f})"


if __name__ == "__main__":
    main()
