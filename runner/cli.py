"""``pipebench``: options, exit codes, and the only place that prints a user's error.

Exit codes: 0 done, 1 done and the answer is no, 2 a user's error, 130 interrupted. A bug keeps its traceback.
The work is imported where it is done, so that help comes at once.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runner import plans
from runner.errors import PlanError, ToolError, UserError

if TYPE_CHECKING:
    from types import FrameType

    from runner.model import Plan
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
DELAY = _Parsed("delay", plans.delay_us)
LIMITS = _Parsed("n,n,…", plans.limits)
NAMES = _Parsed("name,name,…", lambda text: tuple(filter(None, (part.strip() for part in text.split(",")))))


def _examples(*lines: str) -> str:
    """The end of a command's help: something to paste."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_examples(
        "pipebench run                          # every adapter, depth 1, 5 and 16",
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
        "pipebench run --profile upstream-ab     # servers that wait for another: what blocking costs",
        "pipebench run --resume latest",
    ),
)
@click.option(
    "--profile", type=click.Choice(list(plans.PROFILES)), default="default", help=f"What to measure. {_PROFILES}."
)
@click.option("--only", type=NAMES, help="Adapters by name, shell patterns allowed, comma separated.  [all]")
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
    asked = {name: value for name, value in given.items() if value is not None}
    plan: Plan = plans.check(replace(plans.PROFILES[profile], **asked))
    with progress.reporter(quiet=quiet) as reporter:
        if resume:
            path = suite.resume(store.find(results, resume), places, reporter)
        else:
            path = suite.run(plan, places, reporter)
    _print_report(path, "json" if as_json else "text")


@cli.command(
    "report",
    epilog=_examples("pipebench report latest", "pipebench report 20261121 --format csv > table.csv"),
)
@click.argument("run", default="latest")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "markdown", "csv", "json", "seed", "witness", "upstream"]),
    default="text",
    help="How to print the rows; seed: the five columns that the seed published; witness: wrk beside h2load; "
    "upstream: of servers that wait, with what was published and what their model says.",
)
@click.option("--results", type=click.Path(path_type=Path), default=RESULTS, help="Folder of records.  [results]")
def report_command(run: str, format_: str, results: Path) -> None:
    """Print the tables of RUN again, from its record: an id, the beginning of one, a folder, or latest."""
    from runner import store

    _print_report(store.find(results, run), format_)


@cli.command("list", epilog=_examples("pipebench list", "pipebench list --json"))
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects instead of a table.")
@click.option("--only", type=NAMES, default=(), help="Adapters by name, shell patterns allowed.  [all]")
def list_command(as_json: bool, only: Sequence[str]) -> None:
    """List the adapters: what they are, and what each needs that this machine lacks.

    Environments that are not there yet are built.
    """
    import msgspec

    from runner import progress, suite
    from runner.report import listing

    with progress.reporter(quiet=False) as reporter:
        entries = listing.entries(suite.inventory(only, suite.ROOT, reporter))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(entries), indent=1).decode())
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
@click.option("--case", "cases", type=NAMES, default=(), help="Only these cases, by name or number.  [all]")
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
    adapters: tuple[str, ...], cases: tuple[str, ...], ladder: bool, verbose: bool, format_: str, quiet: bool
) -> None:
    """Run the pipelining conformance cases against ADAPTERs, shell patterns allowed; all of them by default.

    Exit code 1 where a case failed.
    """
    import json

    from runner import progress, suite
    from runner.conformance import record, render
    from runner.conformance.case import Outcome

    with progress.reporter(quiet=quiet) as reporter:
        found = suite.examine(adapters, suite.ROOT, reporter, cases=cases, ladder=ladder)
    if format_ == "json":
        click.echo(json.dumps(record.as_json(*found), indent=1))
    elif format_ == "markdown":
        click.echo(render.markdown(found))
    else:
        _print(render.matrix(found), *([] if len(found) == 1 else map(render.remarks, found)))
        _print(*(render.ladder(each.ladder) for each in found if each.ladder is not None))
    if verbose and format_ == "text":
        for each in found:
            for result in each.results:
                if result.outcome is not Outcome.PASS:
                    click.echo(f"\n{each.title}\n{render.transcript(result)}")
    if any(each.counts.failed or each.problem for each in found):
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
    from rich.console import Console

    from runner import progress, suite
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
        found = [suite.trace_client(kinds[name], suite.ROOT, reporter, delay_us=delay_us) for name in clients]
        found += [suite.trace(name, suite.ROOT, reporter, delay_us=delay_us, **given) for name in adapters]
    console = Console(width=None if sys.stdout.isatty() else 100, highlight=False)
    for line in waterfall.terminal(found, console.width):
        console.print(line)
    if svg is not None:
        try:
            svg.write_text(waterfall.svg(found), encoding="utf-8")
        except OSError as error:
            raise ToolError(f"cannot write {svg}: {error.strerror}: choose another file with --svg") from None


@cli.command("doctor", epilog=_examples("pipebench doctor", "pipebench doctor --json"))
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects instead of lines.")
def doctor_command(as_json: bool) -> None:
    """Say whether this machine is fit to measure on: each problem with its effect and its remedy.

    Exit code 1 where something keeps the suite from measuring.
    """
    import msgspec

    from runner import doctor
    from runner.model import Level
    from runner.report import listing

    findings = doctor.examine(doctor.read())
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(findings), indent=1).decode())
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
    import msgspec

    from runner import progress, selftest
    from runner.report import trust

    folder = results.absolute() / "selftest"
    with progress.reporter(quiet=as_json) as reporter:
        selftest.measure(sessions, trials, folder, reporter)
    outcome = selftest.evaluate(folder)
    encoded = msgspec.json.format(msgspec.json.encode(outcome), indent=1).decode() + "\n"
    click.echo(encoded if as_json else trust.markdown(outcome), nl=False)
    if publish:
        kept = results.absolute() / "published" / "selftest"
        kept.mkdir(parents=True, exist_ok=True)
        (kept / "outcome.json").write_text(encoded, encoding="utf-8")
        (kept / "README.md").write_text(trust.markdown(outcome), encoding="utf-8")


def _places(results: Path, port: int | None) -> Places:
    from runner.suite import Places

    return Places(results=results, port=port)


def _print_report(path: Path, format_: str) -> None:
    from runner import store
    from runner.model import Scenario
    from runner.report import rows, tables, upstream

    head, trials = store.read(path)
    found = rows.rows(head, trials)
    if format_ == "upstream" or (format_ == "markdown" and head.plan.scenario is Scenario.UPSTREAM):
        click.echo(upstream.markdown(head, found), nl=False)
    elif format_ == "text" and head.plan.scenario is Scenario.UPSTREAM:
        _print(*upstream.terminal(head, found))
    elif format_ == "text":
        _print(*tables.terminal(head, found))
    elif format_ == "csv":
        click.echo(tables.as_csv(found), nl=False)
    elif format_ == "json":
        click.echo(tables.as_json(head, found), nl=False)
    elif format_ == "seed":
        click.echo(tables.seed_table(found), nl=False)
    elif format_ == "witness":
        click.echo(tables.witness_table(found), nl=False)
    else:
        click.echo(tables.markdown(head, found), nl=False)


def _print(*items: Any) -> None:
    """Print through rich: colours and the width of a terminal where there is one, the full width elsewhere."""
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    for item in items:
        console.print(item)


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
    except BrokenPipeError:  # the reader of a pipe has seen enough
        sys.stderr.close()
        code = 0
    sys.exit(code if isinstance(code, int) else 0)
