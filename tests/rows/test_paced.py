"""Trials of paced loads as what a row says of them: latency of loads that were held, and else the reason."""

from __future__ import annotations

from dataclasses import replace
from statistics import geometric_mean
from typing import Any

import pytest

from runner.judging.levels import Stopping
from runner.record.plan import Cell
from runner.record.trial import Failure, Trial, Verdict
from runner.rows import cells, rows
from runner.rows.cells import CellTrials
from runner.rows.paced import FAR_TAIL_SAMPLES, paced
from runner.rows.row import Paced, Row
from tests import builders
from tests.builders import SECOND_NS
from tests.rows.test_rows import at

CLOSED = builders.cell()
AT_75 = replace(CLOSED, share=0.75)


def held(us: int = 400, number: int = 1, cell: Cell = AT_75, **load: Any) -> Trial:
    return builders.trial(cell=cell, number=number, load=builders.paced_load(us, **load))


def shown(*trials: Trial) -> Paced:
    """What a run of these trials shows of their cell."""
    cell = trials[0].cell
    own = cells.by_cell(builders.run(cells=(cell,)), trials)[cell]
    return paced(cell, own, Stopping.FIXED)


class TestHeld:
    def test_its_percentiles_are_means_over_trials_with_an_interval(self) -> None:
        found = shown(*(held(us, number) for number, us in enumerate((390, 400, 412), start=1)))
        assert (found.share, found.rate, found.burst, found.trials) == (0.75, None, 5, 3)
        assert (found.verdict, found.reason) == (Verdict.MEASURED, "")
        for estimate in (found.p50_us, found.p99_us):
            assert estimate is not None
            assert estimate.mean == pytest.approx(geometric_mean((390, 400, 412)))
            assert estimate.low is not None
            assert estimate.high is not None
            assert estimate.low < 390
            assert estimate.high > 412

    def test_the_far_tail_is_of_all_samples_and_needs_a_thousand(self) -> None:
        assert FAR_TAIL_SAMPLES == 1000
        four, five = (shown(*(held(400 + n, n) for n in range(1, number + 1))) for number in (4, 5))
        assert (four.samples, four.p99_9_us, four.max_us) == (800, None, 404)
        assert (five.samples, five.p99_9_us, five.max_us) == (1000, 405, 405)

    def test_what_was_offered_and_answered_is_of_all_trials(self) -> None:
        asked = [builders.arrivals(offered_per_second=rate, answered_per_second=rate - 2) for rate in (990.0, 1010.0)]
        found = shown(*(held(number=n, asked=one) for n, one in enumerate(asked, start=1)))
        assert (found.offered_per_second, found.answered_per_second) == (1000, 998)

    def test_the_worst_lag_is_told(self) -> None:
        lags = (builders.spread_of(7), builders.spread_of(30), None)
        found = shown(*(held(number=n, seen={"lag": lag}) for n, lag in enumerate(lags, start=1)))
        assert found.lag_p99_us == 30

    def test_a_cost_at_that_load_is_told(self) -> None:
        found = shown(held())
        assert found.cpu_us_per_request is not None
        assert found.cpu_us_per_request.mean == pytest.approx(0.98e6 / 1000)

    def test_disturbed_trials_do_not_count(self) -> None:
        noise = builders.surroundings(other_cpu_ns=SECOND_NS)
        found = shown(*(held(400, n) for n in (1, 2, 3)), replace(held(9000, 4), surroundings=noise))
        assert (found.trials, found.max_us) == (4, 400)

    @pytest.mark.parametrize(
        ("cell", "load"),
        [
            ({"share": 0.75}, "75 %"),
            ({"share": 0.125}, "12.5 %"),
            ({"rate": 5000.0}, "5 000/s"),
            ({"rate": 800.0}, "800/s"),
        ],
    )
    def test_its_load_in_words(self, cell: dict[str, Any], load: str) -> None:
        assert shown(held(cell=replace(CLOSED, **cell))).load == load

    def test_its_bursts_are_the_cells(self) -> None:
        assert shown(held(cell=replace(AT_75, burst=1))).burst == 1


