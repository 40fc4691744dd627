"""``pipebench``: options, exit codes, and the only place that prints a user's error.

Exit codes: 0 done, 1 done and the answer is no, 2 a user's error, 130 interrupted. A bug keeps its traceback.
The work is imported where it is done, so that help comes at once.
"""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runner import plans
from runner.errors import PlanError, UserError

if TYPE_CHECKING:
    from types import FrameType

    from rich.console import Console

    from runner.model import Group, Plan
    from runner.suite import Places

RESULTS = Path(__file__).parents[1] / "results"


class _Parsed(click.ParamType[Any]):
    """An option's text through one of the parsers of :mod:`runner.plans`."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The parsed value; one line on what is wrong otherwise."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


NUMBERS = _Parsed("n,n,…", plans.whole_numbers)
DURATION = _Parsed("duration", plans.seconds)
SHARE = _Parsed("share", plans.share)
GROUPS = _Parsed("group,group,…", plans.groups)
DELAY = _Parsed("delay", plans.delay_us)
LIMITS = _Parsed("n,n,…", plans.limits)
NAMES = _Parsed("name,name,…", lambda text: tuple(filter(None, (part.strip() for part in text.split(",")))))


def _examples(*lines: str) -> str:
    """The end of a command's help: something to paste."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


class _UnreadError(Exception):
    """Whoever reads what we print has seen enough."""


