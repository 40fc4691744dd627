"""All published runs beside each other: a table, and a page with the rate of each server over the runs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from runner.model import Run, Verdict
from runner.report import figures, palette, tables
from runner.report.markdown import escape, table
from runner.report.rows import Row

HEADINGS = ("run", "profile", "machine", "cells", "measured", "trials")
_LEFT = ("run", "profile", "machine")


@dataclass(frozen=True, slots=True)
class Entry:
    """A published run: its folder's name, its head and its rows."""

    folder: str
    run: Run
    rows: Sequence[Row]

    @property
    def figures(self) -> tuple[str, ...]:
        """What the tables say of it, after its name, in the order of :data:`HEADINGS`."""
        loaded = [row for row in self.rows if row.depth is not None]
        return (
            self.run.plan.profile,
            f"{self.run.machine.cpu_model}, {len(self.run.machine.cpus)} CPUs",
            str(len(loaded)),
            str(sum(row.verdict is Verdict.MEASURED for row in loaded)),
            str(sum(row.trials for row in loaded)),
        )


@dataclass(frozen=True, slots=True)
class Trend:
    """The rates of all servers under one load, on one kind of machine: a column a run, the newest last."""

    title: str
    machine: str
    runs: tuple[Entry, ...]
    lines: tuple[tuple[str, tuple[str, ...]], ...]


def markdown(entries: Sequence[Entry]) -> str:
    """The runs as a table, the newest first, each linked to its tables and its page."""
    rows = (
        [f"[{escape(one.folder)}]({quote(one.folder)}/tables.md)", *map(escape, one.figures)]
        for one in _newest_first(entries)
    )
    return "\n".join(table(HEADINGS, _LEFT, rows)) + "\n"


def page(entries: Sequence[Entry]) -> str:
    """The runs, and the trends of those loads that more than one run measured on the same kind of machine."""
    style = palette.stylesheet() + "\n" + _file("page.css")
    return _template().render(
        headings=HEADINGS,
        left=_LEFT,
        entries=_newest_first(entries),
        trends=tuple(trends(entries)),
        style=Markup(style),  # noqa: S704 - files of this package
    )


def trends(entries: Sequence[Entry]) -> Iterator[Trend]:
    """One trend for each load that at least two runs of one kind of machine have in common."""
    kinds: dict[tuple[str, tuple[int, int, int]], list[Entry]] = {}
    for entry in sorted(entries, key=lambda one: one.run.created_at):
        for group in {row.group for row in entry.rows if row.depth is not None}:
            kinds.setdefault((_machine(entry.run), group), []).append(entry)
    for (machine, group), runs in sorted(kinds.items(), key=lambda item: item[0]):
        if len(runs) > 1:
            columns = [{(row.title, row.python): row for row in run.rows if row.group == group} for run in runs]
            servers = sorted(dict.fromkeys(server for column in columns for server in column), key=str)
            lines = tuple(
                (
                    title if python is None else f"{title}, Python {python}",
                    tuple(figures.rate_or_verdict(column.get((title, python))) for column in columns),
                )
                for title, python in servers
            )
            yield Trend(tables.group_title(group), machine, tuple(runs), lines)


def _machine(run: Run) -> str:
    return f"{run.machine.cpu_model}, {len(run.machine.cpus)} CPUs"


def _newest_first(entries: Sequence[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda one: one.run.created_at, reverse=True)


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    environment.filters["address"] = quote
    return environment.from_string(_file("overview.html"))


def _file(name: str) -> str:
    return resources.files("runner.report").joinpath("templates", name).read_text(encoding="utf-8")
