"""What a person sees while they wait: a live line on a terminal, plain lines elsewhere, nothing when asked to be quiet.

Everything goes to stderr; stdout is for results.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from runner.model import Adapter, Cell, Failure, Trial
from runner.schedule import Progress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

PLAIN_INTERVAL_S = 15.0
"""How often a line is printed where there is no terminal."""


class Reporter(Protocol):
    """Told what the suite does; shows it or does not."""

    def say(self, text: str) -> None:
        """A line worth keeping."""

    def building(self, adapter: Adapter, state: str) -> None:
        """An adapter's environment is ``building``, ``ready``, or cannot be had, with the reason."""

    def trial_begins(self, cell: Cell, progress: Progress) -> None:
        """A trial of ``cell`` starts."""

    def trial_ends(self, trial: Trial, found: Failure) -> None:
        """It has ended, with a verdict."""


class Quiet:
    """Says nothing."""

    def say(self, text: str) -> None:
        """Nothing."""

    def building(self, adapter: Adapter, state: str) -> None:
        """Nothing."""

    def trial_begins(self, cell: Cell, progress: Progress) -> None:
        """Nothing."""

    def trial_ends(self, trial: Trial, found: Failure) -> None:
        """Nothing."""


class Plain:
    """Lines without control characters, one now and then."""

    def __init__(self) -> None:
        self._last = 0.0

    def say(self, text: str) -> None:
        """Print it."""
        print(text, file=sys.stderr, flush=True)

    def building(self, adapter: Adapter, state: str) -> None:
        """Print what was built; what was there already is not news."""
        if state != "ready":
            self.say(f"{adapter.name}: {state}")

    def trial_begins(self, cell: Cell, progress: Progress) -> None:
        """Print where the run is, at most every :data:`PLAIN_INTERVAL_S`."""
        if time.monotonic() - self._last >= PLAIN_INTERVAL_S:
            self._last = time.monotonic()
            self.say(describe(cell, progress))

    def trial_ends(self, trial: Trial, found: Failure) -> None:
        """Print failures."""
        if not found.verdict.has_rate:
            self.say(f"{trial.cell.id}: {found.verdict}: {found.reason}")


class Live:
    """One line that changes in place, with a spinner, on a terminal."""

    def __init__(self, console: Console, status: Status) -> None:
        self._console = console
        self._status = status
        self._building: list[str] = []

    def say(self, text: str) -> None:
        """Print it above the live line."""
        self._console.print(text, highlight=False, markup=False)

    def building(self, adapter: Adapter, state: str) -> None:
        """Show which adapters are being built."""
        if state == "building":
            self._building.append(adapter.name)
        else:
            self._building = [name for name in self._building if name != adapter.name]
            if state != "ready":
                self.say(f"{adapter.name} is unavailable: {state}")
        self._show(f"building {', '.join(self._building)}" if self._building else "checking environments")

    def trial_begins(self, cell: Cell, progress: Progress) -> None:
        """Show where the run is."""
        self._show(describe(cell, progress))

    def trial_ends(self, trial: Trial, found: Failure) -> None:
        """Print failures."""
        if not found.verdict.has_rate:
            self.say(f"{trial.cell.id}: {found.verdict}: {found.reason}")

    def _show(self, text: str) -> None:
        from rich.text import Text  # noqa: PLC0415 - only on a terminal

        self._status.update(Text(text))


@contextmanager
def reporter(*, quiet: bool) -> Iterator[Reporter]:
    """The reporter that fits where stderr goes."""
    if quiet:
        yield Quiet()
    elif not sys.stderr.isatty():
        yield Plain()
    else:
        from rich.console import Console  # noqa: PLC0415

        console = Console(stderr=True)
        with console.status("starting") as status:
            yield Live(console, status)


def describe(cell: Cell, progress: Progress) -> str:
    """One line on where a run is."""
    left = "" if progress.eta_s is None else f", about {minutes(progress.eta_s)} left"
    return f"trial {progress.done + 1} of about {progress.expected_total}{left}: {cell.id}"


def minutes(seconds: float) -> str:
    """``75`` as ``1 min 15 s``."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02} s"


def lines(items: Sequence[str], indent: str = "  ") -> str:
    """Items below each other."""
    return "\n".join(indent + item for item in items)
