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
    "list", epilog=options.examples("pipebench list", "pipebench list --json", "pipebench list --build --group core")
)
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects instead of a table.")
@click.option("--only", type=options.NAMES, default=(), help="Adapters by name, shell patterns allowed.  [all]")
@options.of_groups
@click.option("--build", is_flag=True, help="Build what is not there yet, and see whether it can be built.")
def command(as_json: bool, only: Sequence[str], groups: Sequence[Group], build: bool) -> None:
    """List the adapters: what they are, whether they are built, and what each needs that this machine lacks."""
    from runner.report.tables import listing
    from runner.suite import inquiries, progress

    with progress.reporter(quiet=False) as reporter:
        entries = listing.entries(inquiries.inventory(only, project.ROOT, reporter, groups=groups, build=build))
    if as_json:
        printing.as_json(entries)
    else:
        printing.through_rich(listing.table(entries))
