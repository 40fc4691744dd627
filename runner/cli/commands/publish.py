"""``pipebench publish``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from runner import project
from runner.cli import extras, options


@click.command(
    "publish",
    epilog=options.examples(
        "pipebench publish latest",
        "pipebench publish checks.json   # of pipebench check --format json",
        "pipebench publish one.json two.json   # such records of other adapters, as one matrix",
        "pipebench publish counts.json   # of pipebench count --format json",
        "pipebench publish --check      # every published figure against its record",
        "pipebench publish --refresh    # after a change to tables or charts",
    ),
)
@click.argument("runs", nargs=-1, metavar="[RUN | FILE...]")
@click.option("--check", is_flag=True, help="Compute all that is published again; exit code 1 where it differs.")
@click.option("--refresh", is_flag=True, help="Write all that is published anew from its records.")
@click.option("--unfinished", is_flag=True, help="Publish a run that is not complete all the same.")
@click.option("--uncommitted", is_flag=True, help="Publish what was measured with uncommitted changes all the same.")
@click.option(
    "--readme",
    is_flag=True,
    help="Let tables of README.md and docs be of RUN though it is partial, of another machine, or hardly measured.",
)
@options.records_in
def command(  # noqa: PLR0917 - its options
    runs: tuple[str, ...],
    check: bool,
    refresh: bool,
    unfinished: bool,
    uncommitted: bool,
    readme: bool,
    results: Path,
) -> None:
    """Keep RUN in results/published: its record, page, tables and charts, and the tables of README.md.

    A run that is partial, of another machine than a table's, hardly measured or mostly disturbed takes the place of
    no table: what it would have replaced is named, and --readme replaces it.

    FILEs are what pipebench check --format json printed, each of other adapters, and the conformance matrix is kept; or
    what pipebench count --format json printed, and the page of instructions is.
    With --check or --refresh, go through all that is published instead.
    """
    from runner.publishing import publication
    from runner.record import store
    from runner.record.plaintext import counted

    if bool(runs) + check + refresh != 1:
        raise click.UsageError("give a RUN to publish, or --check, or --refresh")
    files = [Path(run) for run in runs if Path(run).is_file()]
    if len(runs) > 1 and len(files) < len(runs):
        wrong = next(run for run in runs if not Path(run).is_file())
        raise click.UsageError(f"{wrong} is not a file: several are published at once only of check or count")
    project.require_checkout("pipebench publish")
    extras.bring("charts")
    if check:
        found = publication.check(project.ROOT)
        for discrepancy in found:
            click.echo(str(discrepancy))
        if found:
            sys.exit(1)
        click.echo("every published figure is what its record gives")
        return
    if files:
        changed = publication.publish_printed(files, project.ROOT)
    elif runs:
        path = store.find(results, runs[0])
        published = publication.publish(
            path, project.ROOT, unfinished=unfinished, uncommitted=uncommitted, readme=readme
        )
        changed = published.changed
        click.echo(f"published {published.folder.relative_to(project.ROOT)}")
        for kept in published.kept:
            click.echo(
                f"left as it is: {kept.document.relative_to(project.ROOT)}, {counted(kept.blocks, 'block')} "
                f"of {Path(kept.run).name}: {'; '.join(kept.reasons)}"
            )
        if published.kept:
            click.echo("pipebench publish --readme replaces these all the same")
    else:
        changed = publication.refresh(project.ROOT)
    for path in dict.fromkeys(changed):
        click.echo(f"{'wrote' if path.exists() else 'removed'} {path.relative_to(project.ROOT)}")
