"""A run's course: it says what the rule says of every history, and what published runs did; at a cost that stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner import project
from runner.judging import levels, stats
from runner.judging.course import Course
from runner.judging.schedule import Progress, Schedule, Step, TrialSummary
from runner.record import store
from runner.record.plan import Cell, Purpose
from runner.suite.crews.measuring import summarize
from tests.judging.slow_schedule import SlowSchedule

PUBLISHED = sorted(path.parent for path in (project.ROOT / "results" / "published").glob("*/run.json"))
CELLS = tuple(Cell(name, python, depth, 50, 1) for name, python in (("a", "3.13.0"), ("b", None), ("c", "3.12.1"))
              for depth in (1, 16))  # fmt: skip


def slowly(schedule: Schedule) -> SlowSchedule:
    return SlowSchedule(**{field.name: getattr(schedule, field.name) for field in fields(schedule)})


def measured(folder_name: str) -> tuple[Schedule, list[TrialSummary]]:
    """The schedule of a published run without its budget, which hung on a clock, and what it was told."""
    head, trials = store.read(project.ROOT / "results" / "published" / folder_name)
    budget_s = None if head.plan.budget_s is None else 1e9
    schedule = replace(Schedule.of(head.plan, head.cells), budget_s=budget_s)
    return schedule, [summarize(trial) for trial in trials if trial.purpose is Purpose.MEASURE]


@pytest.mark.parametrize("name", [folder.name for folder in PUBLISHED])
def test_the_order_of_a_published_run_recomputed_is_the_order_it_had(name: str) -> None:
    schedule, trials = measured(name)
    course = Course(schedule)
    for trial in trials:
        step = course.next(0.0)
        assert step is not None
        assert (step.cell, step.round) == (trial.cell, trial.round)
        assert (step.rate is None) == (not trial.cell.is_paced)
        course.add(trial)


def unpaced() -> list[tuple[int, str]]:
    """The published runs, each behind the number of its cells, of which the old rule, older than paced loads, knows."""
    heads = [(store.read_head(folder), folder.name) for folder in PUBLISHED]
    return [(len(head.cells), name) for head, name in heads if not any(cell.is_paced for cell in head.cells)]


@pytest.mark.parametrize("name", [max(unpaced())[1]])
def test_the_old_rule_says_the_same_of_the_largest_published_run_without_paced_loads(name: str) -> None:
    schedule, trials = measured(name)
    oracle = slowly(schedule)
    for cut in range(0, len(trials) + 1, len(trials) // 12):
        course = Course(schedule, trials[:cut])
        assert course.next(0.0) == oracle.next(trials[:cut], 0.0)
        assert same(course.progress(0.0), oracle.progress(trials[:cut], 0.0))


def same(one: Progress, other: Progress) -> bool:
    """Whether two tell the same; seconds are sums of floats, in one order or another."""
    return replace(one, eta_s=None) == replace(other, eta_s=None) and one.eta_s == pytest.approx(other.eta_s)


def outcomes() -> st.SearchStrategy[tuple[float | None, bool, float]]:
    """A rate, disturbed or not, and a duration in seconds; no rate where the trial failed."""
    rates = st.sampled_from([None, 0.0, 100.0, 100.0, 101.0, 103.0, 150.0, 2000.0]) | st.floats(90, 110)
    return st.tuples(rates, st.booleans(), st.sampled_from([0.5, 1.25, 4.0]))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_old_and_new_agree_on_whatever_happens(data: st.DataObject) -> None:
    """Own steps mostly, now and then a trial that nobody asked for: a round left early, another cell, a repetition."""
    schedule = Schedule(
        cells=tuple(data.draw(st.permutations(CELLS))[: data.draw(st.integers(1, 6))]),
        seed=data.draw(st.integers(0, 9)),
        trials=data.draw(st.none() | st.integers(1, 4)),
        max_trials=data.draw(st.integers(3, 12)),
        precision=data.draw(st.sampled_from([0.005, 0.03, 0.2])),
        budget_s=data.draw(st.none() | st.sampled_from([20.0, 1e6])),
    )
    oracle, course, trials = slowly(schedule), Course(schedule), list[TrialSummary]()
    for _ in range(data.draw(st.integers(0, 60))):
        spent = sum(trial.wall_s for trial in trials)
        step = course.next(spent)
        assert step == oracle.next(trials, spent)
        assert same(course.progress(spent), oracle.progress(trials, spent))
        if step is None and spent == 0:
            break
        if step is None or data.draw(st.integers(0, 9)) == 0:
            last = trials[-1].round if trials else 1
            step = Step(
                data.draw(st.sampled_from([*CELLS, Cell("else", None, 1, 50, 1)])), last + data.draw(st.integers(0, 2))
            )
        if sum(trial.cell == step.cell for trial in trials) == levels.MAX_LOOKS:
            break
        rate, disturbed, wall_s = data.draw(outcomes())
        done = TrialSummary(step.cell, step.round, rate, rate is None, disturbed, wall_s)
        trials.append(done)
        course.add(done)
    again = Course(schedule, trials)
    assert again.next(3.0) == course.next(3.0) == oracle.next(trials, 3.0)
    assert again.progress(3.0) == course.progress(3.0)


def test_asking_changes_nothing() -> None:
    asked, left_alone = (Course(Schedule(CELLS, seed=4, budget_s=1e6)) for _ in range(2))
    for number in range(60):
        step = asked.next(0.0)
        assert step is not None
        assert [asked.next(0.0), asked.next(0.0)] == [step, step]
        asked.progress(0.0)
        done = TrialSummary(step.cell, step.round, 100.0 + number % 7, failed=False, disturbed=False, wall_s=1.0)
        asked.add(done)
        left_alone.add(done)
    assert asked.next(0.0) == left_alone.next(0.0)
    assert asked.history == left_alone.history
    assert Counter(trial.cell for trial in asked.history) == {cell: asked.had(cell) for cell in CELLS}


def test_a_record_whose_rounds_go_backwards_is_none_of_a_run() -> None:
    course = Course(Schedule(CELLS, seed=4))
    course.add(TrialSummary(CELLS[0], 2, 100.0, failed=False, disturbed=False, wall_s=1.0))
    with pytest.raises(ValueError, match="a trial of round 1 comes after one of round 2"):
        course.add(TrialSummary(CELLS[1], 1, 100.0, failed=False, disturbed=False, wall_s=1.0))


def test_a_decision_looks_at_no_trial_of_another_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted is how many values are summarised for a trial more: those of its own cell, once."""
    seen = []
    summarise = stats.summarise

    def counting(values: Sequence[float]) -> stats.Summary | None:
        seen.append(len(values))
        return summarise(values)

    monkeypatch.setattr(stats, "summarise", counting)
    course = Course(Schedule(CELLS, seed=4, budget_s=1e6))
    while step := course.next(0.0):
        course.progress(0.0)
        seen.clear()
        rate = 100.0 + len(course.history) % 3
        course.add(TrialSummary(step.cell, step.round, rate, failed=False, disturbed=False, wall_s=1.0))
        course.next(0.0)
        course.progress(0.0)
        assert seen == [course.had(step.cell)]
    assert len(course.history) > 100


