"""Two records of ``check`` side by side: what changed between a release and a branch, with the bytes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from runner.conformance.case import CaseResult, Outcome
from runner.conformance.record import Conformance


class Change(StrEnum):
    """What became of a case."""

    WORSE = "worse"
    BETTER = "better"
    OTHER = "otherwise"
    UNKNOWN = "not comparable"


@dataclass(frozen=True, slots=True)
class Difference:
    """A case whose result is another than before. ``None`` where one of the two records does not have it.

    ``worse`` and ``better`` name the spellings that came to fail or to pass where a case has many.
    """

    case: str
    before: CaseResult | None
    now: CaseResult | None
    worse: tuple[str, ...] = ()
    better: tuple[str, ...] = ()

    @property
    def change(self) -> Change:
        """Worse where the outcome is, or where a spelling came to be none that passes."""
        if not _tried(self.before) or not _tried(self.now):
            return Change.UNKNOWN
        before, now = _severity(self.before), _severity(self.now)
        if now > before or (now == before and self.worse):
            return Change.WORSE
        return Change.BETTER if now < before or self.better else Change.OTHER


@dataclass(frozen=True, slots=True)
class Comparison:
    """One adapter in two records; ``before`` is ``None`` where the older one does not have it."""

    adapter: str
    before: Conformance | None
    now: Conformance
    differences: tuple[Difference, ...]

    @property
    def regressed(self) -> bool:
        """Whether anything is worse, or the server can no longer be tried at all."""
        broke = self.before is not None and self.before.problem is None and self.now.problem is not None
        return broke or any(one.change is Change.WORSE for one in self.differences)


def compare(before: Iterable[Conformance], now: Sequence[Conformance]) -> tuple[Comparison, ...]:
    """Each server of ``now`` beside the same adapter, interpreter aside, and variant before.

    Where the older record has one variant of that adapter alone, it is beside that; where each record has only one
    server, they are beside each other.
    """
    known = tuple(before)
    if len(known) == len(now) == 1:
        return (_compared(known[0], now[0]),)
    return tuple(_compared(_counterpart(one, known), one) for one in now)


def _counterpart(one: Conformance, known: Sequence[Conformance]) -> Conformance | None:
    mine = [other for other in known if other.adapter == one.adapter]
    same = [other for other in mine if other.variant == one.variant]
    varied = [other for other in mine if one.variant is not None and other.variant is not None]
    return next(iter(same or (varied if len(varied) == 1 else [])), None)


def _compared(before: Conformance | None, now: Conformance) -> Comparison:
    differences: list[Difference] = []
    if before is not None:
        names = dict.fromkeys([one.case for one in before.results] + [one.case for one in now.results])
        pairs = ((name, before.result(name), now.result(name)) for name in names)
        differences = [found for name, old, new in pairs if (found := _difference(name, old, new)) is not None]
    return Comparison(now.adapter, before, now, tuple(differences))


def _difference(name: str, before: CaseResult | None, now: CaseResult | None) -> Difference | None:
    """``None`` where the outcome is the same, and that of each spelling too."""
    if before is None or now is None:
        return Difference(name, before, now) if now is not None else None
    moves = {part: _weight(now, part) - _weight(before, part) for part in {**before.parts, **now.parts}}
    worse = tuple(part for part, move in moves.items() if move > 0)
    better = tuple(part for part, move in moves.items() if move < 0)
    moved = any(before.parts.get(part) != now.parts.get(part) for part in moves)
    if before.outcome is now.outcome and before.fault is now.fault and not moved:
        return None
    return Difference(name, before, now, worse, better)


def _weight(result: CaseResult, part: str) -> int:
    """How bad a spelling is: 0 where it passes."""
    said = result.parts.get(part)
    return 0 if said is None else Outcome(said.partition(":")[0]).severity


def _tried(result: CaseResult | None) -> bool:
    return result is not None and result.outcome is not Outcome.UNTRIED


def _severity(result: CaseResult | None) -> int:
    return result.outcome.severity if result is not None else 0
