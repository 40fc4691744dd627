"""``pipebench count``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runner import project
from runner.cli import options, printing

if TYPE_CHECKING:
    from runner.record.adapter import Group


@click.command(
    "count",
    epilog=options.examples(
        "pipebench count aiohttp",
        "pipebench count aiohttp --with ../aiohttp --where",
        "pipebench count aiohttp@main aiohttp@HEAD --with ../aiohttp@main --with ../aiohttp@HEAD",
        "pipebench count aiohttp --releases aiohttp:8",
        "pipebench count --group core,field --into counts.json   # begun again, it goes on",
    ),
)
@click.argument("adapters", nargs=-1, metavar="[ADAPTER[@VARIANT]]...")
@click.option(
    "--group", "groups", type=options.GROUPS, default=(), help="All adapters of these groups: core, field, 2017."
)
@options.varied
@options.on_python
@click.option("--depth", "depths", type=options.NUMBERS, default="1,16", help="Requests of a batch.  [1,16]")
@click.option("--where", is_flag=True, help="Of two servers, show the functions and lines that differ.")
@click.option(
    "--fail-if-more",
    "tolerated",
    type=options.SHARE,
    metavar="share",
    help="Exit code 1 where one has more instructions than the first by this, as 0.5%, or is not counted.",
)
@click.option(
    "--format", "format_", type=click.Choice(["text", "markdown", "json"]), default="text", help="How to print it."
)
@click.option(
    "--into",
    "kept",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep each count in FILE once it is there, as --format json; what FILE has is not counted again.",
)
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
def command(  # noqa: PLR0913 - an option each
    adapters: tuple[str, ...],
    *,
    groups: tuple[Group, ...],
    variants: tuple[str, ...],
    python: str | None,
    depths: tuple[int, ...],
    where: bool,
    tolerated: float | None,
    format_: str,
    kept: Path | None,
    quiet: bool,
) -> None:
    """Count the instructions a request of ADAPTERs takes in user space, by valgrind's cachegrind.

    The first is the base of the others.

    Two loads of fixed numbers of requests, and their difference: the same on a busy machine and on a hosted runner. It
    does not see the kernel, caches, nor a wait. About a minute a server.
    """
    from runner.counting import comparing
    from runner.report import counts as tables
    from runner.suite import counts, progress

    if not adapters and not groups:
        raise click.UsageError("name ADAPTERs to count, as aiohttp, or all of a group, as --group core")
    with progress.reporter(quiet=quiet) as reporter:
        names = counts.of_groups(adapters, groups, project.ROOT) if groups else adapters
        asked = counts.Asked(depths, where=where)
        found = counts.count_named(
            names, project.ROOT, reporter, variants=variants, python=python, asked=asked, kept=kept
        )
        if where and len(found) != 2:
            raise click.UsageError(f"--where is of two servers, not {len(found)}: name ADAPTER@VARIANT twice")
    made = [one.count for one in found]
    if format_ == "json":
        printing.as_json(made)
    elif format_ == "markdown":
        click.echo(tables.markdown(made), nl=False)
    else:
        printing.through_rich(*tables.terminal(made), *(tables.places(found[0], found[1]) if where else ()))
    failed = [] if tolerated is None else [one for one in made[1:] if comparing.exceeds(made[0], one, tolerated)]
    for one in failed:
        click.echo(f"pipebench: {tables.verdict(made[0], one, tolerated or 0)}", err=True)
    if failed:
        sys.exit(1)
