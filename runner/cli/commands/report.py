"""``pipebench report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from runner.cli import extras, options, printing

if TYPE_CHECKING:
    pass


@click.command(
    "report",
    epilog=options.examples(
        "pipebench report latest",
        "pipebench report 20261121 --format csv > table.csv",
        "pipebench report latest --only 'aiohttp,sanic*' --columns server,requests/s,±,p99",
        "pipebench report latest --only aiohttp,uvicorn --format comment",
        "pipebench report latest --format html --output results/page.html",
    ),
)
@click.argument("run", default="latest")
@click.option(
    "--format",
    "format_",
    type=click.Choice(
        [
            "text",
            "markdown",
            "comment",
            "blog",
            "findings",
            "brief",
            "csv",
            "json",
            "html",
            "seed",
            "seed-2017",
            "witness",
            "upstream",
            "explain",
        ]
    ),
    metavar="format",
    default="text",
    help="How to print the rows: text, markdown, csv or json; "
    "comment: Markdown of seven columns; blog: Markdown with releases and the machine; "
    "findings: who leads, who gains, who fails, in words; "
    "brief: one line a server; html: one page with charts and all else that the record "
    "holds; seed: the five columns that the seed published; seed-2017: what it published, its releases and today's; "
    "witness: wrk beside h2load; upstream: servers that wait, with what was published and their model; "
    "explain: why servers that were explained cost what they cost, as Markdown.",
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write.  [stdout]")
@click.option("--only", type=options.NAMES, default=(), help="Rows of these adapters alone; patterns.  [all]")
@click.option(
    "--columns", type=options.NAMES, default=(), help="Columns of text and markdown, by their headings.  [all]"
)
@options.skip_damaged
@options.records_in
def command(  # noqa: PLR0917 - its options
    run: str,
    format_: str,
    output: Path | None,
    only: tuple[str, ...],
    columns: tuple[str, ...],
    skip_damaged: bool,
    results: Path,
) -> None:
    """Print the tables of RUN again, from its record: an id, the beginning of one, a folder, or latest."""
    from runner.record import store

    if columns and format_ not in {"text", "markdown"}:
        raise click.UsageError(f"--columns is for --format text and markdown, not {format_}: leave it out")
    path = store.find(results, run)
    extras.bring("charts" if format_ in {"html", "findings"} else None)
    printing.report(path, format_, output, only=only, columns=columns, skip_damaged=skip_damaged)
