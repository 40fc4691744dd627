"""``pipebench``: the commands, exit codes, and the only place that prints a user's error.

Exit codes: 0 done, 1 done and the answer is no, 2 a user's error, 130 interrupted. A bug keeps its traceback.
The work is imported where it is done, so that help comes at once.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from runner.cli import options
from runner.cli.commands import (
    check,
    compare,
    doctor,
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

if TYPE_CHECKING:
    from types import FrameType


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


for _module in (run, report, publish, compare, export, new, listing, check, timeline, outdated, doctor, selftest):
    cli.add_command(_module.command)


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
