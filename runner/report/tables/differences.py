"""Two records of ``check`` for people: what changed, the worse first, with the bytes of what is worse. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runner.conformance.case import CaseResult, Outcome
from runner.conformance.differences import Change, Comparison, Difference
from runner.report.tables.conformance import transcript

ORDER = (Change.WORSE, Change.OTHER, Change.UNKNOWN, Change.BETTER)


def text(compared: Sequence[Comparison]) -> str:
    """A paragraph an adapter: releases, then a line for each case that changed; below, the bytes of the worse ones."""
    return "\n\n".join(_adapter(one) for one in compared)


def as_json(compared: Sequence[Comparison]) -> list[dict[str, Any]]:
    """The same as plain data."""
    return [
        {
            "adapter": one.adapter,
            "before": None if one.before is None else one.before.version,
            "now": one.now.version,
            "regressed": one.regressed,
            "cases": [_as_json(each) for each in _ordered(one)],
        }
        for one in compared
    ]


def _adapter(one: Comparison) -> str:
    if one.before is None:
        return f"{one.now.title}: not in the other record"
    heading = f"{one.now.title} {one.before.version} → {one.now.version}"
    if one.now.problem or one.before.problem:
        return f"{heading}: {one.before.problem or 'was tried'} → {one.now.problem or 'is tried'}"
    if not one.differences:
        return f"{heading}: nothing changed"
    lines = [heading, *(_line(each) for each in _ordered(one))]
    for each in _ordered(one):
        if each.change is Change.WORSE and each.now is not None:
            lines += ["", transcript(each.now)]
    return "\n".join(lines)


def _ordered(one: Comparison) -> list[Difference]:
    return sorted(one.differences, key=lambda each: ORDER.index(each.change))


def _line(each: Difference) -> str:
    moved = f" (worse: {', '.join(each.worse)})" if each.worse else ""
    moved += f" (better: {', '.join(each.better)})" if each.better else ""
    return f"  {each.change}: {each.case}: {_said(each.before)} → {_said(each.now)}{moved}"


def _said(result: CaseResult | None) -> str:
    if result is None:
        return "not tried"
    if result.outcome is Outcome.UNTRIED:
        return result.detail
    return f"{result.outcome} ({result.detail})" if result.detail else result.outcome.value


def _as_json(each: Difference) -> dict[str, Any]:
    return {
        "case": each.case,
        "change": each.change.value,
        "before": _said(each.before),
        "now": _said(each.now),
        "worse": list(each.worse),
        "better": list(each.better),
        "sent": each.now.sent.decode("latin-1") if each.now else "",
        "received": each.now.received.decode("latin-1") if each.now else "",
    }
