"""What several commands share on their way in: types of options, and where records are."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from runner import project
from runner.cli import values
from runner.record.plan import Generator


class _Parsed(click.ParamType[Any]):
    """An option's text through one of the parsers of :mod:`runner.cli.values`."""

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


class WholeNumber(_Parsed):
    """A whole number in ASCII digits: ``int`` reads those of every script, and what was typed by mistake as well."""

    def __init__(self, least: int | None = None, most: int | None = None) -> None:
        super().__init__("n", values.whole_number)
        self._least, self._most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; one line on what is wrong otherwise."""
        number: int = super().convert(value, param, ctx)
        if self._least is not None and number < self._least:
            self.fail(f"{number} is too small: give at least {self._least}", param, ctx)
        if self._most is not None and number > self._most:
            self.fail(f"{number} is too large: give at most {self._most}", param, ctx)
        return number


class RealNumber(click.FloatRange):
    """A number between two others: of ``nan``, which click lets pass, neither is true."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; one line on what is wrong otherwise."""
        number: float = super().convert(value, param, ctx)
        if number != number:  # noqa: PLR0124 - only nan is not itself
            self.fail(f"{value!r} is no number", param, ctx)
        return number


def _names(text: str) -> tuple[str, ...]:
    found = tuple(filter(None, (part.strip() for part in text.split(","))))
    if not found:
        raise ValueError(f"'{text}' names nothing: give names such as aiohttp,fasthttp")
    return found


NUMBERS = _Parsed("n,n,…", values.whole_numbers)
DURATION = _Parsed("duration", values.seconds)
SHARE = _Parsed("share", values.share)
GROUPS = _Parsed("group,group,…", values.groups)
DELAY = _Parsed("delay", values.delay_us)
LOADS = _Parsed("load,load,…", values.loads)
LATENCY_LIMITS = _Parsed("pN=time,…", values.latency_limits)
TOLERANCE = _Parsed("share,p99=share", values.tolerance)
RATES = _Parsed("n,n,…", values.rates)
HEADERS = _Parsed("headers,headers,…", values.headers)
LIMITS = _Parsed("n,n,…", values.limits)
NAMES = _Parsed("name,name,…", _names)


def _variable(text: str) -> str:
    name, equals, _ = text.partition("=")
    if not equals or not name.isidentifier():
        raise ValueError(f"{text!r} is no variable: give it as NAME=VALUE")
    return text


def _releases(text: str) -> tuple[str, int]:
    from runner.adapters import variants

    return variants.releases(text)


RELEASES = _Parsed("name:n", _releases)
VARIABLE = _Parsed("NAME=VALUE", _variable)


def generator(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Generator | None:
    """A generator by its name."""
    return None if value is None else Generator(value)


def results(text: str) -> Callable[[Any], Any]:
    """The option ``--results``, a folder; in a checkout its own, else one below the working folder."""
    return click.option(
        "--results", type=click.Path(path_type=Path), default=project.results, help=f"{text}.  [results]"
    )


records_to = results("Folder for records")
records_in = results("Folder of records")


skip_damaged = click.option(
    "--skip-damaged", is_flag=True, help="Leave out lines of a record that are damaged, and say which."
)
of_groups = click.option(
    "--group", "groups", type=GROUPS, default=(), help="Adapters of these groups: core, field, 2017.  [all]"
)


on_python = click.option(
    "--python", metavar="RELEASE", help="Interpreter to run adapters on, as 3.13, 3.14t or pypy3.11.  [newest CPython]"
)


def examples(*lines: str) -> str:
    """The end of a command's help: something to paste."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def given(ctx: click.Context, *but: str) -> list[str]:
    """The options that were given on the command line, ``but`` those, as they are typed."""
    return [
        param.opts[0]
        for param in ctx.command.params
        if isinstance(param, click.Option)
        and param.name not in but
        and param.name is not None
        and ctx.get_parameter_source(param.name) is click.core.ParameterSource.COMMANDLINE
    ]


def varied(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--with``, ``--env``, ``--releases`` and ``--loop``, which the command gets as one list, ``variants``."""

    @functools.wraps(command)
    def gathered(
        *args: Any,
        withs: tuple[str, ...],
        env: tuple[str, ...],
        releases: tuple[tuple[str, int], ...],
        loops: tuple[str, ...],
        **kwargs: Any,
    ) -> Any:
        return command(*args, variants=_variants(withs, env, releases, loops), **kwargs)

    for option in (
        click.option(
            "--loop",
            "loops",
            type=NAMES,
            default=(),
            help="A variant on each of these event loops of each adapter that takes one: asyncio, uvloop, rloop, …",
        ),
        click.option(
            "--releases",
            type=RELEASES,
            multiple=True,
            help="A variant for each of a distribution's newest, as aiohttp:12.",
        ),
        click.option(
            "--env", type=VARIABLE, multiple=True, help="A variant with this in its environment, as NAME=VALUE."
        ),
        click.option(
            "--with",
            "withs",
            multiple=True,
            help="A variant of each adapter that has it: aiohttp==3.9.5, a project's folder, folder@revision, a wheel.",
        ),
    ):
        gathered = option(gathered)
    return gathered


def _variants(
    withs: tuple[str, ...], env: tuple[str, ...], releases: tuple[tuple[str, int], ...], loops: tuple[str, ...]
) -> tuple[str, ...]:
    """Each as :mod:`runner.adapters.variants` takes it; the newest releases are looked up."""
    from runner.adapters import variants

    found = [pin for name, number in releases for pin in variants.newest(name, number)]
    return (*withs, *found, *(f"{variants.LOOP}{name}" for name in loops), *env)
