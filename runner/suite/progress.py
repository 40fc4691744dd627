"""What a person sees while they wait: a live table on a terminal, plain lines elsewhere, nothing if asked to be quiet.

Everything goes to stderr; stdout is for results.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import geometric_mean
from typing import TYPE_CHECKING, Protocol

from runner.judging.levels import Stopping
from runner.judging.schedule import Progress, TrialSummary
from runner.judging.stats import mean_interval
from runner.record.adapter import Adapter
from runner.record.plaintext import plain
from runner.record.plan import Cell
from runner.record.trial import Failure, Trial
from runner.rows import figures

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

Group = tuple[int, int, int]
"""A column of the table: workers, connections, depth."""

PLAIN_INTERVAL_S = 15.0
"""How often a line is printed where there is no terminal."""


class Reporter(Protocol):
    """Told what the suite does; shows it or does not."""

    def say(self, text: str) -> None:
        """A line worth keeping."""

    def building(self, adapter: Adapter, state: str) -> None:
        """An adapter's environment is ``building``, ``ready``, or cannot be had, with the reason."""

    def trial_begins(self, cell: Cell, progress: Progress, history: Sequence[TrialSummary]) -> None:
        """A trial of ``cell`` starts, after those of ``history``."""

    def trial_ends(self, trial: Trial, found: Failure) -> None:
        """It has ended, with a verdict."""


class Quiet:
    """Says nothing."""

    def say(self, text: str) -> None:
        """Nothing."""

    def building(self, adapter: Adapter, state: str) -> None:
        """Nothing."""

    def trial_begins(self, cell: Cell, progress: Progress, history: Sequence[TrialSummary]) -> None:
        """Nothing."""

    def trial_ends(self, trial: Trial, found: Failure) -> None:
        """Nothing."""


class Plain:
    """Lines without control characters, one now and then."""

    def __init__(self) -> None:
        self._last = 0.0

    def say(self, text: str) -> None:
        """Print it, in one write: several threads may have something to say."""
        print(plain(text) + "\n", end="", file=sys.stderr, flush=True)

    def building(self, adapter: Adapter, state: str) -> None:
        """Print what was built; what was there already is not news."""
        if state != "ready":
            self.say(f"{adapter.name}: {state}")

    def trial_begins(self, cell: Cell, progress: Progress, history: Sequence[TrialSummary]) -> None:  # noqa: ARG002
        """Print where the run is, at most every :data:`PLAIN_INTERVAL_S`; ``history`` is for those who can draw it."""
        if time.monotonic() - self._last >= PLAIN_INTERVAL_S:
            self._last = time.monotonic()
            self.say(describe(cell, progress))

    def trial_ends(self, trial: Trial, found: Failure) -> None:
        """Print failures."""
        if not found.verdict.has_rate:
            self.say(f"{trial.cell.id}: {found.verdict}: {found.reason}")


class OnTerminal:
    """Where the run is, and a table of all cells whose intervals shrink.

    Drawn between trials only, so that nothing of ours runs while a load does.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._building: list[str] = []
        self._trials: dict[tuple[str, str], dict[Group, list[TrialSummary]]] = {}
        self._texts: dict[tuple[str, str], dict[Group, str]] = {}
        self._seen = 0

    def say(self, text: str) -> None:
        """Print it above what is live."""
        self._live.console.print(plain(text), highlight=False, markup=False)

    def building(self, adapter: Adapter, state: str) -> None:
        """Show which adapters are being built."""
        if state == "building":
            self._building.append(adapter.name)
        else:
            self._building = [name for name in self._building if name != adapter.name]
            if state != "ready":
                self.say(f"{adapter.name} is unavailable: {state}")
        self._show(f"building {', '.join(self._building)}" if self._building else "environments are ready")

    def trial_begins(self, cell: Cell, progress: Progress, history: Sequence[TrialSummary]) -> None:
        """Show where the run is, and what is known of each cell."""
        from rich.console import Group as Lines  # noqa: PLC0415 - only on a terminal
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        self._take(history)
        columns = sorted({column for row in self._texts.values() for column in row})
        table = Table(box=None, pad_edge=False)
        table.add_column("requests/s")
        for workers, connections, depth in columns:
            table.add_column(f"d{depth} c{connections} w{workers}", justify="right", no_wrap=True)
        for (adapter, python), row in sorted(self._texts.items()):
            table.add_row(f"{adapter} {python}", *[row.get(column, "") for column in columns])
        self._show(Lines(table, Text(describe(cell, progress))) if history else describe(cell, progress))

    def trial_ends(self, trial: Trial, found: Failure) -> None:
        """Print failures."""
        if not found.verdict.has_rate:
            self.say(f"{trial.cell.id}: {found.verdict}: {found.reason}")

    def _take(self, history: Sequence[TrialSummary]) -> None:
        """Estimate anew what the trials that came since the last time are of."""
        changed = set()
        for one in history[self._seen :]:
            row, column = (_varied(one.cell), one.cell.python or ""), _group(one.cell)
            self._trials.setdefault(row, {}).setdefault(column, []).append(one)
            changed.add((row, column))
        self._seen = len(history)
        for row, column in changed:
            self._texts.setdefault(row, {})[column] = estimate(self._trials[row][column])

    def _show(self, content: RenderableType) -> None:
        self._live.update(content, refresh=True)


def _group(cell: Cell) -> Group:
    return cell.workers, cell.connections, cell.depth


@contextmanager
def reporter(*, quiet: bool) -> Iterator[Reporter]:
    """The reporter that fits where stderr goes."""
    if quiet:
        yield Quiet()
    elif not sys.stderr.isatty():
        yield Plain()
    else:
        from rich.console import Console  # noqa: PLC0415
        from rich.live import Live  # noqa: PLC0415

        with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:
            yield OnTerminal(live)


def estimate(trials: Sequence[TrialSummary]) -> str:
    """A cell's rate so far with its interval's half-width: ``31 266 ±2.1 %``, or why there is none."""
    rates = [one.rate for one in trials if one.rate is not None]
    if not rates:
        return "failed" if trials else ""
    interval = mean_interval(rates, stopping=Stopping.FIXED)
    mean = f"{geometric_mean(rates):,.0f}".replace(",", " ")
    return f"{mean} {figures.plus_minus(interval.relative_half_width)}" if interval else mean


def describe(cell: Cell, progress: Progress) -> str:
    """One line on where a run is."""
    left = "" if progress.eta_s is None else f", about {minutes(progress.eta_s)} left"
    return f"trial {progress.done + 1} of about {progress.expected_total}{left}: {cell.id}"


def minutes(seconds: float) -> str:
    """``75`` as ``1 min 15 s``."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02} s"


def _varied(cell: Cell) -> str:
    """An adapter's name, and what is changed about it."""
    return cell.adapter if cell.variant is None else f"{cell.adapter} · {cell.variant}"
