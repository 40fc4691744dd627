"""A run's head: what it says of a run that goes on for longer than it was to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.errors import RecordError
from runner.suite import head as head_of
from tests import builders


def test_a_longer_budget_stands_in_plan_and_command_and_the_run_is_open_again() -> None:
    complete = builders.run(plan=builders.plan(budget_s=330), command=("pipebench", "run", "--budget", "330s"))
    longer = head_of.with_longer_budget(complete, 600.0)
    assert longer.plan == replace(complete.plan, budget_s=600.0)
    assert longer.command == (*complete.command, "--budget", "600s")
    assert longer.finished_at is None


@pytest.mark.parametrize(
    ("had", "given", "said"),
    [
        (330, 330.0, "has a budget of 5 min 30 s already: give a longer one, which counts from its beginning"),
        (330, 20.0, "has a budget of 5 min 30 s already"),
        (None, 600.0, "has no budget, but a number of trials: leave out --budget"),
    ],
)
def test_a_budget_that_is_no_longer_one_is_refused(had: float | None, given: float, said: str) -> None:
    with pytest.raises(RecordError, match=said):
        head_of.with_longer_budget(builders.run(plan=builders.plan(budget_s=had)), given)
