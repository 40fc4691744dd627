"""cachegrind's own output files as values, and what differs between two. Pure.

The format is the one of valgrind's manual, 5.9 "Cachegrind Output File Format": ``events:``, then blocks of ``fl=`` (a
source file), ``fn=`` (a function) and lines of a line number and counts, and at the end ``summary:`` with the totals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath

EVENT = "Ir"
"""Instructions read: the one event that is counted here."""

UNKNOWN = "???"
"""What cachegrind writes where there is no debug information."""


class MalformedError(ValueError):
    """What was read is no whole output of cachegrind; the text says where."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a function. ``file`` and ``function`` are :data:`UNKNOWN`, ``line`` is 0, where nothing is known."""

    file: str
    function: str
    line: int

    def __str__(self) -> str:
        where = "" if self.file == UNKNOWN else f" ({PurePath(self.file).name}:{self.line})"
        return f"{self.function}{where}"


@dataclass(frozen=True, slots=True)
class Profile:
    """Instructions of one process: in all, and by place."""

    total: int
    places: Mapping[Place, int]


def parse(lines: Iterable[str]) -> Profile:
    """Read one file. Raises :class:`MalformedError` where it is cut short or not cachegrind's."""
    file = function = UNKNOWN
    column: int | None = None
    total: int | None = None
    places: dict[Place, int] = defaultdict(int)
    for number, line in enumerate(lines, start=1):
        try:
            if line[:1].isdigit():
                if column is None:
                    raise MalformedError(f"line {number}: counts before events")
                at, *counts = line.split()
                places[Place(file, function, int(at))] += int(counts[column])
            elif line.startswith("fn="):
                function = line[3:].rstrip("\n")
            elif line.startswith("fl="):
                file = line[3:].rstrip("\n")
            elif line.startswith("events:"):
                column = line.split()[1:].index(EVENT)
            elif line.startswith("summary:"):
                total = int(line.split()[1 + (column or 0)])
        except (ValueError, IndexError) as error:
            raise MalformedError(f"line {number}: {error}") from None
    if column is None or total is None:
        raise MalformedError("it has no summary: the process did not end by itself")
    return Profile(total, dict(places))


def added(profiles: Iterable[Profile]) -> Profile:
    """The profiles of several processes as one."""
    total, places = 0, defaultdict[Place, int](int)
    for profile in profiles:
        total += profile.total
        for place, count in profile.places.items():
            places[place] += count
    return Profile(total, dict(places))


def per_unit(less: Profile, more: Profile, units: int) -> Mapping[Place, float]:
    """Instructions of each place that the one load has more than the other, for each of the ``units`` it is longer."""
    return {
        place: difference / units
        for place in less.places.keys() | more.places.keys()
        if (difference := more.places.get(place, 0) - less.places.get(place, 0))
    }
