"""What several goes of a server say together: of each load the least, and how near the next one came. Pure.

What disturbs a load adds to it, with one exception: a second more in which the Date is made anew, a batch that is read
in two pieces, a thread that is woken once more; but timers of a server that starves ring less often. So the least of a
load is the one that was disturbed least, and it stands when another is as little; where the first two were not, when
two others are. That is asked of each load by itself:
where the load was disturbed that has not the requests which count, their difference is *smaller*, so of differences the
least proves nothing, and of two that agree both may be wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from runner.counting.cachegrind import Profile
from runner.record.count import AGREEMENT, DepthCount, left_open

MAX_ROUNDS = 4
"""The first has two goes of everything."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a server is asked: requests at a depth, or ``None``, the same without them; it ends ``hold_s`` later."""

    depth: int | None
    hold_s: int = 0


@dataclass(frozen=True, slots=True)
class Observed:
    """One load: all processes together, how many they were, and by how many seconds it ended late."""

    profile: Profile
    processes: int
    late_s: int

    @property
    def total(self) -> int:
        """Its instructions."""
        return self.profile.total


@dataclass(frozen=True, slots=True)
class Goes:
    """All loads of a server that were observed. ``requests``: how many the longer loads have more, by depth.

    ``agreement``: by how much they may be apart, relative, where they are to agree.
    """

    requests: Mapping[int, int]
    bases: tuple[Observed, ...] = ()
    longer: Mapping[int, tuple[Observed, ...]] = field(default_factory=dict)
    rounds: int = 0
    agreement: float = AGREEMENT

    def and_(self, loads: Sequence[Load], found: Sequence[Observed]) -> Goes:
        """With one round more."""
        bases, longer = list(self.bases), {depth: list(self.longer.get(depth, ())) for depth in self.requests}
        for load, one in zip(loads, found, strict=True):
            (bases if load.depth is None else longer[load.depth]).append(one)
        made = {depth: tuple(seen) for depth, seen in longer.items()}
        return replace(self, bases=tuple(bases), longer=made, rounds=self.rounds + 1)

    @property
    def enough(self) -> bool:
        """Whether there is nothing left to ask, or no round left to do it."""
        return self.rounds >= MAX_ROUNDS or (self.rounds > 0 and not self.next())

    def next(self) -> tuple[Load, ...]:
        """What the next round is to observe: everything twice, then what is not certain twice, then once."""
        if not self.rounds:
            return (Load(None), *map(Load, self.requests)) * 2
        again: dict[Load, None] = {}
        for depth in self.requests:
            found = self.count(depth)
            if not found.within(self.agreement):
                allowed = self.agreement / 2 * found.instructions
                again.update({Load(depth, self._earliest): None} if left_open(found.goes) > allowed else {})
                again.update({Load(None): None} if (found.base_apart or 0.0) > allowed else {})
        late_s = max(self.least(depth)[1].late_s for depth in self.requests)
        held = [Load(None, late_s)] if late_s > max(one.late_s for one in self.bases) else []
        return (*held, *again, *(again if self.rounds == 1 else ()))

    def count(self, depth: int) -> DepthCount:
        """What they say of one depth: a single go, which agrees with nothing, where no base ended as early."""
        goes = tuple(self._value(depth, one) for one in self._comparable(depth))
        if not goes:
            return DepthCount(depth, (min(self._value(depth, one) for one in self.longer[depth]),))
        # Those that were held are no second look at the others.
        alike = [one.total for one in self.bases if one.late_s == self._earliest]
        seen = alike if len(alike) > 1 else [one.total for one in self.bases]
        return DepthCount(depth, goes, left_open(seen) / self.requests[depth] if len(seen) > 1 else None)

    def least(self, depth: int) -> tuple[Observed, Observed]:
        """The base, and the longer load at a depth that is the least over it; they ended most nearly as late."""
        longer = min(self._comparable(depth) or self.longer[depth], key=lambda one: self._value(depth, one))
        return min(self.bases, key=lambda one: (abs(one.late_s - longer.late_s), one.total)), longer

    @property
    def _earliest(self) -> int:
        return min(one.late_s for one in self.bases)

    def _comparable(self, depth: int) -> tuple[Observed, ...]:
        """Those that ended no earlier than any base did: a base that lasted longer would make requests too cheap."""
        return tuple(one for one in self.longer[depth] if one.late_s >= self._earliest)

    def _value(self, depth: int, longer: Observed) -> float:
        return (longer.total - self._base(longer.late_s)) / self.requests[depth]

    def _base(self, late_s: int) -> float:
        """A load without the requests that lasted as long: the least of those, or on the line between two others."""
        at = {late: min(one.total for one in self.bases if one.late_s == late) for late in
              sorted({one.late_s for one in self.bases})}  # fmt: skip
        below, above = [late for late in at if late <= late_s], [late for late in at if late >= late_s]
        if not below or not above:
            return at[(below[-1:] or above[:1])[0]]
        low, high = below[-1], above[0]
        return at[low] if low == high else at[low] + (at[high] - at[low]) * (late_s - low) / (high - low)
