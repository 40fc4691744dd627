"""The schedule: order, fairness, precision, budget, failed and disturbed cells, and going on after a death."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.errors import PlanError
from runner.judging.course import Course
from runner.judging.levels import Stopping
from runner.judging.schedule import CONFIRMATIONS, REPEATS, Progress, Schedule, Step, TrialSummary, counted, order
from runner.judging.stats import mean_interval, rank_ranges
from runner.record.plan import Cell
from runner.suite.plans import PROFILES

WALL_S = 1.5


def cells(*names: str, depth: int = 5) -> tuple[Cell, ...]:
    return tuple(Cell(name, "3.13.0", depth, 50, 1) for name in names)


@dataclass(frozen=True)
class Server:
    """How a cell's trials turn out, each depending on the cell and the trial's number alone."""

    rate: float = 10_000.0
    sd: float = 0.02
    wall_s: float = WALL_S
    fails: Callable[[int], bool] = lambda number: False
    disturbed: Callable[[int], bool] = lambda number: False

    def trial(self, step: Step, number: int) -> TrialSummary:
        failed = self.fails(number)
        rng = random.Random(f"{step.cell.id} {number}")
        return TrialSummary(
            cell=step.cell,
            round=step.round,
            rate=None if failed else self.rate * math.exp(rng.gauss(0, self.sd)),
            failed=failed,
            disturbed=self.disturbed(number),
            wall_s=self.wall_s,
        )


def carry_on(
    schedule: Schedule, servers: Mapping[Cell, Server], history: Sequence[TrialSummary] = ()
) -> list[TrialSummary]:
    """Run until the schedule has nothing more."""
    course = Course(schedule, history)
    while step := course.next(sum(trial.wall_s for trial in course.history)):
        course.add(servers[step.cell].trial(step, course.had(step.cell)))
        assert len(course.history) < 5000
    return list(course.history)


def progress(schedule: Schedule, trials: Sequence[TrialSummary], elapsed_s: float) -> Progress:
    """How far a run with these trials is."""
    return Course(schedule, trials).progress(elapsed_s)


def every(schedule: Schedule, server: Server) -> dict[Cell, Server]:
    return dict.fromkeys(schedule.cells, server)


def numbers(trials: Sequence[TrialSummary]) -> Counter[Cell]:
    return Counter(trial.cell for trial in trials)


def rates(trials: Sequence[TrialSummary], cell: Cell) -> list[float]:
    return [trial.rate for trial in trials if trial.cell == cell and trial.rate is not None]


# --- order ----------------------------------------------------------------------------------------------------------


def test_the_order_of_a_round_is_written_down() -> None:
    """A change to it would make a resumed run another run."""
    names = ["".join(cell.adapter for cell in order(1, round_, cells(*"abcde"))) for round_ in (1, 2, 3)]
    assert names == ["cdaeb", "abcde", "daecb"]


@given(st.integers(), st.integers(1, 10_000), st.permutations(cells("a", "b", "c", "d", "e", "f")))
def test_the_order_depends_on_seed_round_and_cells_alone(seed: int, round_: int, shuffled: list[Cell]) -> None:
    found = order(seed, round_, shuffled)
    assert found == order(seed, round_, sorted(shuffled))
    assert sorted(found) == sorted(shuffled)


def test_every_cell_comes_in_every_place_equally_often() -> None:
    names = cells("a", "b", "c", "d")
    places = Counter((cell, place) for r in range(4000) for place, cell in enumerate(order(7, r, names)))
    assert len(places) == 16
    assert all(900 < times < 1100 for times in places.values())


def test_cells_with_and_without_an_interpreter_have_an_order() -> None:
    mixed = (Cell("go", None, 1, 50, 1), Cell("go", "3.13.0", 1, 50, 1), Cell("go", "3.12.0", 1, 50, 1))
    assert sorted(order(1, 1, mixed), key=str) == sorted(mixed, key=str)


# --- rounds and the minimum -----------------------------------------------------------------------------------------


def test_a_round_holds_each_of_its_cells_once_and_in_its_order() -> None:
    schedule = Schedule(cells("a", "b", "c", "d", "e"), seed=3, budget_s=120)
    trials = carry_on(schedule, every(schedule, Server(sd=0.03)))
    assert [trial.round for trial in trials] == sorted(trial.round for trial in trials)
    for round_, group in groupby(trials, key=lambda trial: trial.round):
        had = [trial.cell for trial in group]
        assert had == [cell for cell in order(3, round_, schedule.cells) if cell in had]
        assert len(had) == len(set(had))


def test_a_fixed_number_of_trials() -> None:
    schedule = Schedule(cells("a", "b", "c"), seed=1, trials=2)
    trials = carry_on(schedule, every(schedule, Server(sd=0.2)))
    assert numbers(trials) == dict.fromkeys(schedule.cells, 2)
    assert [trial.round for trial in trials] == [1, 1, 1, 2, 2, 2]
    assert schedule.stopping is Stopping.FIXED


def test_at_least_three_trials_however_quiet() -> None:
    schedule = Schedule(cells("a", "b"), seed=1)
    trials = carry_on(schedule, every(schedule, Server(sd=1e-6)))
    assert numbers(trials) == dict.fromkeys(schedule.cells, 3)


def test_no_cell_gets_a_fourth_trial_before_all_have_three() -> None:
    schedule = Schedule(cells(*"abcdefgh"), seed=5)
    disturbed_first = Server(sd=0.05, disturbed=lambda number: number == 0)
    servers = every(schedule, Server(sd=0.05)) | {schedule.cells[2]: disturbed_first}
    trials = carry_on(schedule, servers)
    fourth = next(i for i, trial in enumerate(trials) if numbers(trials[:i])[trial.cell] == 3)
    undisturbed = numbers([trial for trial in trials[:fourth] if not trial.disturbed])
    assert all(undisturbed[cell] >= 3 for cell in schedule.cells if cell != schedule.cells[2])
    assert trials[fourth].cell == schedule.cells[2]


# --- precision ------------------------------------------------------------------------------------------------------


def test_each_cell_goes_on_until_its_interval_is_narrow_enough_and_no_longer() -> None:
    schedule = Schedule(cells("a", "b", "c", "d"), seed=2, precision=0.02)
    servers = {cell: Server(sd=sd) for cell, sd in zip(schedule.cells, (0.001, 0.01, 0.015, 0.02), strict=True)}
    trials = carry_on(schedule, servers)
    for cell in schedule.cells:
        values = rates(trials, cell)
        last, before = mean_interval(values), mean_interval(values[:-1])
        assert last is not None
        assert last.relative_half_width <= 0.02
        assert before is None or before.relative_half_width > 0.02
    assert numbers(trials)[schedule.cells[3]] > numbers(trials)[schedule.cells[0]]


def test_a_cell_that_never_gets_there_ends_at_the_most_trials() -> None:
    schedule = Schedule(cells("wild", "calm"), seed=2, max_trials=9)
    trials = carry_on(schedule, {schedule.cells[0]: Server(sd=0.5), schedule.cells[1]: Server(sd=0.001)})
    assert numbers(trials) == {schedule.cells[0]: 9, schedule.cells[1]: 3}
    found = progress(schedule, trials, 0)
    assert (found.reached, found.exhausted, found.open) == (1, 1, 0)


@pytest.mark.parametrize(
    "wrong",
    [{"trials": 0}, {"min_trials": 2}, {"max_trials": 2}, {"max_trials": 41}, {"precision": 0.0}],
)
def test_plans_that_cannot_be_measured_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(PlanError, match=r"ask for|takes at least"):
        Schedule(cells("a"), seed=1, **wrong)  # type: ignore[arg-type]


def test_every_profile_can_be_scheduled() -> None:
    for plan in PROFILES.values():
        schedule = Schedule.of(plan, iter(cells("a", "b")))
        assert schedule.cells == cells("a", "b")
        assert schedule.budget_s == plan.budget_s
        assert schedule.stopping is (Stopping.PRECISION if plan.trials is None else Stopping.FIXED)
        assert Course(schedule, []).next(0) == Step(order(plan.seed, 1, cells("a", "b"))[0], 1)


# --- the budget -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("budget_s", [1.0, 7.0, 20.0, 31.0, 64.0, 200.0])
def test_the_budget_is_kept_and_used(budget_s: float) -> None:
    schedule = Schedule(cells(*"abcdefgh"), seed=4, budget_s=budget_s)
    trials = carry_on(schedule, every(schedule, Server(sd=0.06)))
    spent = WALL_S * len(trials)
    assert spent <= max(budget_s, WALL_S)
    assert spent > budget_s - WALL_S


def test_where_the_budget_ends_early_all_cells_have_equally_many() -> None:
    for budget_s in range(2, 60, 3):
        schedule = Schedule(cells(*"abcdefgh"), seed=4, budget_s=budget_s)
        trials = carry_on(schedule, every(schedule, Server(sd=0.06)))
        had = [numbers(trials)[cell] for cell in schedule.cells]
        assert max(had) - min(had) <= 1


def test_a_budget_is_no_reason_to_start_a_trial_that_does_not_fit() -> None:
    slow, quick = cells("slow", "quick")
    schedule = Schedule((slow, quick), seed=4, budget_s=60)
    trials = carry_on(schedule, {slow: Server(sd=0.5, wall_s=10), quick: Server(sd=0.5)})
    assert 45 < sum(trial.wall_s for trial in trials) <= 60


def test_time_that_was_spent_elsewhere_counts() -> None:
    schedule = Schedule(cells("a", "b"), seed=1, budget_s=100)
    begun = carry_on(replace(schedule, budget_s=10), every(schedule, Server(sd=0.5)))
    assert Course(schedule, begun).next(50) is not None
    assert Course(schedule, begun).next(99) is None


def test_the_last_budget_goes_to_what_cannot_be_told_apart() -> None:
    schedule = Schedule(cells("alone", "one", "other"), seed=6, budget_s=60)
    level = dict(zip(schedule.cells, (20_000.0, 10_000.0, 10_050.0), strict=True))
    trials = carry_on(schedule, {cell: Server(rate=rate, sd=0.01) for cell, rate in level.items()})
    alone, one, other = (numbers(trials)[cell] for cell in schedule.cells)
    assert alone < 8
    assert abs(one - other) <= 1
    assert one > 12


def test_the_last_budget_ends_when_all_are_told_apart() -> None:
    schedule = Schedule(cells("a", "b", "c"), seed=6, budget_s=1000)
    level = dict(zip(schedule.cells, (10_000.0, 11_000.0, 12_100.0), strict=True))
    trials = carry_on(schedule, {cell: Server(rate=rate) for cell, rate in level.items()})
    ranges = rank_ranges({cell: rates(trials, cell) for cell in schedule.cells}, stopping=Stopping.ANY)
    assert all(found.low == found.high for found in ranges.values())
    assert WALL_S * len(trials) < 200


def test_cells_of_different_groups_are_not_compared() -> None:
    schedule = Schedule((*cells("a", depth=1), *cells("a", depth=5), *cells("a", depth=16)), seed=6, budget_s=1000)
    trials = carry_on(schedule, every(schedule, Server(sd=0.001)))
    assert len(trials) == 9


def test_without_a_budget_nothing_is_left_to_spend() -> None:
    schedule = Schedule(cells("a", "b"), seed=6)
    trials = carry_on(schedule, every(schedule, Server(sd=0.001)))
    assert len(trials) == 6


def test_an_eternal_tie_ends_at_the_most_trials() -> None:
    schedule = Schedule(cells("a", "b"), seed=6, budget_s=1e6, max_trials=12)
    trials = carry_on(schedule, every(schedule, Server(rate=100, sd=0.02)))
    assert set(numbers(trials).values()) == {12}


# --- cells that fail ------------------------------------------------------------------------------------------------


def test_a_failed_cell_is_confirmed_and_left_alone() -> None:
    schedule = Schedule(cells("a", "broken", "c"), seed=8, budget_s=600)
    broken = Server(fails=lambda number: True, wall_s=15)
    trials = carry_on(schedule, every(schedule, Server()) | {schedule.cells[1]: broken})
    assert [trial.round for trial in trials if trial.cell == schedule.cells[1]] == [1, 2]
    assert CONFIRMATIONS == 2
    assert progress(schedule, trials, 100).failed == 1


def test_a_fixed_number_of_trials_does_not_repeat_what_is_broken() -> None:
    schedule = Schedule(cells("a", "broken"), seed=8, trials=10)
    trials = carry_on(schedule, {schedule.cells[0]: Server(), schedule.cells[1]: Server(fails=lambda number: True)})
    assert numbers(trials) == {schedule.cells[0]: 10, schedule.cells[1]: 2}


def test_one_failure_is_replaced_by_another_trial() -> None:
    schedule = Schedule(
        cells(
            "once",
        ),
        seed=8,
    )
    trials = carry_on(schedule, every(schedule, Server(sd=0.001, fails=lambda number: number == 1)))
    assert [trial.failed for trial in trials] == [False, True, False, False]
    assert progress(schedule, trials, 0).reached == 1


def test_a_run_where_everything_is_broken_ends() -> None:
    schedule = Schedule(cells("a", "b"), seed=8, budget_s=1000)
    trials = carry_on(schedule, every(schedule, Server(fails=lambda number: True)))
    found = progress(schedule, trials, 6)
    assert len(trials) == 4
    assert (found.failed, found.open, found.expected_total, found.eta_s) == (2, 0, 4, 0)


# --- disturbed trials -----------------------------------------------------------------------------------------------


def test_a_disturbed_trial_is_kept_and_repeated_in_a_later_round() -> None:
    schedule = Schedule(cells("a", "b"), seed=9, trials=3)
    servers = {schedule.cells[0]: Server(disturbed=lambda number: number == 1), schedule.cells[1]: Server()}
    trials = carry_on(schedule, servers)
    assert [t.disturbed for t in trials if t.cell == schedule.cells[0]] == [False, True, False, False]
    assert numbers(trials)[schedule.cells[1]] == 3


def test_where_disturbance_is_the_rule_repeating_ends() -> None:
    schedule = Schedule(cells("a", "b"), seed=9, trials=5)
    trials = carry_on(schedule, every(schedule, Server(disturbed=lambda number: True)))
    assert numbers(trials) == dict.fromkeys(schedule.cells, 5 + REPEATS)
    adaptive = replace(schedule, trials=None, precision=0.05)
    trials = carry_on(adaptive, every(schedule, Server(disturbed=lambda number: True)))
    assert min(numbers(trials).values()) >= 3 + REPEATS
    assert progress(adaptive, trials, 0).reached == 2


def test_a_disturbed_rate_has_no_say_in_the_interval() -> None:
    """An outlier that would keep the interval wide for ever: marked as disturbed, it does not."""
    schedule = Schedule(
        cells(
            "a",
        ),
        seed=9,
        max_trials=20,
    )
    (cell,) = schedule.cells
    outlier = TrialSummary(cell, 1, 5_000.0, failed=False, disturbed=True, wall_s=WALL_S)
    marked = carry_on(schedule, every(schedule, Server(sd=0.002)), [outlier])
    unmarked = carry_on(schedule, every(schedule, Server(sd=0.002)), [replace(outlier, disturbed=False)])
    assert len(marked) == 4
    assert len(unmarked) == 20


def test_which_trials_count() -> None:
    calm = TrialSummary(cells("a")[0], 1, 100.0, failed=False, disturbed=False, wall_s=1)
    shaken = replace(calm, disturbed=True)

    def of(trials: list[TrialSummary], needed: int = 3) -> tuple[TrialSummary, ...]:
        return counted(trials, lambda trial: trial.disturbed, needed)

    assert of([shaken, calm, calm, shaken, calm]) == (calm, calm, calm)
    assert of([shaken, calm, calm]) == (shaken, calm, calm)
    assert of([shaken, calm], needed=1) == (calm,)
    assert of([shaken]) == (shaken,)
    assert of([]) == ()


# --- going on -------------------------------------------------------------------------------------------------------

MIXED = Schedule((*cells("a", "b", "c", "broken"), *cells("a", "shaken", depth=16)), seed=10, budget_s=90)
MIXED_SERVERS = dict(
    zip(
        MIXED.cells,
        (
            Server(sd=0.03),
            Server(rate=10_100, sd=0.01),
            Server(rate=13_000, sd=0.001, fails=lambda number: number == 1),
            Server(fails=lambda number: True, wall_s=6),
            Server(sd=0.02),
            Server(sd=0.01, disturbed=lambda number: number % 2 == 0),
        ),
        strict=True,
    )
)


def test_a_history_cut_anywhere_goes_on_to_the_same_end() -> None:
    """Nothing lost, nothing twice: what a killed run has recorded is all that matters."""
    whole = carry_on(MIXED, MIXED_SERVERS)
    assert len(whole) > 40
    for cut in range(len(whole)):
        assert carry_on(MIXED, MIXED_SERVERS, whole[:cut]) == whole


def test_the_same_plan_and_seed_give_the_same_run_and_another_seed_another() -> None:
    one, again = carry_on(MIXED, MIXED_SERVERS), carry_on(replace(MIXED, cells=MIXED.cells[::-1]), MIXED_SERVERS)
    other = carry_on(replace(MIXED, seed=11), MIXED_SERVERS)
    assert [trial.cell for trial in one] == [trial.cell for trial in again]
    assert [trial.cell for trial in one] != [trial.cell for trial in other]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_happens_the_run_ends_in_rounds(data: st.DataObject) -> None:
    schedule = Schedule(
        cells(*"abcd"),
        seed=data.draw(st.integers(0, 99)),
        trials=data.draw(st.one_of(st.none(), st.integers(1, 6))),
        max_trials=data.draw(st.integers(3, 12)),
        budget_s=data.draw(st.one_of(st.none(), st.floats(0, 60))),
    )
    servers = {
        cell: Server(
            rate=data.draw(st.sampled_from([0.0, 100.0, 101.0, 200.0])),
            sd=data.draw(st.sampled_from([0.0, 0.01, 0.3])),
            wall_s=data.draw(st.floats(0.5, 5)),
            fails=data.draw(st.sampled_from([lambda n: False, lambda n: True, lambda n: n == 2])),
            disturbed=data.draw(st.sampled_from([lambda n: False, lambda n: True, lambda n: n % 2 == 0])),
        )
        for cell in schedule.cells
    }
    trials = carry_on(schedule, servers)
    assert trials
    assert len({(trial.cell, trial.round) for trial in trials}) == len(trials)
    assert all(after.round - before.round in {0, 1} for before, after in pairwise(trials))
    most = schedule.max_trials if schedule.trials is None else schedule.trials + REPEATS + CONFIRMATIONS - 1
    assert max(numbers(trials).values()) <= most
    found = progress(schedule, trials, sum(trial.wall_s for trial in trials))
    assert found.reached + found.failed + found.exhausted + found.open == 4


# --- progress -------------------------------------------------------------------------------------------------------


def test_progress_before_the_first_trial() -> None:
    found = progress(Schedule(cells("a", "b"), seed=1, trials=4), [], 0)
    assert (found.done, found.expected_total, found.eta_s, found.open) == (0, 8, None, 2)


def test_progress_of_a_fixed_number_of_trials_is_exact() -> None:
    schedule = Schedule(cells("a", "b", "c"), seed=1, trials=4)
    whole = carry_on(schedule, every(schedule, Server()))
    for done in range(1, 13):
        found = progress(schedule, whole[:done], WALL_S * done)
        assert found.expected_total == 12
        assert found.eta_s == pytest.approx(WALL_S * (12 - done))
    assert progress(schedule, whole, 0).reached == 3


def test_progress_guesses_the_total_within_reason_and_never_beyond_the_budget() -> None:
    schedule = Schedule(cells(*"abcdefgh"), seed=1, budget_s=80)
    whole = carry_on(schedule, every(schedule, Server(sd=0.02)))
    for done in range(1, len(whole)):
        found = progress(schedule, whole[:done], WALL_S * done)
        assert found.eta_s is not None
        assert found.eta_s <= 80 - WALL_S * done
        assert found.done == done
        if done >= 24:
            assert found.expected_total == pytest.approx(len(whole), rel=0.2)
    reached = [progress(schedule, whole[:done], 0).reached for done in range(len(whole))]
    assert reached[0] == 0
    assert reached[-1] >= 6