class TestNotHeld:
    def nothing(self, found: Paced) -> None:
        assert (found.p50_us, found.p99_us, found.p99_9_us, found.max_us, found.samples) == (None, None, None, None, 0)
        assert (found.lag_p99_us, found.cpu_us_per_request) == (None, None)

    def test_a_saturated_one_has_no_latency_and_says_so(self) -> None:
        asked = builders.arrivals(answered_per_second=600.0, backlog=80)
        found = shown(*(held(number=n, asked=asked) for n in (1, 2, 3)))
        assert found.verdict is Verdict.SATURATED
        assert found.reason.endswith("the queue grows as long as the load lasts")
        assert (found.offered_per_second, found.answered_per_second) == (1000, 600)
        self.nothing(found)

    def test_nor_has_one_whose_generator_was_late(self) -> None:
        found = shown(held(seen={"lag": builders.spread_of(5000)}))
        assert found.verdict is Verdict.GENERATOR_BOUND
        self.nothing(found)

    def test_saturation_in_one_trial_of_three_is_not_the_cells(self) -> None:
        asked = builders.arrivals(answered_per_second=600.0, backlog=80)
        found = shown(held(number=1), held(number=2), held(number=3, asked=asked))
        assert found.verdict is Verdict.MEASURED
        assert found.trials == 3

    def test_a_trial_without_proof_has_no_part_in_it(self) -> None:
        found = shown(*(held(400, n) for n in (1, 2)), held(9000, 3, seen={"clock_step_ns": 10**9}))
        assert (found.max_us, found.samples) == (400, 400)

    def test_nor_one_with_fewer_than_a_hundred_samples(self) -> None:
        few = held(histogram=((400, 99),), seen={"batches": replace(held().load.volley.batches, answered=99)})  # type: ignore[union-attr]
        assert cells.tail_us(few) is None
        self.nothing(shown(few))

    def test_a_failure_is_the_cells(self) -> None:
        died = builders.trial(cell=AT_75, load=None, failure=Failure(Verdict.STALLED, "volley did not end within 16 s"))
        found = shown(died)
        assert (found.verdict, found.reason) == (Verdict.STALLED, "volley did not end within 16 s")
        assert (found.offered_per_second, found.answered_per_second) == (None, None)
        self.nothing(found)


class TestRows:
    def rows(self, *trials: Trial) -> tuple[Row, ...]:
        made = dict.fromkeys(trial.cell for trial in trials)
        return rows.rows(builders.run(cells=tuple(made)), trials)

    def test_paced_cells_stand_in_the_row_of_their_closed_one_by_load(self) -> None:
        loads = [replace(CLOSED, share=0.9), replace(CLOSED, share=0.5), replace(CLOSED, rate=10.0)]
        (row,) = self.rows(at(1.0), *(held(cell=cell) for cell in loads))
        assert [one.load for one in row.paced] == ["10/s", "50 %", "90 %"]
        assert row.trials == 1

    def test_each_stands_in_its_own(self) -> None:
        deep = builders.cell(depth=16)
        found = self.rows(at(1.0), at(1.0, cell=deep), held(), held(cell=replace(deep, share=0.5)))
        assert {row.depth: [one.load for one in row.paced] for row in found} == {5: ["75 %"], 16: ["50 %"]}

    def test_none_was_asked_for(self) -> None:
        (row,) = self.rows(at(1.0))
        assert row.paced == ()

    def test_they_take_no_rank_and_no_rate_from_it(self) -> None:
        alone, beside = self.rows(at(1.0)), self.rows(at(1.0), held())
        assert replace(beside[0], paced=()) == alone[0]


def test_trials_are_those_that_the_rule_counts() -> None:
    """The same as of closed cells: see ``cells.usable``."""
    own = CellTrials.of([held()], None, builders.plan())
    assert own.used == (held(),)