class _Commands(click.Group):
    """A group that tells of a closed pipe in its own way: click would end with exit code 1, which is an answer here."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise _UnreadError from None


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_examples(
        "pipebench run                          # the core adapters, depth 1, 5 and 16",
        "pipebench run --only 'aio*,fasthttp' --depth 1,16",
        "pipebench report latest --format markdown",
    ),
)
@click.version_option(package_name="async-pipeline-bench")
def cli() -> None:
    """Measure HTTP pipelining across Python servers.

    Every figure is either right, with its uncertainty, or marked as not measured, with the reason.
    """


_PROFILES = "; ".join(f"{name}: {text}" for name, text in plans.PROFILE_HELP.items())


@cli.command(
    "run",
    epilog=_examples(
        "pipebench run --profile quick --only aiohttp",
        "pipebench run --depth 1,5,16 --connections 50 --budget 10m",
        "pipebench run --profile seed            # the seed's command and its five columns",
        "pipebench run --group core,field --budget 1h",
        "pipebench run --profile upstream-ab     # servers that wait for another: what blocking costs",
        "pipebench run --resume latest",
    ),
)
@click.option(
    "--profile", type=click.Choice(list(plans.PROFILES)), default="default", help=f"What to measure. {_PROFILES}."
)
@click.option("--only", type=NAMES, help="Adapters by name, shell patterns allowed, comma separated, of any group.")
@click.option("--group", "groups", type=GROUPS, help="Adapters of these groups: core, field, 2017.  [the profile's]")
@click.option("--depth", "depths", type=NUMBERS, help="Requests that a connection writes before it reads.")
@click.option("--connections", type=NUMBERS, help="Connections that the load generator keeps open.")
@click.option("--workers", type=NUMBERS, help="Processes (or Go's CPUs) of a server.")
@click.option("--python", "pythons", type=NAMES, help="CPython releases to run adapters on, as 3.12,3.13.  [newest]")
@click.option("--threads", type=int, help="Threads of the load generator.")
@click.option("--duration", "duration_s", type=DURATION, help="Length of one load, in whole seconds.")
@click.option("--warm-up", "warm_up_s", type=DURATION, help="Load before the one that counts, in whole seconds.")
@click.option("--trials", type=int, help="A fixed number of trials of each cell, instead of precision and budget.")
@click.option("--precision", type=SHARE, help="Half-width of the 95 % interval at which a cell is done, as 3%.")
@click.option("--budget", "budget_s", type=DURATION, help="Time for the whole measurement, as 6m.")
@click.option("--seed", type=int, help="Seed of the order of trials.")
@click.option("--baseline", help="Adapter that the others are compared with.  [fasthttp]")
@click.option("--witness", is_flag=True, default=None, help="Load each cell once more with h2load, and compare.")
@click.option("--check/--no-check", default=None, help="Run the core conformance cases and verify responses.  [check]")
@click.option("--strict", is_flag=True, default=None, help="Do not load servers whose pipelining is broken.")
@click.option("--delay", "delay_us", type=DELAY, help="What the upstream of servers that wait takes, as 500ms.")
@click.option("--max-clients", type=LIMITS, help="Requests that a waiting server's client may have under way at once.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port for the servers.  [a free one]")
@click.option("--results", type=click.Path(path_type=Path), default=RESULTS, help="Folder for records.  [results]")
@click.option("--resume", metavar="RUN", help="Complete a run that ended early; other options are then its own.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON instead of tables.")
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
def run_command(
    profile: str, port: int | None, results: Path, resume: str | None, as_json: bool, quiet: bool, **given: Any
) -> None:
    """Run the matrix: build, check, load, record, and print the table."""
    from runner import progress, store, suite

    places = _places(results, port)
    given = {name: value for name, value in given.items() if value is not None}
    plan: Plan = plans.check(plans.asked(profile, given))
    with progress.reporter(quiet=quiet) as reporter:
        if resume:
            path = suite.resume(store.find(results, resume), places, reporter)
        else:
            path = suite.run(plan, places, reporter)
    _print_report(path, "json" if as_json else "text")


@cli.command(
    "report",
    epilog=_examples(
        "pipebench report latest",
        "pipebench report 20261121 --format csv > table.csv",
        "pipebench report latest --format html --output report.html",
    ),
)
@click.argument("run", default="latest")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "markdown", "brief", "csv", "json", "html", "seed", "seed-2017", "witness", "upstream"]),
    default="text",
    help="How to print the rows; brief: one line a server; html: one page with charts and all else that the record "
    "holds; seed: the five columns that the seed published; seed-2017: what it published, its releases and today's; "
    "witness: wrk beside h2load; upstream: servers that wait, with what was published and their model.",
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write.  [stdout]")
@click.option("--results", type=click.Path(path_type=Path), default=RESULTS, help="Folder of records.  [results]")
def report_command(run: str, format_: str, output: Path | None, results: Path) -> None:
    """Print the tables of RUN again, from its record: an id, the beginning of one, a folder, or latest."""
    from runner import store

    _print_report(store.find(results, run), format_, output)


@cli.command(
    "publish",
    epilog=_examples(
        "pipebench publish latest",
        "pipebench publish checks.json   # of pipebench check --format json",
        "pipebench publish --check      # every published figure against its record",
        "pipebench publish --refresh    # after a change to tables or charts",
    ),
)
@click.argument("run", required=False)
@click.option("--check", is_flag=True, help="Compute all that is published again; exit code 1 where it differs.")
@click.option("--refresh", is_flag=True, help="Write all that is published anew from its records.")
@click.option("--unfinished", is_flag=True, help="Publish a run that is not complete all the same.")
@click.option("--uncommitted", is_flag=True, help="Publish what was measured with uncommitted changes all the same.")
@click.option("--results", type=click.Path(path_type=Path), default=RESULTS, help="Folder of records.  [results]")
def publish_command(
    run: str | None, check: bool, refresh: bool, unfinished: bool, uncommitted: bool, results: Path
) -> None:
    """Keep RUN in results/published: its record, page, tables and charts, and the tables of README.md.

    RUN may also be a file that pipebench check --format json wrote: then the conformance matrix is kept.
    With --check or --refresh, go through all that is published instead.
    """
    from runner import publication, store, suite

    if (run is not None) + check + refresh != 1:
        raise click.UsageError("give a RUN to publish, or --check, or --refresh")
    if check:
        found = publication.check(suite.ROOT)
        for discrepancy in found:
            click.echo(str(discrepancy))
        if found:
            sys.exit(1)
        click.echo("every published figure is what its record gives")
        return
    if run is not None and Path(run).is_file():
        changed = publication.publish_conformance(Path(run), suite.ROOT)
    elif run is not None:
        path = store.find(results, run)
        folder, changed = publication.publish(path, suite.ROOT, unfinished=unfinished, uncommitted=uncommitted)
        click.echo(f"published {folder.relative_to(suite.ROOT)}")
    else:
        changed = publication.refresh(suite.ROOT)
    for path in dict.fromkeys(changed):
        click.echo(f"wrote {path.relative_to(suite.ROOT)}")


@cli.command(
    "compare",
    epilog=_examples(
        "pipebench compare 20261121T0612 latest",
        "pipebench compare results/published/2026-11-21-amd-epyc-2cpu-default latest --fail-if-slower 5%",
        "pipebench compare BASE NEW --format markdown > pull-request.md",
    ),
)
@click.argument("base")
@click.argument("new", default="latest")
@click.option(
    "--format", "format_", type=click.Choice(["text", "markdown", "json"]), default="text", help="How to print it."
)
@click.option(
    "--fail-if-slower",
    "tolerated",
    type=SHARE,
    metavar="share",
    help="Exit code 1 where a whole interval lies beyond it, as 5%, or a cell no longer works.",
)
@click.option("--across-machines", is_flag=True, help="Compare runs of different machines all the same.")
@click.option("--results", type=click.Path(path_type=Path), default=RESULTS, help="Folder of records.  [results]")
def compare_command(
    base: str, new: str, format_: str, tolerated: float | None, across_machines: bool, results: Path
) -> None:
    """Say what changed between the runs BASE and NEW, and whether it is more than noise.

    Ratios are of new over base, less what the runs drifted apart where nothing was changed. Their 95 % intervals hold
    for all changed cells at once.
    """
    from runner import store
    from runner.report import comparison, comparison_tables

    measured = [store.read(store.find(results, name)) for name in (base, new)]
    found = comparison.compare(measured[0], measured[1], across_machines=across_machines)
    if format_ == "json":
        _print_json(found)
    elif format_ == "markdown":
        click.echo(comparison_tables.markdown(found), nl=False)
    else:
        _print(*comparison_tables.terminal(found))
    slower = found.slower_than(tolerated) if tolerated is not None else ()
    for cell in slower:
        click.echo(f"pipebench: {comparison_tables.verdict(cell, tolerated or 0)}", err=True)
    if slower:
        sys.exit(1)


_EXPORTS = {
    "hdr-log": "HdrHistogram's log, a histogram a trial",
    "hgrm": "HdrHistogram's percentiles, a file a cell",
    "svg": "the charts, a file each",
    "png": "the same as pixels",
    "parquet": "all trials, raw",
    "github-summary": "Markdown for $GITHUB_STEP_SUMMARY",
    "benchmark-json": "github-action-benchmark's customBiggerIsBetter",
}


@cli.command(
    "export",
    epilog=_examples(
        "pipebench export latest --format hdr-log --output latest.hlog",
        "pipebench export latest --format hgrm --output percentiles/",
        "pipebench export latest --format png --dark --output charts/",
        "pipebench export 20261121 --format parquet --output trials.parquet",
    ),
)
@click.argument("run", default="latest")
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(_EXPORTS)),
    required=True,
    help="; ".join(f"{name}: {text}" for name, text in _EXPORTS.items()) + ".",
)
@click.option(
    "--output", type=click.Path(path_type=Path), help="File to write, or folder for several.  [standard output]"
)
@click.option("--dark", is_flag=True, help="Charts for dark paper.")
@click.option("--results", type=click.Path(path_type=Path), default=RESULTS, help="Folder of records.  [results]")
def export_command(run: str, format_: str, output: Path | None, dark: bool, results: Path) -> None:
    """Write RUN in the format of another tool: its latencies, its trials, its throughputs, or its charts.

    Latencies are those of trials that count and were proved; cells without one are named on standard error.
    """
    from runner import store
    from runner.report import exchange, rows

    charted = format_ in {"svg", "png"}
    if output is None and (charted or format_ in {"hgrm", "parquet"}):
        raise click.UsageError(f"--format {format_} needs --output: it is not written to a terminal")
    if dark and not charted:
        raise click.UsageError(f"--dark is for charts: leave it out, or ask for --format svg or png, not {format_}")
    head, trials = store.read(store.find(results, run))
    if format_ in {"hgrm", "hdr-log"} and (missing := exchange.left_out(head, trials)):
        click.echo(f"pipebench: no proved latency, so left out: {', '.join(missing)}", err=True)
    if format_ == "hgrm" and output is not None:
        found = exchange.percentile_distributions(head, trials)
        _write_all(((name, text.encode()) for name, text in found.items()), output)
    elif charted and output is not None:
        from runner.report import charts, vega

        drawn = (
            (one.name, vega.png(one.chart, dark=dark) if format_ == "png" else vega.svg(one.chart, dark=dark).encode())
            for one in charts.drawings(head, rows.rows(head, trials), trials)
        )
        _write_all(((f"{name}.{format_}", content) for name, content in drawn), output)
    elif format_ == "parquet" and output is not None:
        with _writing(output):
            exchange.write_parquet(head, trials, output)
    elif format_ == "hdr-log":
        _write(exchange.hdr_log(head, trials), output)
    elif format_ == "github-summary":
        _write(exchange.job_summary(head, rows.rows(head, trials)), output)
    else:
        _write(exchange.benchmark_entries(head, rows.rows(head, trials)), output)


@cli.command(
    "new",
    epilog=_examples(
        "pipebench new demo --from asgi",
        "pipebench new my-framework --from asgi --requirement my-framework==1.2 --kind framework",
        "pipebench new my-variant --from aiohttp",
    ),
)
@click.argument("name")
@click.option("--from", "source", help="What to begin with: asgi, wsgi, protocol, go, or any adapter by its name.")
@click.option("--kind", type=click.Choice(["framework", "server", "protocol", "baseline"]), help="What it is.")
@click.option("--title", help="Its name in the tables.  [NAME]")
@click.option("--homepage", help="The project's address.")
@click.option("--requirement", help="One more distribution with its pin, as aiohttp==3.14.5; tables show its version.")
def new_command(name: str, source: str | None, kind: str | None, **given: str | None) -> None:
    """Begin the adapter NAME: one file that runs, passes check as it is, and waits for your framework.

    What is not given is asked for on a terminal, and elsewhere taken from the adapter that it is begun from.
    """
    from runner import adapters, scaffold, suite
    from runner.model import Kind

    found = adapters.discover(suite.ROOT)
    asking = sys.stdin.isatty()
    if source is None:
        offered = sorted(scaffold.templates(found))
        if not asking:
            raise click.UsageError(f"--from is missing: give one of {', '.join(offered)}, or the name of an adapter")
        source = str(click.prompt("Begin with", type=click.Choice(offered), default=offered[0]))
    begin = scaffold.begin_from(found, source)
    if kind is None and asking:
        kind = click.prompt("What is it", type=click.Choice([*map(str, Kind)]), default=str(begin.kind))
    if given["homepage"] is None and asking:
        given["homepage"] = click.prompt("Its homepage", default=begin.homepage)
    wish = scaffold.Wish(name, kind=Kind(kind) if kind else None, **given)
    written = [path.relative_to(suite.ROOT) for path in scaffold.create(wish, begin, suite.ROOT)]
    serve = f"uv run {written[0]}" if begin.language == "python" else f"go -C {written[0].parent} run ."
    click.echo(
        f"wrote {', '.join(map(str, written))}, begun from {begin.path.relative_to(suite.ROOT)}\n"
        "next:\n"
        f"  PORT=8080 {serve}   # serve it, and look at it with curl\n"
        f"  edit {written[0]}: your framework instead of {begin.title}, its pin and its metadata at the top\n"
        f"  uv run pipebench check {name}\n"
        f"  uv run pipebench run --only {name},fasthttp --profile quick"
    )


@cli.command("list", epilog=_examples("pipebench list", "pipebench list --json"))
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects instead of a table.")
@click.option("--only", type=NAMES, default=(), help="Adapters by name, shell patterns allowed.  [all]")
@click.option("--group", "groups", type=GROUPS, default=(), help="Adapters of these groups: core, field, 2017.  [all]")
def list_command(as_json: bool, only: Sequence[str], groups: Sequence[Group]) -> None:
    """List the adapters: what they are, and what each needs that this machine lacks.

    Environments that are not there yet are built.
    """
    from runner import inquiries, progress, suite
    from runner.report import listing

    with progress.reporter(quiet=False) as reporter:
        entries = listing.entries(inquiries.inventory(only, suite.ROOT, reporter, groups=groups))
    if as_json:
        _print_json(entries)
    else:
        _print(listing.table(entries))


@cli.command(
    "check",
    epilog=_examples(
        "pipebench check",
        "pipebench check tornado --verbose",
        "pipebench check aiohttp --case pipelined-pair,byte-by-byte",
        "pipebench check japronto --ladder",
    ),
)
@click.argument("adapters", nargs=-1, metavar="[ADAPTER]...")
@click.option("--group", "groups", type=GROUPS, default=(), help="Adapters of these groups: core, field, 2017.  [all]")
@click.option("--case", "cases", type=NAMES, default=(), help="Only these cases, by name or number.  [all]")
@click.option("--strict", is_flag=True, help="Exit code 1 where any case failed.")
@click.option("--ladder", is_flag=True, help="Also search the largest depth and number of connections that work.")
@click.option("--verbose", is_flag=True, help="Show the bytes of each case that is not a pass.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    help="How to print the matrix.",
)
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
def check_command(
    adapters: tuple[str, ...],
    *,
    groups: tuple[Group, ...],
    cases: tuple[str, ...],
    strict: bool,
    ladder: bool,
    verbose: bool,
    format_: str,
    quiet: bool,
) -> None:
    """Run the pipelining conformance cases against ADAPTERs, shell patterns allowed; all of them by default.

    Exit code 1 where pipelining does not work, or a case that was asked for by name failed. What servers do with
    malformed requests is theirs: it is shown, and fails with --strict.
    """
    from runner import inquiries, progress, suite
    from runner.conformance import record
    from runner.conformance.case import Outcome
    from runner.report import conformance

    with progress.reporter(quiet=quiet) as reporter:
        found = inquiries.examine(adapters, suite.ROOT, reporter, groups=groups, cases=cases, ladder=ladder)
    if format_ == "json":
        _print_json(record.as_json(*found))
    elif format_ == "markdown":
        click.echo(conformance.markdown(found))
    else:
        _print(conformance.matrix(found), *([] if len(found) == 1 else map(conformance.remarks, found)))
        _print(*(conformance.ladder(each.ladder) for each in found if each.ladder is not None))
    if verbose and format_ == "text":
        for each in found:
            for result in each.results:
                if result.outcome is not Outcome.PASS:
                    click.echo(f"\n{each.title}\n{conformance.transcript(result)}")
    if any(each.fails(strict=strict) for each in found):
        sys.exit(1)


@cli.command(
    "timeline",
    epilog=_examples(
        "pipebench timeline tornado aiohttp --depth 5",
        "pipebench timeline tornado-upstream-async --connections 12 --svg waits.svg",
        "pipebench timeline --client sync --client async",
    ),
)
@click.argument("adapters", nargs=-1, metavar="[ADAPTER]...")
@click.option("--depth", type=click.IntRange(1, 1000), help="Requests in one batch on a connection.")
@click.option("--connections", type=click.IntRange(1, 1000), help="Connections that ask at the same moment.")
@click.option("--delay", "delay_us", type=DELAY, default="200ms", help="What each request takes.  [200ms]")
@click.option("--max-clients", type=click.IntRange(1), help="Limit of a waiting server's client.  [its own]")
@click.option(
    "--client",
    "clients",
    type=click.Choice(["sync", "async"]),
    multiple=True,
    help="Draw a fetch by one of tornado's two clients, and the statement behind it.",
)
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Write the picture to this file as well.")
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
def timeline_command(
    adapters: tuple[str, ...], clients: tuple[str, ...], svg: Path | None, quiet: bool, delay_us: int, **given: Any
) -> None:
    """Draw what becomes of each request of a batch or burst to ADAPTERs: sent, first byte, done.

    A batch of five on one connection, or five connections to a server that waits for another, unless told otherwise.
    All are drawn on one scale of time.
    """
    from runner import inquiries, progress, suite
    from runner.model import Client
    from runner.report import waterfall

    if bool(adapters) == bool(clients):
        raise PlanError("a timeline is of ADAPTERs, or of tornado's clients with --client: name one or the other")
    if clients and any(value is not None for value in given.values()):
        raise PlanError("a client fetches once: leave out --depth, --connections and --max-clients")
    if delay_us < 1000:
        raise PlanError("a delay below 1 ms cannot be drawn: give --delay as 200ms")
    with progress.reporter(quiet=quiet) as reporter:
        kinds = {"sync": Client.BLOCKING, "async": Client.ASYNC}
        found = [inquiries.trace_client(kinds[name], suite.ROOT, reporter, delay_us=delay_us) for name in clients]
        found += [inquiries.trace(name, suite.ROOT, reporter, delay_us=delay_us, **given) for name in adapters]
    if svg is not None:
        _write(waterfall.svg(found), svg)
    console = _console(100)
    for line in waterfall.terminal(found, console.width):
        console.print(line)


@cli.command(
    "outdated",
    epilog=_examples(
        "pipebench outdated",
        "pipebench outdated --group core --exit-code",
        "pipebench outdated tornado --update && git diff frameworks",
    ),
)
@click.argument("adapters", nargs=-1, metavar="[ADAPTER]...")
@click.option("--group", "groups", type=GROUPS, default=(), help="Adapters of these groups.  [core,field]")
@click.option("--update", is_flag=True, help="Move outdated pins and their cut-off in place, and try what changed.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 where a pin is outdated and not held.")
@click.option("--json", "as_json", is_flag=True, help="Print an object instead of a table.")
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
def outdated_command(
    adapters: tuple[str, ...], groups: tuple[Group, ...], update: bool, exit_code: bool, as_json: bool, quiet: bool
) -> None:
    """Say which pins of ADAPTERs, shell patterns allowed, are behind the newest releases; of all by default.

    Pins that an adapter holds are shown with the reason, and stay; so do Go modules, and the releases of 2017 are left
    out. --update commits nothing: read the diff. Exit code 1 where an updated adapter fails its quick check.
    """
    from runner import inquiries, progress, suite
    from runner.outdated import State
    from runner.report import listing

    with progress.reporter(quiet=quiet) as reporter:
        found = inquiries.find_outdated(adapters, suite.ROOT, reporter, groups=groups, update=update)
    if as_json:
        _print_json(found)
    else:
        _print(listing.pins_table(found.pins))
        for tried in found.tried:
            said = f"said {tried.failure}" if tried.failure else "passed"
            click.echo(f"{tried.adapter}: updated; its quick check {said}")
    behind = exit_code and not update and any(pin.state is State.OUTDATED for pin in found.pins)
    if behind or any(tried.failure for tried in found.tried):
        sys.exit(1)


@cli.command("doctor", epilog=_examples("pipebench doctor", "pipebench doctor --json"))
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects instead of lines.")
def doctor_command(as_json: bool) -> None:
    """Say whether this machine is fit to measure on: each problem with its effect and its remedy.

    Exit code 1 where something keeps the suite from measuring.
    """
    from runner import doctor
    from runner.model import Level
    from runner.report import listing

    findings = doctor.examine(doctor.read())
    if as_json:
        _print_json(findings)
    else:
        _print(listing.findings_table(findings))
    if any(finding.level is Level.PROBLEM for finding in findings):
        sys.exit(1)


@cli.command(
    "selftest", epilog=_examples("pipebench selftest --sessions 5", "pipebench selftest --sessions 100 --publish")
)
@click.option("--sessions", type=click.IntRange(1), default=100, help="Small runs to measure, about 17 s each.  [100]")
@click.option("--trials", type=click.IntRange(3), default=4, help="Trials of each server in a session.  [4]")
@click.option("--results", type=click.Path(path_type=Path), default=RESULTS, help="Folder for records.  [results]")
@click.option("--publish", is_flag=True, help="Write the outcome to published/selftest in the folder for records.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as an object.")
def selftest_command(sessions: int, trials: int, results: Path, publish: bool, as_json: bool) -> None:
    """Measure the suite by itself: does it find planted differences, and none between equals?

    Sessions that were measured before with the same folder are not repeated.
    """
    from runner import progress, selftest
    from runner.jsontext import readable
    from runner.report import trust

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


def _write(text: str, output: Path | None) -> None:
    """To a file, or to standard output where none was named."""
    if output is None:
        click.echo(text, nl=False)
        return
    with _writing(output):
        output.write_text(text, encoding="utf-8")


def _write_all(files: Iterable[tuple[str, bytes]], folder: Path) -> None:
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for name, content in files:
        with _writing(folder / name):
            (folder / name).write_bytes(content)


@contextmanager
def _writing(output: Path) -> Iterator[None]:
    """What cannot be written is a user's error."""
    try:
        yield
    except OSError as error:
        raise click.UsageError(f"cannot write {output}: {error.strerror or error}: choose another place") from None


