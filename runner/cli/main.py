"""``pipebench``: the commands, exit codes, and the only place that prints a user's error.

Exit codes: 0 done, 1 done and the answer is no, 2 a user's error, 130 interrupted. A bug keeps its traceback.
The work is imported where it is done, so that help comes at once.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from runner.cli import options, streams
from runner.cli.commands import (
    bisect,
    check,
    compare,
    count,
    doctor,
    duel,
    explain,
    export,
    listing,
    new,
    outdated,
    publish,
    report,
    run,
    selftest,
    timeline,
)
from runner.errors import UserError
from runner.record.plaintext import plain

if TYPE_CHECKING:
    from types import FrameType


class _UnreadError(Exception):
    """Whoever reads what we print has seen enough."""


class _Commands(click.Group):
    """A group that tells of a closed pipe in its own way: click would end with exit code 1, which is an answer here."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse an empty word, as an unset variable leaves it: it would mean everything, the newest, or nothing."""
        for place, word in enumerate(args):
            name, is_given, value = word.partition("=")
            if not word.strip() or (name.startswith("--") and is_given and not value.strip()):
                what = name if word.strip() else args[place - 1] if place else "the command"
                raise click.UsageError(
                    f"what follows {what} is empty: give it, or leave it out (is a variable not set?)", ctx
                )
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise _UnreadError from None


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=options.examples(
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


for _module in (
    run,
    report,
    publish,
    compare,
    count,
    duel,
    explain,
    bisect,
    export,
    new,
    listing,
    check,
    timeline,
    outdated,
    doctor,
    selftest,
):
    cli.add_command(_module.command)


HEEDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 130
"""The exit code of what a shell's user interrupted: 128 and the number of SIGINT."""


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """The first is an interrupt. Those behind it find us ending all that we started, and must not break that off."""
    for number in HEEDED:
        signal.signal(number, _ending)
    raise KeyboardInterrupt


def _ending(_number: int, _frame: FrameType | None) -> None:
    """Nothing: an end is under way. A handler, for what is ignored would be ignored by programs too."""


def _heed(number: int) -> None:
    """Let a signal that ends a program be an interrupt, unless we were started to ignore it, as by ``nohup``."""
    if signal.getsignal(number) is not signal.SIG_IGN:
        signal.signal(number, _interrupt)


def main() -> None:
    """Entry point: run the command, and turn a user's error into one line and exit code 2."""
    for number in HEEDED:
        _heed(number)
    with streams.guarded():
        code = _run()
        sys.stderr.flush()
    if code == INTERRUPTED:  # on its way out an interpreter gives up its handlers, and one more would be our exit code
        for number in HEEDED:
            signal.signal(number, signal.SIG_IGN)
    sys.exit(code)


def _run() -> int:
    """The exit code of the command that was asked for; what it printed is written."""
    try:
        code = cli.main(prog_name="pipebench", standalone_mode=False)
        sys.stdout.flush()
    except UserError as error:
        click.echo(f"pipebench: {plain(str(error))}", err=True)
        return error.exit_code
    except click.ClickException as error:
        hint = f" (see {error.ctx.command_path} --help)" if isinstance(error, click.UsageError) and error.ctx else ""
        click.echo(f"pipebench: {plain(error.format_message())}{hint}", err=True)
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("pipebench: interrupted", err=True)
        return INTERRUPTED
    except (_UnreadError, BrokenPipeError):
        return 0
    return code if isinstance(code, int) else 0
