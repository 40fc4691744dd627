"""What several commands share on their way in: types of options, and where records are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from runner import project
from runner.suite import plans


class _Parsed(click.ParamType[Any]):
    """An option's text through one of the parsers of :mod:`runner.suite.plans`."""

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
HEADERS = _Parsed("headers,headers,…", plans.headers)
LIMITS = _Parsed("n,n,…", plans.limits)
NAMES = _Parsed("name,name,…", lambda text: tuple(filter(None, (part.strip() for part in text.split(",")))))


def results(text: str) -> Callable[[Any], Any]:
    """The option ``--results``, a folder; in a checkout its own, else one below the working folder."""
    return click.option(
        "--results", type=click.Path(path_type=Path), default=project.results, help=f"{text}.  [results]"
    )


records_to = results("Folder for records")
records_in = results("Folder of records")


of_groups = click.option(
    "--group", "groups", type=GROUPS, default=(), help="Adapters of these groups: core, field, 2017.  [all]"
)


def examples(*lines: str) -> str:
    """The end of a command's help: something to paste."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
