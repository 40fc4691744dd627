"""The outcome of the self-test, for a person to read. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from runner.report.markdown import table
from runner.rows.figures import NOTHING
from runner.rows.known import Answer
from runner.rows.planted import AGAIN, Level, Outcome, Share

_HEAD = """\
# The suite measured by itself

{sessions} sessions, {each} trials of each server in a session, {trials} trials in all, {disturbed} of them disturbed.
A request of the base costs {cost:.1f} µs of CPU time. Standard deviation of the rate among the trials of one server in
one session: {spread:.1%} (median).

A/A: one server under two names; a difference is a false one. Planted: a server that burns so much more CPU time on each
request; a difference in requests/s should be found, and the 95 % interval of the ratio of CPU costs should hold the
planted ratio.
"""


_HEADINGS = (
    "planted",
    "extra CPU a request",
    "differences found",
    "share, 95 % interval",
    "wrong way",
    "interval holds",
    "estimate",
)


def markdown(outcome: Outcome) -> str:
    """A table of all levels, with what it means."""
    head = _HEAD.format(
        sessions=outcome.sessions,
        each=outcome.trials_per_cell,
        trials=outcome.trials,
        disturbed=outcome.disturbed,
        cost=outcome.base_cost_us,
        spread=outcome.rate_spread,
    )
    return "\n".join((head, *table(_HEADINGS, ("planted",), map(_cells, outcome.levels)))) + "\n"


def _cells(level: Level) -> tuple[str, ...]:
    return (
        "A/A" if level.name == AGAIN else f"{level.planted_share:.1%}",
        f"{level.planted_us:.2f} µs",
        f"{level.different.found} of {level.different.of}",
        _share(level.different),
        str(level.wrong_way) if level.planted_us else NOTHING,
        f"{level.held.found} of {level.held.of}",
        f"{level.estimate:+.2%}",
    )


def _share(share: Share) -> str:
    return f"{share.found / share.of if share.of else 0:.0%} ({share.low:.0%} to {share.high:.0%})"


def answers(found: Sequence[Answer]) -> str:
    """A table of known answers: what, computed, measured, whether they agree."""
    headings = ("load", "reported by", "computed", "measured", "may differ by", "agrees")
    lines = table(headings, ("load", "reported by", "agrees"), map(_answer, found))
    told = sum(one.agrees for one in found)
    return "\n".join((*lines, "", f"{told} of {len(found)} agree.")) + "\n"


def as_data(answer: Answer) -> dict[str, Any]:
    """An answer as plain data, with whether it agrees."""
    return {**asdict(answer), "agrees": answer.agrees}


def _answer(one: Answer) -> tuple[str, ...]:
    return (
        one.what,
        one.report,
        f"{one.computed:.5g} {one.unit}",
        NOTHING if one.measured is None else f"{one.measured:.5g} {one.unit}",
        f"{one.tolerance:.3g} ({one.because})",
        "yes" if one.agrees else "NO",
    )
