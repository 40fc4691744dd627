"""Counts beside each other: how much more each has than the first, and where. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot

from runner.counting.cachegrind import Place
from runner.record.count import Count


@dataclass(frozen=True, slots=True)
class Difference:
    """Instructions a request of a server over those of the base, at one depth.

    ``ratio`` is 1.005 for 0.5 % more; ``uncertain``: how far it may be off, from how far the goes of either are apart.
    """

    depth: int
    ratio: float
    uncertain: float

    def more_than(self, share: float) -> bool:
        """Whether it is more by ``share`` at least, whatever the goes leave open."""
        return self.ratio * (1 - self.uncertain) - 1 > share


@dataclass(frozen=True, slots=True)
class Moved:
    """A place whose count a request is not the same in two servers: instructions, or bytecodes of Python."""

    place: Place
    base: float
    new: float

    @property
    def difference(self) -> float:
        """How many more the new one has."""
        return self.new - self.base


def exceeds(base: Count, new: Count, share: float) -> bool:
    """Whether a server has more instructions by ``share`` at any depth, or cannot be counted where the base can."""
    return new.reason is not None or any(found.more_than(share) for found in differences(base, new))


def differences(base: Count, new: Count) -> tuple[Difference, ...]:
    """One for each depth at which both were counted."""
    return tuple(
        Difference(there.depth, there.instructions / own.instructions, hypot(own.apart or 0.0, there.apart or 0.0))
        for own in base.depths
        if (there := new.at(own.depth)) is not None and own.instructions > 0
    )


def moved(base: Mapping[Place, float], new: Mapping[Place, float], *, by_line: bool, least: float) -> Sequence[Moved]:
    """Places that differ by ``least`` a request or more, the greatest first; by function where lines say too little."""
    before, after = (base, new) if by_line else _by_function(base, new)
    found = [Moved(place, before.get(place, 0.0), after.get(place, 0.0)) for place in before.keys() | after.keys()]
    wanted = [one for one in found if abs(one.difference) >= least]
    return sorted(wanted, key=lambda one: (-abs(one.difference), one.place))


def _by_function(*sides: Mapping[Place, float]) -> list[Mapping[Place, float]]:
    """The lines of each function as one, at its first line in either: what stands above it may be longer in one."""
    first: dict[tuple[str, str], int] = {}
    for place in (place for side in sides for place in side):
        key = place.file, place.function
        first[key] = min(first.get(key, place.line), place.line)
    made: list[Mapping[Place, float]] = []
    for side in sides:
        totals: dict[Place, float] = defaultdict(float)
        for place, count in side.items():
            totals[replace(place, line=first[place.file, place.function])] += count
        made.append(totals)
    return made
