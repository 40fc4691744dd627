"""``pipebench run``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runner.cli import extras, options, printing
from runner.suite import plans

if TYPE_CHECKING:
    from runner.record.plan import Plan


_OF_RESUMING = ("resume", "results", "port", "as_json", "quiet", "cluster", "pairs", "budget_s")
"""What can be said anew of a run that is resumed."""
_PROFILES = "; ".join(f"{name}: {text}" for name, text in plans.PROFILE_HELP.items())


@click.command(
    "run",
    epilog=options.examples(
        "pipebench run --profile quick --only aiohttp",
        "pipebench run --depth 1,5,16 --connections 50 --budget 10m",
        "pipebench run --profile seed            # the seed's command and its five columns",
        "pipebench run --group core,field --budget 1h",
        "pipebench run --headers bare,browser    # what parsing a browser's header costs",
        "pipebench run --profile upstream-ab     # servers that wait for another: what blocking costs",
        "pipebench run --only 'aiohttp,uvicorn' --load 50%,75%,90% --limit p99=10ms",
        "pipebench run --cluster auto --pairs 2  # server and load on machines of their own",
        "pipebench run --resume latest",
    ),
)
@click.option(
    "--profile",
    type=click.Choice(list(plans.PROFILES)),
    metavar="profile",
    default="default",
    help=f"What to measure. {_PROFILES}.",
)
@click.option(
    "--only", type=options.NAMES, help="Adapters by name, shell patterns allowed, comma separated, of any group."
)
@click.option(
    "--group", "groups", type=options.GROUPS, help="Adapters of these groups: core, field, 2017.  [the profile's]"
)
@click.option("--depth", "depths", type=options.NUMBERS, help="Requests that a connection writes before it reads.")
@click.option("--connections", type=options.NUMBERS, help="Connections that the load generator keeps open.")
@click.option("--workers", type=options.NUMBERS, help="Processes (or Go's CPUs) of a server.")
@click.option(
    "--python",
    "pythons",
    type=options.NAMES,
    help="Interpreters to run adapters on, as 3.13,3.14t,pypy3.11.  [newest CPython]",
)
@options.varied
@click.option("--count", is_flag=True, default=None, help="Count instructions as well, under valgrind.")
@click.option("--server-cpus", type=options.WholeNumber(1), help="CPUs of a server.  [one a worker]")
@click.option("--headers", type=options.HEADERS, help="Header fields of a request: bare (Host alone), browser.  [bare]")
@click.option("--threads", type=options.WholeNumber(), help="Threads of the load generator.")
@click.option("--duration", "duration_s", type=options.DURATION, help="Length of one load, in whole seconds.")
@click.option(
    "--warm-up", "warm_up_s", type=options.DURATION, help="Load before the one that counts, in whole seconds."
)
@click.option(
    "--settle",
    "settle_s",
    type=options.DURATION,
    help="Warm-up, at most, of a server whose runtime compiles, until its rate settles.  [8s]",
)
@click.option(
    "--trials",
    type=options.WholeNumber(),
    help="A fixed number of trials of each cell, instead of precision and budget; up to three that other work "
    "disturbed are repeated.",
)
@click.option("--precision", type=options.SHARE, help="Half-width of the 95 % interval at which a cell is done, as 3%.")
@click.option("--tail-precision", type=options.SHARE, help="The same for the p99 of a paced load.  [10%]")
@click.option("--budget", "budget_s", type=options.DURATION, help="Time for the whole measurement, as 6m.")
@click.option("--seed", type=options.WholeNumber(), help="Seed of the order of trials.")
@click.option("--baseline", help="Adapter that the others are compared with.  [the profile's]")
@click.option(
    "--load",
    "shares",
    type=options.LOADS,
    help="Paced loads beside the closed one: shares of each cell's capacity, as closed,50%,75%,90%.",
)
@click.option("--rate", "rates", type=options.RATES, help="Paced loads in requests/s, the same for all servers.")
@click.option(
    "--limit",
    "limits",
    type=options.LATENCY_LIMITS,
    help="Search the highest rate that a server holds with this percentile within this time, as p99=10ms.",
)
@click.option(
    "--burst", type=options.WholeNumber(1), help="Requests of an arrival of a paced load.  [as many as depth]"
)
@click.option(
    "--generator",
    type=click.Choice(["volley", "wrk"]),
    callback=options.generator,
    help="What loads in a closed loop; paced loads are volley's.  [the profile's]",
)
@click.option("--witness", is_flag=True, default=None, help="Load each cell once more with another generator.")
@click.option(
    "--witness-by",
    type=click.Choice(["volley", "wrk", "h2load"]),
    callback=options.generator,
    help="Which.  [wrk where volley loads, else volley]",
)
@click.option("--check/--no-check", default=None, help="Run the core conformance cases and verify responses.  [check]")
@click.option("--strict", is_flag=True, default=None, help="Do not load servers whose pipelining is broken.")
@click.option("--delay", "delay_us", type=options.DELAY, help="What the upstream of servers that wait takes, as 500ms.")
@click.option(
    "--max-clients", type=options.LIMITS, help="Requests that a waiting server's client may have under way at once."
)
@click.option("--port", type=options.WholeNumber(1, 65535), help="Port for the servers.  [a free one]")
@click.option(
    "--cluster",
    metavar="auto|ADDRESS",
    help="Measure on pairs of machines of this Ray cluster, which this machine is a node of: docs/cluster.md.",
)
@click.option("--pairs", type=options.WholeNumber(1), help="So many pairs at most, with --cluster.  [all there are]")
@click.option(
    "--generators", type=options.WholeNumber(1), help="Machines that load one server together, with --cluster.  [1]"
)
@options.records_to
@click.option(
    "--resume",
    metavar="RUN",
    help="Complete a run that ended early, with the options that it began with; a longer --budget may be given.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON instead of tables.")
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
def command(  # noqa: PLR0913, PLR0917 - as many as there are options
    profile: str,
    port: int | None,
    results: Path,
    resume: str | None,
    as_json: bool,
    quiet: bool,
    cluster: str | None,
    pairs: int | None,
    generators: int | None,
    **given: Any,
) -> None:
    """Run the matrix: build, check, load, record, and print the table."""
    from runner.record import store
    from runner.record.run import Cluster
    from runner.report import sequel
    from runner.suite import progress, runs

    if cluster is None and (pairs or generators):
        raise click.UsageError("--pairs and --generators are of a cluster: give --cluster auto, or its address")
    extras.bring("cluster" if cluster is not None else None)
    asked = Cluster(cluster, pairs, generators or 1) if cluster is not None else None
    places = runs.Places(results=results, port=port, cluster=asked)
    if resume and (others := options.given(click.get_current_context(), *_OF_RESUMING)):
        raise click.UsageError(f"a run is resumed with the options that it began with: leave out {', '.join(others)}")
    given = {name: value for name, value in given.items() if value is not None}
    plan: Plan = plans.check(plans.asked(profile, given))
    with progress.reporter(quiet=quiet) as reporter:
        if resume:
            path = runs.resume(store.find(results, resume), places, reporter, budget_s=given.get("budget_s"))
        else:
            path = runs.run(plan, places, reporter)
    found = printing.report(path, "json" if as_json else "text")
    if not (as_json or quiet):
        shown = results.relative_to(Path.cwd()) if results.is_relative_to(Path.cwd()) else results
        earlier = store.earlier(results, found.run)
        for line in ("", *sequel.lines(found.run, found.rows, earlier=earlier, folder=str(shown))):
            click.echo(line, err=True)
