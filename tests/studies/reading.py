"""Does a server's rate depend on how its client reads and writes? volley in several ways, each beside wrk.

Run as ``python -m tests.studies.reading [--servers fasthttp,tornado] [--depths 5,16] [--loads 6]``. One server is
started for each depth, and all generators load it in turns, a second each, on CPUs of their own. Ratios are over wrk's
load of the same turn: geometric means with 95 % intervals.
"""

from __future__ import annotations

import argparse
import shlex
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from runner import project
from runner.adapters import environments, metadata
from runner.hosts.loading import Settings
from runner.record.adapter import Environment, Service
from runner.record.plan import Cell, Generator
from runner.serving import process
from tests.studies.instruments import CONNECTIONS, Seen, by_volley, loaded, ratio_of, started

WAYS = {
    "as it is": (),
    "--write-late": ("--write-late",),
    "--read-size 8192": ("--read-size=8192",),
    "both": ("--write-late", "--read-size=8192"),
    "--no-stamps": ("--no-stamps",),
    "--spin": ("--spin",),
}


def main() -> None:
    """Print one line for each server, depth and way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default="fasthttp,tornado")
    parser.add_argument("--depths", default="5,16")
    parser.add_argument("--loads", type=int, default=6)
    given = parser.parse_args()
    chosen = metadata.select(metadata.discover(project.ROOT), given.servers.split(","))
    print("| server | depth | volley | rate / wrk's | server's CPU a request / wrk's |")
    print("| --- | ---: | --- | ---: | ---: |")
    with process.ending_all(), tempfile.TemporaryDirectory(prefix="reading-") as folder:
        settings = by_volley(Path(folder))
        for made in environments.prepare(chosen):
            if not isinstance(made, Environment):
                raise SystemExit(str(made))
            for depth in map(int, given.depths.split(",")):
                for line in compared(made, depth, settings, given.loads):
                    print(line, flush=True)


def compared(made: Environment, depth: int, settings: Settings, loads: int) -> Iterator[str]:
    """A line for each way of volley."""
    cell = Cell(made.adapter.name, None, depth, CONNECTIONS, 1)
    by_way = {way: replace(settings, volley=_with(settings, flags)) for way, flags in WAYS.items()}
    seen: dict[str, list[Seen]] = {way: [] for way in WAYS}
    yardsticks: list[Seen] = []
    with started(made, settings) as running:
        loaded(running, cell, settings)  # the first load warms up, and does not count
        for _ in range(loads):
            yardsticks.append(loaded(running, cell, replace(settings, generator=Generator.WRK)))
            for way, its in by_way.items():
                seen[way].append(loaded(running, cell, its))
    for way, own in seen.items():
        rate = ratio_of(
            [one.load.requests_per_second for one in own], [one.load.requests_per_second for one in yardsticks]
        )
        cost = ratio_of([one.server_us for one in own], [one.server_us for one in yardsticks])
        yield f"| {made.adapter.name} | {depth} | {way} | {rate} | {cost} |"


def _with(settings: Settings, flags: tuple[str, ...]) -> Service:
    """volley with more options, as a program."""
    if settings.volley is None:
        raise SystemExit("volley was not built")
    program = settings.folder / ("volley" + "".join(flags).replace("=", "-"))
    program.write_text(f'#!/bin/sh\nexec {shlex.join((*settings.volley.argv, *flags))} "$@"\n')
    program.chmod(0o755)
    return replace(settings.volley, argv=(str(program),))


if __name__ == "__main__":
    main()
