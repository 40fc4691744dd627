"""``pipebench check``."""

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
    "check",
    epilog=options.examples(
        "pipebench check",
        "pipebench check tornado --verbose",
        "pipebench check aiohttp --case two-gets,byte-at-a-time",
        "pipebench check japronto --ladder",
        "pipebench check tornado --against released.json",
        "pipebench check tornado@main --with ../tornado@main --format json > main.json",
        "pipebench check tornado@HEAD --with ../tornado@HEAD --against main.json",
    ),
)
@click.argument("adapters", nargs=-1, metavar="[ADAPTER[@VARIANT]]...")
@options.of_groups
@options.varied
@options.on_python
@click.option("--case", "cases", type=options.NAMES, default=(), help="Only these cases, by name or number.  [all]")
@click.option("--strict", is_flag=True, help="Exit code 1 where any case failed.")
@click.option("--ladder", is_flag=True, help="Also search the largest depth and number of connections that work.")
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    help="Say what changed since FILE, a record of check --format json or its .gz; exit code 1 where it is worse.",
    metavar="FILE",
)
@click.option("--verbose", is_flag=True, help="Show the bytes of each case that is not a pass.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    help="How to print the matrix.",
)
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
def command(  # noqa: PLR0913 - an option each
    adapters: tuple[str, ...],
    *,
    groups: tuple[Group, ...],
    variants: tuple[str, ...],
    python: str | None,
    cases: tuple[str, ...],
    strict: bool,
    ladder: bool,
    against: Path | None,
    verbose: bool,
    format_: str,
    quiet: bool,
) -> None:
    """Run the pipelining conformance cases against ADAPTERs, shell patterns allowed; all of them by default.

    Exit code 1 where pipelining does not work, or a case that was asked for by name failed. What servers do with
    malformed requests is theirs: it is shown, and fails with --strict.

    A framework that is named alone is shown beside the server that it runs on: which fails are whose.

    With --against only what changed is shown, and only a change for the worse is a failure.
    """
    from runner.conformance import differences, record
    from runner.conformance.case import Outcome
    from runner.report.tables import conformance
    from runner.report.tables import differences as rendered
    from runner.suite import inquiries, progress

    before = None if against is None else record.read(against)
    alone = format_ == "text" and before is None and not variants and not ladder
    server = inquiries.server_of(adapters, project.ROOT, groups) if alone else None
    with progress.reporter(quiet=quiet) as reporter:
        examined = inquiries.examine(
            adapters,
            project.ROOT,
            reporter,
            groups=groups,
            variants=variants,
            cases=cases,
            ladder=ladder,
            beside=server,
            python=python,
        )
    found = tuple(one for one in examined if one.adapter != server)
    beside = tuple(one for one in examined if one.adapter == server)
    if before is not None:
        compared = differences.compare(before, found)
        if format_ == "json":
            printing.as_json({"compared": rendered.as_json(compared)})
        else:
            click.echo(rendered.text(compared))
        sys.exit(any(one.regressed for one in compared))
    if format_ == "json":
        printing.as_json(record.as_json(*found))
    elif format_ == "markdown":
        click.echo(conformance.markdown(found))
    else:
        tried = any(each.results for each in found)
        printing.through_rich(
            *([conformance.matrix(found)] if tried else []),
            *(conformance.remarks(each) for each in found if len(found) > 1 or each.problem),
            *(conformance.beside(each, its) for each in found for its in beside if not each.problem),
        )
        printing.through_rich(*(conformance.ladder(each.ladder) for each in found if each.ladder is not None))
    if verbose and format_ == "text":
        for each in found:
            for result in each.results:
                if result.outcome in {Outcome.NOTE, Outcome.FAIL}:
                    click.echo(f"\n{each.title}\n{conformance.transcript(result)}")
    if any(each.fails(strict=strict) for each in found):
        sys.exit(1)
