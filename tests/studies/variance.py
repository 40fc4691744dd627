"""Where the spread of the rate comes from: between starts of a server, or between loads on one start.

Run as ``python -m tests.studies.variance [--starts 7] [--loads 6] [ADAPTER…]`` on a quiet machine. The figures that
chose the length of a trial are in docs/statistics.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import geometric_mean, median

from runner import project
from runner.adapters import environments, metadata
from runner.judging import stats
from runner.load import wrk
from runner.machine import facts
from runner.record.adapter import Environment
from runner.record.plan import Cell
from runner.record.trial import Address
from runner.serving import process, server


def main() -> None:
    """Measure and print one line an adapter."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=7)
    parser.add_argument("--loads", type=int, default=6)
    parser.add_argument("--depth", type=int, default=5)
    parser.add_argument("adapters", nargs="*")
    given = parser.parse_args()
    print("| server | starts x loads | within a start | between starts | first load over the later ones | start |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    chosen = metadata.select(metadata.discover(project.ROOT), given.adapters)
    with process.ending_all(), tempfile.TemporaryDirectory() as scratch:
        for made in environments.prepare(chosen):
            if isinstance(made, Environment):
                print(_line(made, given, Path(scratch)), flush=True)


def _line(made: Environment, given: argparse.Namespace, folder: Path) -> str:
    cell = Cell(made.adapter.name, made.python, given.depth, connections=50, workers=1)
    placement = facts.place(1, 1)
    groups, started = [], []
    for _ in range(given.starts):
        began = time.monotonic()
        with server.running(made, log=folder / "server.log", cpus=placement.server) as running:
            started.append(time.monotonic() - began)
            loads = range(given.loads)
            groups.append([_rate(cell, running.address, folder, placement.generator) for _ in loads])
    parts = stats.variance_components(groups)
    first = geometric_mean([group[0] / geometric_mean(group[1:]) for group in groups])
    if parts is None:
        return f"| {made.adapter.title} | too few |"
    return (
        f"| {made.adapter.title} | {given.starts} x {given.loads} | {parts.within:.1%} | {parts.between:.1%} "
        f"| {first - 1:+.1%} | {median(started):.2f} s |"
    )


def _rate(cell: Cell, address: Address, folder: Path, cpus: tuple[int, ...]) -> float:
    record = folder / "record"
    argv = wrk.argv(cell, address, threads=1, duration_s=1, timeout_s=60, record=record)
    process.run(argv, timeout_s=30, log=folder / "wrk.log", cpus=cpus)
    load = wrk.parse(record.read_text(), argv=argv, threads=1, connections=cell.connections)
    return load.requests / (load.duration_us / 1e6)


if __name__ == "__main__":
    main()
