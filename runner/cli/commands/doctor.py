"""``pipebench doctor``."""

from __future__ import annotations

import sys

import click

from runner.cli import options, printing


@click.command("doctor", epilog=options.examples("pipebench doctor", "pipebench doctor --json"))
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects instead of lines.")
def command(as_json: bool) -> None:
    """Say whether this machine is fit to measure on: each problem with its effect and its remedy.

    Exit code 1 where something keeps the suite from measuring.
    """
    from runner.adapters import builds, interpreters
    from runner.machine import doctor
    from runner.record.run import Level
    from runner.report.tables import listing

    built = [(one, told) for one in interpreters.find() if (told := one.build or builds.read(one.path)) is not None]
    findings = (
        *doctor.examine(doctor.read()),
        *doctor.interpreters((one.name, told) for one, told in built),
        *doctor.preferred((one.name, told, one.passed_over) for one, told in built),
    )
    if as_json:
        printing.as_json(findings)
    else:
        printing.through_rich(listing.findings_table(findings))
    if any(finding.level is Level.PROBLEM for finding in findings):
        sys.exit(1)
