"""``pipebench timeline``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from runner import project
from runner.cli import options, printing
from runner.errors import PlanError

MAX_DELAY_US = 60_000_000
MAX_LANES = 1000
"""Requests in one picture, a line each."""


@click.command(
    "timeline",
    epilog=options.examples(
        "pipebench timeline tornado aiohttp --depth 5",
        "pipebench timeline tornado-upstream-async --connections 12 --svg waits.svg",
        "pipebench timeline --client sync --client async",
    ),
)
@click.argument("adapters", nargs=-1, metavar="[ADAPTER]...")
@click.option("--depth", type=options.WholeNumber(1, 1000), help="Requests in one batch on a connection.")
@click.option("--connections", type=options.WholeNumber(1, 1000), help="Connections that ask at the same moment.")
@click.option("--delay", "delay_us", type=options.DELAY, default="200ms", help="What each request takes.  [200ms]")
@click.option("--max-clients", type=options.WholeNumber(1), help="Limit of a waiting server's client.  [its own]")
@click.option(
    "--client",
    "clients",
    type=click.Choice(["sync", "async"]),
    multiple=True,
    help="Draw a fetch by one of tornado's two clients, and the statement behind it.",
)
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Write the picture to this file as well.")
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
def command(
    adapters: tuple[str, ...], clients: tuple[str, ...], svg: Path | None, quiet: bool, delay_us: int, **given: Any
) -> None:
    """Draw what becomes of each request of a batch or burst to ADAPTERs: sent, first byte, done.

    A batch of five on one connection, or five connections to a server that waits for another, unless told otherwise.
    All are drawn on one scale of time.
    """
    from runner.record.adapter import Client
    from runner.suite import inquiries, progress
    from runner.timeline import waterfall

    if bool(adapters) == bool(clients):
        raise PlanError("a timeline is of ADAPTERs, or of tornado's clients with --client: name one or the other")
    if clients and any(value is not None for value in given.values()):
        raise PlanError("a client fetches once: leave out --depth, --connections and --max-clients")
    if delay_us < 1000:
        raise PlanError("a delay below 1 ms cannot be drawn: give --delay as 200ms")
    if delay_us > MAX_DELAY_US:
        raise PlanError(f"a delay above {MAX_DELAY_US // 1_000_000} s is not waited for: give --delay as 200ms")
    if (asked := (given["depth"] or 1) * (given["connections"] or 1)) > MAX_LANES:
        raise PlanError(f"{asked} requests cannot be drawn: give at most {MAX_LANES} by --depth and --connections")
    with progress.reporter(quiet=quiet) as reporter:
        kinds = {"sync": Client.BLOCKING, "async": Client.ASYNC}
        found = [inquiries.trace_client(kinds[name], project.ROOT, reporter, delay_us=delay_us) for name in clients]
        found += [inquiries.trace(name, project.ROOT, reporter, delay_us=delay_us, **given) for name in adapters]
    if svg is not None:
        printing.write(waterfall.svg(found), svg)
    console = printing.console(100)
    for line in waterfall.terminal(found, console.width):
        console.print(line)
