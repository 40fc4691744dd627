"""``pipebench selftest``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from runner.cli import options

if TYPE_CHECKING:
    pass


@click.command(
    "selftest",
    epilog=options.examples(
        "pipebench selftest --instrument",
        "pipebench selftest --sessions 5",
        "pipebench selftest --sessions 100 --publish",
    ),
)
@click.option(
    "--sessions", type=options.WholeNumber(1), default=100, help="Small runs to measure, about 17 s each.  [100]"
)
@click.option("--trials", type=options.WholeNumber(3), default=4, help="Trials of each server in a session.  [4]")
@options.records_to
@click.option("--publish", is_flag=True, help="Write the outcome to published/selftest in the folder for records.")
@click.option(
    "--instrument",
    is_flag=True,
    help="Hold our load generator against known answers instead, three minutes; exit code 1 where one does not agree.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.pass_context
def command(
    ctx: click.Context, *, sessions: int, trials: int, results: Path, publish: bool, instrument: bool, as_json: bool
) -> int:
    """Measure the suite by itself: does it find planted differences, and none between equals?

    Sessions that were measured before with the same folder are not repeated.
    """
    if instrument:
        if others := options.given(ctx, "instrument", "as_json"):
            raise click.UsageError(f"{', '.join(others)} is not for --instrument: leave it out")
        return _instrument(as_json=as_json)
    from runner.record.jsontext import readable
    from runner.report.tables import trust
    from runner.suite import progress, selftest

    folder = results.absolute() / "selftest"
    with progress.reporter(quiet=as_json) as reporter:
        selftest.measure(sessions, trials, folder, reporter)
    outcome = selftest.evaluate(folder)
    encoded = readable(outcome)
    click.echo(encoded if as_json else trust.markdown(outcome), nl=False)
    if publish:
        kept = results.absolute() / "published" / "selftest"
        kept.mkdir(parents=True, exist_ok=True)
        (kept / "outcome.json").write_text(encoded, encoding="utf-8")
        (kept / "README.md").write_text(trust.markdown(outcome), encoding="utf-8")
    return 0


def _instrument(*, as_json: bool) -> int:
    """The known answers, and whether all came out."""
    from runner.record.jsontext import readable
    from runner.report.tables import trust
    from runner.suite import known_answers, progress

    with progress.reporter(quiet=as_json) as reporter:
        found = known_answers.ask(reporter)
    if as_json:
        click.echo(readable([trust.as_data(one) for one in found]), nl=False)
    else:
        click.echo(trust.answers(found), nl=False)
    return 0 if all(one.agrees for one in found) else 1
