"""``pipebench list``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from runner import project
from runner.cli import options, printing

if TYPE_CHECKING:
    from runner.record.adapter import Group


@click.command(
    "list",
    epilog=options.examples(
        "pipebench list",
        "pipebench list --json",
        "pipebench list --build --group core",
        "pipebench list --tuning --only granian",
    ),
)
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects instead of a table.")
@click.option("--only", type=options.NAMES, default=(), help="Adapters by name, shell patterns allowed.  [all]")
@click.option("--tuning", is_flag=True, help="What each server's documentation recommends, and what of it was taken.")
@options.of_groups
@click.option("--build", is_flag=True, help="Build what is not there yet, and see whether it can be built.")
def command(as_json: bool, only: Sequence[str], tuning: bool, groups: Sequence[Group], build: bool) -> None:
    """List the adapters: what they are, whether they are built, and what each needs that this machine lacks."""
    from runner.adapters import metadata
    from runner.report.tables import listing
    from runner.suite import inquiries, progress

    if tuning:
        advised = listing.advised(metadata.select(metadata.discover(project.ROOT), only, groups))
        printing.as_json(advised) if as_json else printing.through_rich(listing.tuning_table(advised))
        return
    with progress.reporter(quiet=False) as reporter:
        entries = listing.entries(inquiries.inventory(only, project.ROOT, reporter, groups=groups, build=build))
    if as_json:
        printing.as_json(entries)
    else:
        printing.through_rich(*listing.table(entries))
