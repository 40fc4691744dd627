"""``pipebench duel``."""

from __future__ import annotations

import sys

import click

from runner import project
from runner.cli import options, printing


@click.command(
    "duel",
    epilog=options.examples(
        "pipebench duel aiohttp@3.9.5 aiohttp --with aiohttp==3.9.5",
        "pipebench duel starlette@main starlette@HEAD --with ../starlette@main --with ../starlette@HEAD",
        "pipebench duel uvicorn uvicorn@asyncio --loop asyncio --depth 16 --precision 0.5% --budget 10m",
    ),
)
@click.argument("servers", nargs=2, metavar="BASE NEW")
@options.varied
@options.on_python
@click.option("--depth", type=options.WholeNumber(1), default=1, help="Requests of a batch.  [1]")
@click.option("--connections", type=options.WholeNumber(1), default=50, help="Connections to keep open.  [50]")
@click.option("--precision", type=options.SHARE, default="1%", help="Half-width of both 95 % intervals to reach.  [1%]")
@click.option("--budget", "budget_s", type=options.DURATION, default="5m", help="Time for it, at most.  [5m]")
@click.option(
    "--fail-if-slower",
    "tolerated",
    type=options.SHARE,
    metavar="share",
    help="Exit code 1 where NEW is slower, or takes more CPU time, by this, as 2%, whatever the intervals leave open.",
)
@click.option(
    "--format", "format_", type=click.Choice(["text", "markdown", "json"]), default="text", help="How to print it."
)
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
def command(  # noqa: PLR0913 - an option each
    servers: tuple[str, str],
    *,
    variants: tuple[str, ...],
    python: str | None,
    depth: int,
    connections: int,
    precision: float,
    budget_s: float,
    tolerated: float | None,
    format_: str,
    quiet: bool,
) -> None:
    """Find a small difference between BASE and NEW, each ADAPTER or ADAPTER@VARIANT.

    Both are up at once on the same CPUs, and loaded in turns, 100 ms each; again on fresh starts, until the ratios of
    rates and of CPU time are known well enough. It tells the ratio, and
    nothing else: for levels, latency and ranks, run them.
    """
    from runner.report import duels as printed
    from runner.suite import progress
    from runner.suite.changes import duelling

    asked = duelling.Asked(depth, connections, precision, budget_s)
    with progress.reporter(quiet=quiet) as reporter:
        found = duelling.duel(servers, project.ROOT, reporter, variants=variants, python=python, asked=asked)
    if format_ == "json":
        printing.as_json(printed.as_json(found))
    else:
        click.echo(printed.markdown(found) if format_ == "markdown" else printed.text(found), nl=False)
    if tolerated is not None and found.slower_than(tolerated):
        sys.exit(1)
