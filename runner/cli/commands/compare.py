"""``pipebench compare``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runner.cli import options, printing

if TYPE_CHECKING:
    pass


@click.command(
    "compare",
    epilog=options.examples(
        "pipebench compare 20261121T0612 latest",
        "pipebench compare results/published/2026-11-21-amd-epyc-2cpu-default latest --fail-if-slower 5%",
        "pipebench compare BASE NEW --format markdown > pull-request.md",
    ),
)
@click.argument("base")
@click.argument("new", default="latest")
@click.option(
    "--format", "format_", type=click.Choice(["text", "markdown", "json"]), default="text", help="How to print it."
)
@click.option(
    "--fail-if-slower",
    "tolerated",
    type=options.SHARE,
    metavar="share",
    help="Exit code 1 where a whole interval lies beyond it, as 5%, or a cell no longer works.",
)
@click.option("--across-machines", is_flag=True, help="Compare runs of different machines all the same.")
@options.skip_damaged
@options.records_in
def command(
    base: str,
    new: str,
    *,
    format_: str,
    tolerated: float | None,
    across_machines: bool,
    skip_damaged: bool,
    results: Path,
) -> None:
    """Say what changed between the runs BASE and NEW, and whether it is more than noise.

    Ratios are of new over base, less what the runs drifted apart where nothing was changed. Their 95 % intervals hold
    for all changed cells at once.
    """
    from runner.record import store
    from runner.report.tables import comparison as comparison_tables
    from runner.rows import comparison

    measured = [printing.read(store.find(results, name), skip_damaged=skip_damaged) for name in (base, new)]
    found = comparison.compare(measured[0], measured[1], across_machines=across_machines)
    if format_ == "json":
        printing.as_json(found)
    elif format_ == "markdown":
        click.echo(comparison_tables.markdown(found), nl=False)
    else:
        printing.through_rich(*comparison_tables.terminal(found))
    slower = found.slower_than(tolerated) if tolerated is not None else ()
    for cell in slower:
        click.echo(f"pipebench: {comparison_tables.verdict(cell, tolerated or 0)}", err=True)
    if slower:
        sys.exit(1)