def _places(results: Path, port: int | None) -> Places:
    from runner.suite import Places

    return Places(results=results, port=port)


def _print_report(path: Path, format_: str, output: Path | None = None) -> None:
    from runner.report.formats import Report, printed, terminal

    report = Report.read(path)
    if format_ != "text":
        _write(printed(report, format_), output)
        return
    if output is None:
        _print(*terminal(report))
        return
    drawn = io.StringIO()
    with redirect_stdout(drawn):
        _print(*terminal(report))
    _write(drawn.getvalue(), output)


def _print_json(content: object) -> None:
    from runner.jsontext import readable

    click.echo(readable(content), nl=False)


def _print(*items: Any) -> None:
    """Print through rich: colours and the width of a terminal where there is one, the full width elsewhere."""
    console = _console(200)
    for item in items:
        console.print(item)


def _console(width: int) -> Console:
    """Where rich prints to: as wide as the terminal, or ``width`` columns where there is none."""
    from rich.console import Console

    class Piped(Console):
        def on_broken_pipe(self) -> None:
            """Left to :func:`main`, as whatever is not printed through rich; rich would end with exit code 1."""
            raise BrokenPipeError

    return Piped(width=None if sys.stdout.isatty() else width, highlight=False)


def _terminated(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Entry point: run the command, and turn a user's error into one line and exit code 2."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        code = cli.main(prog_name="pipebench", standalone_mode=False)
    except UserError as error:
        click.echo(f"pipebench: {error}", err=True)
        code = error.exit_code
    except click.ClickException as error:
        hint = f" (see {error.ctx.command_path} --help)" if isinstance(error, click.UsageError) and error.ctx else ""
        click.echo(f"pipebench: {error.format_message()}{hint}", err=True)
        code = 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("pipebench: interrupted", err=True)
        code = 130
    except _UnreadError:
        sys.stderr.close()  # where Python would tell that it cannot write the rest
        code = 0
    sys.exit(code if isinstance(code, int) else 0)
