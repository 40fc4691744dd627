"""The suite measured by itself: what it makes of sessions in which the truth is known."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from runner.errors import RecordError
from runner.proving import selftest
from runner.record import store
from runner.record.trial import Trial
from runner.report.tables import trust
from runner.rows.planted import AGAIN, BASE, PLANTED, Outcome
from runner.rows.planted import share as share_of
from tests import builders
from tests.rows.test_rows import at

FACTORS = (0.998, 1.0, 1.002, 1.001)
"""What four trials of one server differ by."""


def trials(name: str, rate: float) -> list[Trial]:
    """Four trials of a server that is always busy: a request costs it the more CPU time the slower it is."""
    cell = builders.cell(adapter=name, python=None)
    return [at(rate * factor, name, cell=cell, number=number) for number, factor in enumerate(FACTORS, 1)]


def session(folder: Path, number: int, rates: dict[str, float], *, finished: bool = True) -> None:
    """A session's record in which each server has its rate."""
    made = store.create(folder, f"20261121T0000{number:02}-session-{number:03}")
    records = tuple(builders.adapter_record(name=name, python=None) for name in rates)
    cells = tuple(builders.cell(adapter=name, python=None) for name in rates)
    head = builders.run(id=made.path.name, adapters=records, cells=cells)
    made.write_run(head if finished else replace(head, finished_at=None))
    for name, rate in rates.items():
        for trial in trials(name, rate):
            made.append(trial)


class TestEvaluation:
    @pytest.fixture
    def outcome(self, tmp_path: Path) -> Outcome:
        """Nine of ten planted 5 % are there, once the other way round; one pair of equals differs."""
        for number in range(1, 11):
            planted = {10: 1.05, 9: 1.0}.get(number, 1 / 1.05)
            session(tmp_path, number, {BASE: 1.0, AGAIN: 1.1 if number == 4 else 1.0, "planted-5": planted})
        session(tmp_path, 11, {BASE: 5.0, AGAIN: 0.1}, finished=False)
        return selftest.evaluate(tmp_path)

    def test_only_complete_sessions_count(self, outcome: Outcome) -> None:
        assert (outcome.sessions, outcome.trials, outcome.trials_per_cell, outcome.disturbed) == (10, 120, 4, 0)
        assert [level.name for level in outcome.levels] == [AGAIN, "planted-5"]

    def test_a_difference_between_equals_is_a_false_one(self, outcome: Outcome) -> None:
        again = outcome.levels[0]
        assert (again.planted_us, again.planted_share) == (0, 0)
        assert (again.different.found, again.different.of, again.wrong_way) == (1, 10, 0)
        assert (again.held.found, again.held.of) == (9, 10)

    def test_planted_ones_are_found_and_the_wrong_way_is_told(self, outcome: Outcome) -> None:
        planted = outcome.levels[1]
        assert (planted.different.found, planted.different.of, planted.wrong_way) == (9, 10, 1)
        assert planted.planted_us == PLANTED["planted-5"] / 1000
        assert planted.planted_share == pytest.approx(planted.planted_us / outcome.base_cost_us)
        assert planted.estimate == pytest.approx((8 * 1.05 + 1 + 1 / 1.05) / 10 - 1, abs=1e-3)

    def test_the_cost_and_the_spread_are_the_bases(self, outcome: Outcome) -> None:
        assert outcome.base_cost_us == pytest.approx(0.98e6 / (5 * builders.BATCHES), rel=0.002)
        logs = [math.log(factor) for factor in FACTORS]
        mean = sum(logs) / 4
        spread = math.sqrt(sum((one - mean) ** 2 for one in logs) / 3)
        assert outcome.rate_spread == pytest.approx(spread, rel=0.05)

    def test_it_is_told_in_a_table(self, outcome: Outcome) -> None:
        lines = trust.markdown(outcome).splitlines()
        assert lines[0].startswith("# ")
        again, planted = lines[-2:]
        assert again.startswith("| A/A | 0.00 µs | 1 of 10 | 10% (2% to 40%) |")
        assert "| 9 of 10 |" in planted
        assert "10 sessions, 4 trials of each server in a session, 120 trials in all, 0 of them disturbed." in lines[2]

    def test_without_a_session_that_is_an_error(self, tmp_path: Path) -> None:
        session(tmp_path, 1, {BASE: 1.0, AGAIN: 1.0}, finished=False)
        with pytest.raises(RecordError, match=r"there is no complete session in .*: run `pipebench selftest`"):
            selftest.evaluate(tmp_path)


class TestShare:
    @pytest.mark.parametrize("of", [1, 10, 200])
    def test_its_interval_is_wilsons(self, of: int) -> None:
        """The ends solve (p - share)² = z² p (1 - p) / n (Wilson 1927)."""
        z = 1.959963984540054
        for found in range(0, of + 1, max(1, of // 10)):
            share = share_of(found, of)
            assert 0 <= share.low <= found / of + 1e-12
            assert found / of - 1e-12 <= share.high <= 1
            for end in (share.low, share.high):
                if 1e-12 < end < 1 - 1e-12:
                    assert (found / of - end) ** 2 == pytest.approx(z * z * end * (1 - end) / of)

    def test_nothing_of_nothing_may_be_anything(self) -> None:
        share = share_of(0, 0)
        assert (share.low, share.high) == (0, 1)


class TestPlanting:
    def test_every_session_has_a_pair_of_equals_and_the_level_that_is_promised(self) -> None:
        seen = set()
        for number in range(1, 9):
            levels = selftest.levels_of(number)
            assert selftest.OFTEN in levels
            seen |= set(levels)
        assert seen == set(PLANTED)

    def test_the_template_has_the_line_that_is_written_over(self) -> None:
        assert selftest.TEMPLATE.read_text().count(selftest.BURN_LINE) == 1
