"""``pipebench report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from runner.cli import options, printing

if TYPE_CHECKING:
    pass


@click.command(
    "report",
    epilog=options.examples(
        "pipebench report latest",
        "pipebench report 20261121 --format csv > table.csv",
        "pipebench report latest --format html --output report.html",
    ),
)
@click.argument("run", default="latest")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "markdown", "brief", "csv", "json", "html", "seed", "seed-2017", "witness", "upstream"]),
    default="text",
    help="How to print the rows; brief: one line a server; html: one page with charts and all else that the record "
    "holds; seed: the five columns that the seed published; seed-2017: what it published, its releases and today's; "
    "witness: wrk beside h2load; upstream: servers that wait, with what was published and their model.",
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write.  [stdout]")
@options.skip_damaged
@options.records_in
def command(run: str, format_: str, output: Path | None, skip_damaged: bool, results: Path) -> None:
    """Print the tables of RUN again, from its record: an id, the beginning of one, a folder, or latest."""
    from runner.record import store

    printing.report(store.find(results, run), format_, output, skip_damaged=skip_damaged)
