"""``pipebench explain``."""

from __future__ import annotations

from pathlib import Path

import click

from runner.cli import options, printing


@click.command(
    "explain",
    epilog=options.examples(
        "pipebench explain aiohttp uvicorn",
        "pipebench explain --run latest",
        "pipebench explain tornado --run 20261126 --depth 1,64 --count",
        "pipebench report latest --format explain",
    ),
)
@click.argument("adapters", nargs=-1, metavar="[ADAPTER]...")
@options.varied
@click.option("--run", metavar="RUN", help="Explain servers of this finished run, in place of a new one.")
@click.option("--depth", "depths", type=options.NUMBERS, default="1,16", help="Requests of a batch.  [1,16]")
@click.option(
    "--count", is_flag=True, help="Count instructions by function as well, under valgrind: a minute a server."
)
@click.option(
    "--format", "format_", type=click.Choice(["text", "markdown", "json"]), default="text", help="How to print it."
)
@options.records_to
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
def command(  # noqa: PLR0917 - its options
    adapters: tuple[str, ...],
    variants: tuple[str, ...],
    run: str | None,
    depths: tuple[int, ...],
    count: bool,
    format_: str,
    results: Path,
    quiet: bool,
) -> None:
    """Say why ADAPTERs cost what they cost, and what pipelining does to it.

    First a run of four depths, or that of --run; then, with nothing timed, the system calls of a batch by strace, and
    samples of the stack under load by py-spy or perf. What is seen is kept with the run: report and publish show it.
    """
    from runner.record import store
    from runner.suite import progress
    from runner.suite.beside import explanations
    from runner.suite.runs import Places

    if run is None and not adapters:
        raise click.UsageError("name ADAPTERs to measure and explain, or a finished run with --run")
    if run is not None and variants:
        raise click.UsageError("the servers of a run have the variants that it was measured with: leave out --with")
    places = Places(results=results)
    with progress.reporter(quiet=quiet) as reporter:
        explanations.require(depths)
        path = store.find(results, run) if run else explanations.measured(adapters, places, reporter, variants)
        explanations.explain(path, adapters if run else (), places, reporter, depths=depths, count=count)
    printing.explained(path, format_, only=adapters if run else ())
