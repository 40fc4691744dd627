"""``pipebench outdated``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from runner import project
from runner.cli import options, printing

if TYPE_CHECKING:
    from runner.record.adapter import Group


@click.command(
    "outdated",
    epilog=options.examples(
        "pipebench outdated",
        "pipebench outdated --group core --exit-code",
        "pipebench outdated tornado --update && git diff frameworks",
    ),
)
@click.argument("adapters", nargs=-1, metavar="[ADAPTER]...")
@click.option("--group", "groups", type=options.GROUPS, default=(), help="Adapters of these groups.  [core,field]")
@click.option("--update", is_flag=True, help="Move outdated pins and their cut-off in place, and try what changed.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 where a pin is outdated and not held.")
@click.option("--json", "as_json", is_flag=True, help="Print an object instead of a table.")
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
def command(
    adapters: tuple[str, ...], groups: tuple[Group, ...], update: bool, exit_code: bool, as_json: bool, quiet: bool
) -> None:
    """Say which pins of ADAPTERs, shell patterns allowed, are behind the newest releases; of all by default.

    Pins that an adapter holds are shown with the reason, and stay; so do Go modules, and the releases of 2017 are left
    out. --update commits nothing: read the diff. Exit code 1 where an updated adapter fails its quick check.
    """
    from runner.adapters.outdated import State
    from runner.report.tables import listing
    from runner.suite import inquiries, progress

    if update:
        project.require_checkout("pipebench outdated --update")
    with progress.reporter(quiet=quiet) as reporter:
        found = inquiries.find_outdated(adapters, project.ROOT, reporter, groups=groups, update=update)
    if as_json:
        printing.as_json(found)
    else:
        printing.through_rich(listing.pins_table(found.pins))
        for tried in found.tried:
            said = f"said {tried.failure}" if tried.failure else "passed"
            click.echo(f"{tried.adapter}: updated; its quick check {said}")
    behind = exit_code and not update and any(pin.state is State.OUTDATED for pin in found.pins)
    if behind or any(tried.failure for tried in found.tried):
        sys.exit(1)
