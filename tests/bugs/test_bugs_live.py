"""Each published bug that installs and shows quickly is told from its mended release; README says how to try all."""

from __future__ import annotations

import pytest

from runner.conformance.cases.catalogue import CASES
from tests.bugs import pairs
from tests.bugs.pairs import PAIRS, Pair
from tests.bugs.telling import tell

pytestmark = pytest.mark.live

RACED_MOST = 3
"""How often a race is run in which a server was right: a machine that is busy with other work lets few be run."""


def test_there_are_twenty_four_of_which_each_names_a_case() -> None:
    assert len(PAIRS) == 24
    assert len({pair.name for pair in PAIRS}) == 24
    assert {pair.case for pair in PAIRS} <= {case.name for case in CASES}
    assert {pair.adapter for pair in PAIRS} <= pairs.adapters().keys()


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair.quick], ids=lambda pair: pair.name.replace(" ", "-"))
def test_a_published_bug_is_told_from_its_mended_release(pair: Pair) -> None:
    raced = next(case for case in CASES if case.name == pair.case).race is not None
    for _ in range(RACED_MOST if raced else 1):
        told = tell(pair, pairs.adapters())
        assert told.problem is None
        if told.caught:
            break
    assert told.caught, (told.affected, told.mended)
