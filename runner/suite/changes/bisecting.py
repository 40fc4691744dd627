"""Which commit made a request dearer: the revisions between a good and a bad one, halved by counting instructions."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from runner.errors import PlanError
from runner.record.count import AGREEMENT, Count
from runner.serving import process

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
CLEAR = 0.0002
"""Good and bad must be further apart than this, 0.02 %, or nothing between them can be told."""
COARSE = 0.002
"""So near goes of good and bad are to be at first, relative. It is enough where the two are four times as far apart."""


class Side(StrEnum):
    """What a revision is like."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True)
class Step:
    """A revision that was counted, and what it is like; ``reason`` where that cannot be told."""

    commit: str
    side: Side
    instructions: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The commits that may be the first bad one, oldest first: one, or several where some could not be told."""

    suspects: tuple[str, ...]
    steps: tuple[Step, ...]


def commits(repository: Path, good: str, bad: str) -> tuple[str, ...]:
    """The first-parent history after ``good`` up to ``bad``, oldest first, ``good`` before it.

    Raises :class:`runner.errors.PlanError` where there is none.
    """
    asked = ["git", "-C", str(repository), "rev-list", "--first-parent", "--reverse", f"{good}..{bad}", "--"]
    listed = [line for line in (process.output(asked, stderr=False) or "").split() if _COMMIT.fullmatch(line)]
    first = process.output(["git", "-C", str(repository), "rev-parse", "--verify", "--quiet", f"{good}^{{commit}}"])
    if not listed or not first or not _COMMIT.fullmatch(first.strip()):
        raise PlanError(f"{repository} has no commit after {good!r} up to {bad!r}: give two revisions of a clone")
    return (first.strip(), *listed)


def search(history: Sequence[str], count: Callable[[str, float], Count], said: Callable[[Step], None]) -> Found:
    """Halve ``history``, whose first is good and whose last is bad. A revision that cannot be told is stepped over.

    ``count`` is told how near the goes of a revision are to be: a quarter of what good and bad are apart.

    Raises :class:`runner.errors.PlanError` where good and bad themselves are no further apart than their goes are.
    """
    good, bad = ends = _ends(history, count)
    steps = []
    for commit, side, found in zip((history[0], history[-1]), (Side.GOOD, Side.BAD), ends, strict=True):
        steps.append(Step(commit, side, *_told(found)))
        said(steps[-1])
    if isinstance(good, str) or isinstance(bad, str):
        raise PlanError(f"cannot tell: {good if isinstance(good, str) else bad}")
    if not good * (1 + CLEAR) < bad:
        raise PlanError(f"cannot tell: {bad:,.0f} instructions a request are no more than {good:,.0f}: swap them?")
    near = max(AGREEMENT, (bad / good - 1) / 4)
    low, high, unknown = 0, len(history) - 1, set[int]()
    while candidates := [at for at in range(low + 1, high) if at not in unknown]:
        at = min(candidates, key=lambda one: (abs(one - (low + high) / 2), one))
        found = _instructions(count(history[at], near))
        side = Side.UNKNOWN if isinstance(found, str) else _side(found, good, bad)
        step = Step(history[at], side, *_told(found))
        steps.append(step)
        said(step)
        if step.side is Side.GOOD:
            low = at
        elif step.side is Side.BAD:
            high = at
        else:
            unknown.add(at)
    return Found(tuple(history[low + 1 : high + 1]), tuple(steps))


def _ends(history: Sequence[str], count: Callable[[str, float], Count]) -> tuple[float | str, float | str]:
    """Good and bad, counted again where they are too near for how they were counted."""
    for near in (COARSE, AGREEMENT):
        good, bad = (_instructions(count(commit, near)) for commit in (history[0], history[-1]))
        if isinstance(good, str) or isinstance(bad, str) or bad > good * (1 + 4 * near):
            break
    return good, bad


def _side(found: float, good: float, bad: float) -> Side:
    """By a quarter of the way nearer to one of them; what lies in the middle is not guessed."""
    share = (found - good) / (bad - good)
    return Side.GOOD if share < 0.375 else Side.BAD if share > 0.625 else Side.UNKNOWN


def _instructions(count: Count) -> float | str:
    """Those at the least depth, or why they are not known."""
    if count.reason is not None:
        return count.reason
    least = min(count.depths, key=lambda one: one.depth)
    return least.instructions if least.goes else "no go"


def _told(found: float | str) -> tuple[float | None, str | None]:
    return (None, found) if isinstance(found, str) else (found, None)
