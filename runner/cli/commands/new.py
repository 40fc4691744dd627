"""``pipebench new``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from runner import project
from runner.cli import options

if TYPE_CHECKING:
    from runner.record.adapter import Adapter


@click.command(
    "new",
    epilog=options.examples(
        "pipebench new demo --from asgi",
        "pipebench new my-framework --from asgi --requirement my-framework==1.2 --kind framework",
        "pipebench new aiohttp-mine --from aiohttp --beside aiohttp",
    ),
)
@click.argument("name")
@click.option("--from", "source", help="What to begin with: asgi, wsgi, protocol, go, or any adapter by its name.")
@click.option("--kind", type=click.Choice(["framework", "server", "protocol", "baseline"]), help="What it is.")
@click.option("--title", help="Its name in the tables.  [NAME]")
@click.option("--homepage", help="The project's address.")
@click.option("--requirement", help="One more distribution with its pin, as aiohttp==3.14.5; tables show its version.")
@click.option("--beside", help="The folder of frameworks/ that it is one more file of; else it gets its own.")
def command(name: str, source: str | None, kind: str | None, **given: str | None) -> None:
    """Begin the adapter NAME: one file that runs, passes check as it is, and waits for your framework.

    What is not given is asked for on a terminal, and elsewhere taken from the adapter that it is begun from.
    """
    from runner.adapters import metadata, scaffold
    from runner.record.adapter import Kind, Scenario

    project.require_checkout("pipebench new")
    found = metadata.discover(project.ROOT)
    asking = sys.stdin.isatty()
    if source is None:
        offered = sorted(scaffold.templates(found))
        if not asking:
            raise click.UsageError(f"--from is missing: give one of {', '.join(offered)}, or the name of an adapter")
        source = str(click.prompt("Begin with", type=click.Choice(offered), default=offered[0]))
    begin = scaffold.begin_from(found, source)
    another = source in scaffold.templates(found) or given["requirement"] is not None
    if kind is None and asking:
        kind = click.prompt("What is it", type=click.Choice([*map(str, Kind)]), default=str(begin.kind))
    if given["homepage"] is None and asking:
        given["homepage"] = click.prompt("Its homepage", default=None if another else begin.homepage)
    wish = scaffold.Wish(name, kind=Kind(kind) if kind else None, of_another_project=another, **given)
    written = [path.relative_to(project.ROOT) for path in scaffold.create(wish, begin, project.ROOT)]
    serve = {
        "python": f"uv run{_interpreter(begin)} {written[0]}",
        "go": f"go -C {written[0].parent} run .",
        "node": f"node {written[0]}",
        "rust": f"cargo run --release --manifest-path {written[0].parent}/Cargo.toml",
    }[begin.language]
    waits = begin.scenario is Scenario.UPSTREAM
    homepage = "" if given["homepage"] or not another else f" (its homepage is {scaffold.PLACEHOLDER} until then)"
    click.echo(
        f"wrote {', '.join(map(str, written))}, begun from {begin.path.relative_to(project.ROOT)}\n"
        "next:\n"
        f"  {'UPSTREAM=http://… ' if waits else ''}HOST=127.0.0.1 PORT=8080 {serve}   # look at it with curl\n"
        f"  edit {written[0]}: your framework instead of {begin.title}, its pin and its metadata at the top{homepage}\n"
        "  add there what its documentation recommends for throughput: docs/adapters.md, Fair to each server\n"
        + (
            f"  uv run pipebench run --only {name} --profile upstream-siege"
            if waits
            else f"  uv run pipebench check {name}\n  uv run pipebench run --only {name},fasthttp --profile quick"
        )
    )


def _interpreter(begin: Adapter) -> str:
    """The option with which uv takes the interpreter that the suite would; uv by itself may take another."""
    from runner.adapters import interpreters

    chosen = interpreters.choose(interpreters.find(), begin.requires_python or "")
    return f" --python {chosen.version.major}.{chosen.version.minor}" if chosen else ""