class TestShares:
    """Loads at a share of a capacity: they wait for it, keep it, and are not asked for where there will be none."""

    CLOSED = CELLS[0]
    HALF = replace(CLOSED, share=0.5)
    FIXED = replace(CLOSED, rate=1000.0)

    def done(self, step: Step, rate: float | None = 100.0) -> TrialSummary:
        return TrialSummary(step.cell, step.round, rate, failed=rate is None, disturbed=False, wall_s=1.0)

    def course(self, *cells: Cell, **rule: int | float) -> Course:
        return Course(Schedule(cells, seed=4, **{"trials": 3, **rule}))  # type: ignore[arg-type]

    def carried_on(self, course: Course, rates: Sequence[float | None]) -> list[Step]:
        """All steps of a run whose closed trials have these rates, in turn."""
        steps, left = [], iter(rates)
        while step := course.next(0.0):
            steps.append(step)
            course.add(self.done(step, 400.0 if step.cell.is_paced else next(left)))
        return steps

    def test_they_wait_for_the_capacity_and_what_has_a_rate_of_its_own_does_not(self) -> None:
        steps = self.carried_on(self.course(self.HALF, self.FIXED, self.CLOSED), [90.0, 100.0, 110.0])
        closed = max(place for place, step in enumerate(steps) if step.cell == self.CLOSED)
        assert min(place for place, step in enumerate(steps) if step.cell == self.HALF) > closed
        assert min(place for place, step in enumerate(steps) if step.cell == self.FIXED) < closed
        assert Counter(step.cell for step in steps) == {self.CLOSED: 3, self.HALF: 3, self.FIXED: 3}

    def test_the_rate_is_the_share_of_the_geometric_mean_of_the_first_trials(self) -> None:
        steps = self.carried_on(self.course(self.HALF, self.FIXED, self.CLOSED), [80.0, 100.0, 125.0])
        (rate,) = {step.rate for step in steps if step.cell == self.HALF}
        assert rate == pytest.approx(50.0)
        assert {step.rate for step in steps if step.cell == self.FIXED} == {1000.0}
        assert {step.rate for step in steps if step.cell == self.CLOSED} == {None}

    def test_later_trials_of_the_capacity_do_not_move_it(self) -> None:
        course = self.course(self.HALF, self.CLOSED, trials=None, precision=0.01, max_trials=8)  # type: ignore[arg-type]
        steps = self.carried_on(course, [80.0, 100.0, 125.0, 200.0, 210.0, 220.0, 230.0, 240.0])
        assert sum(step.cell == self.CLOSED for step in steps) > 3
        (rate,) = {step.rate for step in steps if step.cell == self.HALF}
        assert rate == pytest.approx(50.0)

    def test_where_the_capacity_fails_there_are_none(self) -> None:
        course = self.course(self.HALF, self.CLOSED)
        steps = self.carried_on(course, [None, None])
        assert [step.cell for step in steps] == [self.CLOSED] * 2
        told = course.progress(0.0)
        assert (told.failed, told.open, told.expected_total) == (2, 0, 2)

    def test_nor_where_it_is_not_measured_at_all(self) -> None:
        assert self.course(self.HALF).next(0.0) is None

    def test_the_order_of_the_others_is_as_it_would_be_without_rates(self) -> None:
        """A shuffle is of all cells, so cells that are added change it; but those that wait do not."""
        one, other = (self.course(*CELLS, self.HALF) for _ in range(2))
        for step in (one.next(0.0), other.next(0.0)):
            assert step is not None
            assert not step.cell.share
        plain = self.carried_on(self.course(*CELLS), [100.0] * 99)
        assert plain == self.carried_on(self.course(*reversed(CELLS)), [100.0] * 99)

    def test_a_run_that_is_resumed_goes_on_as_it_would_have(self) -> None:
        cells = (*CELLS, self.HALF, replace(CELLS[1], share=0.9), self.FIXED)
        whole = self.course(*cells)
        steps = self.carried_on(whole, [100.0 + n for n in range(99)])
        for cut in range(len(steps)):
            again = Course(whole.schedule, whole.history[:cut])
            assert again.next(0.0) == steps[cut]
        assert Course(whole.schedule, whole.history).next(0.0) is None
