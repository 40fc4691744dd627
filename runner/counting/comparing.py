"""Counts beside each other: how much more each has than the first, and where. Pure."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot
from pathlib import PurePath

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


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """A line of Python that ran, and what stands on it; ``text`` is empty where its file cannot be read."""

    place: Place
    text: str


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


def moved(base: Mapping[Place, float], new: Mapping[Place, float], *, least: float) -> Sequence[Moved]:
    """Functions that differ by ``least`` a request or more, the greatest first."""
    before, after = _by_function(base, new)
    found = [Moved(place, before.get(place, 0.0), after.get(place, 0.0)) for place in before.keys() | after.keys()]
    wanted = [one for one in found if abs(one.difference) >= least]
    return sorted(wanted, key=lambda one: (-abs(one.difference), one.place))


def moved_lines(base: Mapping[Line, float], new: Mapping[Line, float], *, least: float) -> Sequence[Moved]:
    """Lines that differ by ``least`` a request or more, the greatest first.

    What stands above a line may be longer in one, so lines of a function are the same where their texts are, in order.
    A line is named by its number in ``new`` where it is there.
    """
    found = [moved for one in _functions(base, new) for moved in _aligned(one, base, new)]
    wanted = [one for one in found if abs(one.difference) >= least]
    return sorted(wanted, key=lambda one: (-abs(one.difference), one.place))


def _functions(*sides: Mapping[Line, float]) -> Iterator[tuple[list[Line], list[Line]]]:
    """Of each function its lines in either, in order."""
    found: dict[tuple[str, str], tuple[list[Line], list[Line]]] = defaultdict(lambda: ([], []))
    for side, lines in enumerate(sides):
        for line in sorted(lines, key=lambda one: one.place.line):
            found[line.place.file, line.place.function][side].append(line)
    yield from found.values()


def _aligned(
    function: tuple[list[Line], list[Line]], base: Mapping[Line, float], new: Mapping[Line, float]
) -> Iterator[Moved]:
    before, after = function
    first, second = ([line.text for line in side] for side in function)
    same = difflib.SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks()
    pairs = {one.b + at: one.a + at for one in same for at in range(one.size)}
    for at, line in enumerate(after):
        yield Moved(line.place, base[before[pairs[at]]] if at in pairs else 0.0, new[line])
    kept = set(pairs.values())
    yield from (Moved(line.place, base[line], 0.0) for at, line in enumerate(before) if at not in kept)


def _by_function(*sides: Mapping[Place, float]) -> list[Mapping[Place, float]]:
    """The lines of each function as one, at its first line in either: what stands above it may be longer in one.

    What was compiled has the folder in it that it was compiled in, another for each variant: so a file is known by the
    end of its path, and called as the last side calls it.
    """
    called: dict[tuple[str, str], Place] = {}
    for place in (place for side in sides for place in side):
        key = _known_by(place)
        called[key] = replace(place, line=min(place.line, called.get(key, place).line))
    made: list[Mapping[Place, float]] = []
    for side in sides:
        totals: dict[Place, float] = defaultdict(float)
        for place, count in side.items():
            totals[called[_known_by(place)]] += count
        made.append(totals)
    return made


def _known_by(place: Place) -> tuple[str, str]:
    return short(place.file), place.function


def short(file: str) -> str:
    """The end of a path: from the distribution or the library on. Two variants have their own folders before it."""
    parts = PurePath(file).parts
    if "site-packages" in parts:
        return "/".join(parts[parts.index("site-packages") + 1 :])
    return "/".join(parts[-2:])
