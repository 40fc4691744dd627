"""A course over several pairs of machines."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from runner.judging.course import Course
from runner.judging.schedule import Schedule, Step, TrialSummary
from runner.record.plan import Cell

CELLS = tuple(Cell(f"server-{n}", "3.13.0", 1, 50, 1) for n in range(4))
SPEED = {"a": 1.0, "b": 1.4, "c": 0.8}


def done(step: Step, block: str, rng: random.Random, rate: float | None = None) -> TrialSummary:
    rate = rate or 1000 * SPEED[block] * rng.lognormvariate(0, 0.01)
    return TrialSummary(step.cell, step.round, rate, failed=False, disturbed=False, wall_s=1.0, block=block)


def carry_on(course: Course, blocks: str, most: int = 1000) -> list[tuple[str, Step]]:
    """Let each pair have its turn until none has anything to do."""
    rng = random.Random(3)
    dealt: list[tuple[str, Step]] = []
    while len(dealt) < most:
        steps = [(block, step) for block in blocks if (step := course.deal(0.0, block)) is not None]
        if not steps:
            break
        for block, step in steps:
            course.add(done(step, block, rng))
        dealt += steps
    return dealt


def test_a_fixed_number_is_shared_so_that_each_pair_has_the_same_of_every_cell() -> None:
    course = Course(Schedule(CELLS, seed=1, trials=4), blocks=("a", "b"))
    had = Counter((block, step.cell) for block, step in carry_on(course, "ab"))
    assert had == {(block, cell): 2 for block in "ab" for cell in CELLS}


def test_each_pair_has_an_order_of_its_own() -> None:
    dealt = carry_on(Course(Schedule(CELLS, seed=1, trials=6), blocks=("a", "b")), "ab")
    orders = [[step.cell for who, step in dealt if who == block] for block in "ab"]
    assert orders[0] != orders[1]
    assert sorted(orders[0], key=str) == sorted(orders[1], key=str)


@pytest.mark.parametrize("blocks", ["ab", "abc"])
def test_every_cell_is_measured_on_every_pair_before_any_has_its_minimum(blocks: str) -> None:
    course = Course(Schedule(CELLS, seed=1, precision=0.05), blocks=tuple(blocks))
    had = Counter((block, step.cell) for block, step in carry_on(course, blocks))
    assert all(had[block, cell] >= 2 for block in blocks for cell in CELLS)


def test_pairs_of_other_speed_do_not_keep_a_run_from_its_precision() -> None:
    course = Course(Schedule(CELLS, seed=1, precision=0.05), blocks=("a", "b"))
    carry_on(course, "ab")
    assert course.progress(0.0).reached == len(CELLS)
    assert len(course.history) <= 6 * len(CELLS)


def test_a_paced_load_is_a_share_of_what_the_server_can_do_on_that_pair() -> None:
    paced = replace(CELLS[0], share=0.5)
    course = Course(Schedule((CELLS[0], paced), seed=1, trials=4), blocks=("a", "b"))
    rng = random.Random(1)
    offered: dict[str, set[int]] = {"a": set(), "b": set()}
    while steps := [(block, step) for block in "ab" if (step := course.deal(0.0, block)) is not None]:
        for block, step in steps:
            if step.rate is not None:
                offered[block].add(round(step.rate))
            course.add(done(step, block, rng, rate=1000 * SPEED[block]))
    assert offered == {"a": {500}, "b": {700}}


def test_a_pair_that_leaves_early_counts_for_nothing_and_what_it_owed_is_not_waited_for() -> None:
    course = Course(Schedule(CELLS, seed=1, trials=4), blocks=("a", "b"))
    carry_on(course, "ab", most=4)  # two cells on each
    course.leave("b")
    dealt = carry_on(course, "a")
    assert Counter(step.cell for _, step in dealt)[CELLS[0]] >= 3
    had = Counter(one.cell for one in course.history if one.block == "a")
    assert had == dict.fromkeys(CELLS, 4)


def test_a_pair_that_had_measured_all_keeps_its_share() -> None:
    course = Course(Schedule(CELLS, seed=1, trials=4), blocks=("a", "b"))
    carry_on(course, "ab")
    course.leave("b")
    assert course.deal(0.0, "a") is None


def test_a_pair_that_joins_late_catches_up() -> None:
    course = Course(Schedule(CELLS, seed=1, trials=4), blocks=("a",))
    carry_on(course, "a", most=6)
    course.join("b")
    carry_on(course, "ab")
    had = Counter((one.block, one.cell) for one in course.history)
    assert all(had["b", cell] == 2 for cell in CELLS)


def test_a_lost_trial_is_dealt_again() -> None:
    course = Course(Schedule(CELLS, seed=1, trials=2), blocks=("a", "b"))
    lost = course.deal(0.0, "a")
    course.leave("a")
    course.join("a")
    assert course.deal(0.0, "a") == lost


def test_a_run_goes_on_from_its_record() -> None:
    schedule = Schedule(CELLS, seed=1, trials=4)
    whole = Course(schedule, blocks=("a", "b"))
    carry_on(whole, "ab", most=9)
    again = Course(schedule, whole.history, blocks=("a", "b"))
    carry_on(again, "ab")
    had = Counter((one.block, one.cell) for one in again.history)
    assert had == {(block, cell): 2 for block in "ab" for cell in CELLS}
