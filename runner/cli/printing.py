"""What several commands share on their way out: text and files, through rich or as they are."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runner import project

if TYPE_CHECKING:
    from rich.console import Console

    from runner.record.run import Run
    from runner.record.store import Damage
    from runner.record.trial import Trial
    from runner.report.formats import Report


def write(text: str, output: Path | None) -> None:
    """To a file, or to standard output where none was named."""
    if output is None:
        click.echo(text, nl=False)
        return
    with writing(output):
        output.write_text(text, encoding="utf-8")


def write_all(files: Iterable[tuple[str, bytes]], folder: Path) -> None:
    """Each content under its name in ``folder``, which is made."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    names = []
    for name, content in files:
        with writing(folder / name):
            (folder / name).write_bytes(content)
        names.append(name)
    wrote(folder, f"{len(names)} files: {', '.join(names)}" if names else "nothing")


def wrote(output: Path, what: str | None = None) -> None:
    """Say on standard error what was written where."""
    size = f"{output.stat().st_size:,} bytes".replace(",", " ") if output.is_file() else None
    click.echo(f"pipebench: wrote {output}: {', '.join(filter(None, (what, size)))}", err=True)


@contextmanager
def writing(output: Path) -> Iterator[None]:
    """What cannot be written is a user's error."""
    try:
        yield
    except OSError as error:
        raise click.UsageError(f"cannot write {output}: {error.strerror or error}: choose another place") from None


def read(path: Path, *, skip_damaged: bool) -> tuple[Run, tuple[Trial, ...]]:
    """The record at ``path``; what is damaged of it is named on standard error, where it may be left out."""
    from runner.record import store

    if not skip_damaged:
        return store.read(path)
    head, trials, damage = store.read_past_damage(path)
    say_left_out(damage)
    return head, trials


def say_left_out(damage: Damage | None) -> None:
    """What of a record was left out, on standard error."""
    if damage is not None:
        click.echo(f"pipebench: left out {damage}", err=True)


def report(
    path: Path,
    format_: str,
    output: Path | None = None,
    *,
    only: Sequence[str] = (),
    columns: Sequence[str] = (),
    skip_damaged: bool = False,
) -> Report:
    """Print the record at ``path`` in one of the formats of :mod:`runner.report.formats`, and return its report.

    ``only`` and ``columns``: of some adapters, some columns.
    """
    from runner.report import formats

    found = formats.Report.read(path, skip_damaged=skip_damaged)
    say_left_out(found.damage)
    if only:
        found = found.only(only)
    if format_ == "html":
        write(formats.html(found, home=project.homepage(), uncommitted=_uncommitted(found)), output)
        return found
    if format_ != "text":
        write(formats.printed(found, format_, columns), output)
        return found
    if output is None:
        through_rich(*formats.terminal(found, columns))
        return found
    drawn = io.StringIO()
    with redirect_stdout(drawn):
        through_rich(*formats.terminal(found, columns))
    write(drawn.getvalue(), output)
    return found


def explained(path: Path, format_: str, only: Sequence[str] = ()) -> None:
    """What was seen of the servers of the run at ``path``."""
    from runner.report import formats

    found = formats.Report.read(path)
    if only:
        found = found.only(only)
    if format_ == "text":
        through_rich(*formats.explained_terminal(found))
    elif format_ == "json":
        as_json(found.explained)
    else:
        click.echo(formats.printed(found, "explain"), nl=False)


def _uncommitted(found: Report) -> list[str]:
    """Files of the run's adapters that its commit has otherwise; none where the commit is not known here."""
    from runner.suite.head import uncommitted_changes

    if not project.IS_CHECKOUT:
        return []
    paths = {record.path for record in found.run.adapters}
    return [name for name in uncommitted_changes(found.run, project.ROOT) if name in paths]


def as_json(content: object) -> None:
    """A record, or a list of them."""
    from runner.record.jsontext import readable

    click.echo(readable(content), nl=False)


def through_rich(*items: Any) -> None:
    """Print through rich: colours and the width of a terminal where there is one, the full width elsewhere."""
    on = console(200)
    for item in items:
        on.print(item)


def console(width: int) -> Console:
    """Where rich prints to: as wide as the terminal, or ``width`` columns where there is none."""
    from rich.console import Console

    class Piped(Console):
        def on_broken_pipe(self) -> None:
            """Left to :mod:`runner.cli.main`, as whatever is not printed through rich; rich would end with code 1."""
            raise BrokenPipeError

    return Piped(width=None if sys.stdout.isatty() else width, highlight=False)
