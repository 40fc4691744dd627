"""``pipebench compare``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from runner.cli import options, printing


@click.command(
    "compare",
    epilog=options.examples(
        "pipebench compare 20261121T0612 latest",
        "pipebench compare results/published/2026-11-26-amd-epyc-2cpu-default latest --fail-if-slower 5%",
        "pipebench compare latest --a aiohttp --b aiohttp@3.9.5   # what differs less: pipebench duel",
        "pipebench compare BASE NEW --format markdown > pull-request.md",
    ),
)
@click.argument("base", metavar="BASE")
@click.argument("new", default=None, required=False, metavar="[NEW]")
@click.option("--a", metavar="SERVER", help="Compare two servers of BASE: the one that is the base, as aiohttp.")
@click.option("--b", metavar="SERVER", help="The other, as aiohttp@3.9.5, a variant, or aiohttp@py3.14.")
@click.option(
    "--format", "format_", type=click.Choice(["text", "markdown", "json"]), default="text", help="How to print it."
)
@click.option(
    "--fail-if-slower",
    "tolerated",
    type=options.TOLERANCE,
    help="Exit code 1 where a whole interval lies beyond it, as 5%, or 5%,p99=20% for paced loads too, or a cell no "
    "longer works.",
)
@click.option(
    "--fail-if-inconclusive",
    is_flag=True,
    help="Exit code 1 where nothing was found, nor would a slowdown have been: of --fail-if-slower, else of 5 %.",
)
@click.option("--across-machines", is_flag=True, help="Compare runs of different machines all the same.")
@options.skip_damaged
@options.records_in
def command(  # noqa: PLR0913 - an option each
    base: str,
    *,
    new: str | None,
    a: str | None,
    b: str | None,
    format_: str,
    tolerated: tuple[float | None, float | None] | None,
    fail_if_inconclusive: bool,
    across_machines: bool,
    skip_damaged: bool,
    results: Path,
) -> None:
    """Say what changed between the runs BASE and NEW, or two servers of BASE, and whether it is more than noise.

    Ratios are of new over base, less what two runs drifted apart where nothing was changed. Their 95 % intervals hold
    for all changed cells at once. Two servers of one run show the least: their trials were measured in turn.
    """
    from runner.record import store
    from runner.report.tables import comparison as comparison_tables
    from runner.rows.comparing import comparison, within
    from runner.rows.comparing.power import SOUGHT

    if (a is None) is not (b is None) or (a is not None and new is not None):
        raise click.UsageError("two runs, or one run with --a and --b: give one or the other")
    measured = printing.read(store.find(results, base), skip_damaged=skip_damaged)
    if a is not None and b is not None:
        found = within.compare(measured, a, b)
    else:
        other = printing.read(store.find(results, new or "latest"), skip_damaged=skip_damaged)
        found = comparison.compare(measured, other, across_machines=across_machines)
    if format_ == "json":
        printing.as_json(found)
    elif format_ == "markdown":
        click.echo(comparison_tables.markdown(found), nl=False)
    else:
        printing.through_rich(*comparison_tables.terminal(found))
    allowed = comparison.Tolerance(*(tolerated or ()))
    slower = found.slower_than(allowed) if tolerated is not None else ()
    for cell in slower:
        click.echo(f"pipebench: {comparison_tables.verdict(cell, allowed)}", err=True)
    sought = SOUGHT if allowed.rate is None else allowed.rate
    unclear = found.inconclusive(sought) if fail_if_inconclusive else ()
    for cell in unclear:
        click.echo(f"pipebench: {comparison_tables.inconclusive(cell, sought)}", err=True)
    if slower or unclear:
        sys.exit(1)
