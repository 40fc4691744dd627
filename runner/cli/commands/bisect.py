"""``pipebench bisect``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from runner import project
from runner.cli import options


@click.command(
    "bisect", epilog=options.examples("pipebench bisect aiohttp --repo ../aiohttp --good v3.13.2 --bad master")
)
@click.argument("adapter")
@click.option("--repo", required=True, type=click.Path(path_type=Path), help="A clone to look in.")
@click.option("--good", required=True, metavar="revision", help="One that took fewer instructions.")
@click.option("--bad", required=True, metavar="revision", help="A later one that takes more.")
@options.on_python
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
def command(adapter: str, *, repo: Path, good: str, bad: str, python: str | None, quiet: bool) -> None:
    """Find the commit of a clone that made a request of ADAPTER dearer, by counting instructions at depth 1.

    The clone is left as it is: each revision is checked out aside and built. Exit code 1 where several commits remain,
    because one between them could not be built or told.
    """
    from runner.record.count import Count
    from runner.suite import counts, progress
    from runner.suite.changes import bisecting

    history = bisecting.commits(repo, good, bad)
    with progress.reporter(quiet=quiet) as reporter:

        def count(commit: str, near: float) -> Count:
            revision, asked = [f"{repo}@{commit}"], counts.Asked((1,), near)
            (found,) = counts.count_named(
                [adapter], project.ROOT, reporter, variants=revision, python=python, asked=asked, changed=True
            )
            return found.count

        def said(step: bisecting.Step) -> None:
            figure = f"{step.instructions:,.0f} instructions a request" if step.instructions else step.reason
            reporter.say(f"{step.commit[:12]}: {step.side}: {figure}")

        found = bisecting.search(history, count, said)
    if len(found.suspects) == 1:
        click.echo(f"{found.suspects[0]} is the first that takes more ({len(found.steps)} revisions counted)")
        return
    click.echo(f"cannot tell between {len(found.suspects)} commits: {', '.join(one[:12] for one in found.suspects)}")
    sys.exit(1)
