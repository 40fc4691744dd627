"""Each published bug that installs and shows quickly is told from its mended release; README says how to try all."""

from __future__ import annotations

import pytest

from runner.conformance.cases.catalogue import CASES
from tests.bugs import pairs
from tests.bugs.pairs import PAIRS, Pair
from tests.bugs.telling import tell

pytestmark = pytest.mark.live


def test_there_are_twenty_four_of_which_each_names_a_case() -> None:
    assert len(PAIRS) == 24
    assert len({pair.name for pair in PAIRS}) == 24
    assert {pair.case for pair in PAIRS} <= {case.name for case in CASES}
    assert {pair.adapter for pair in PAIRS} <= pairs.adapters().keys()


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair.quick], ids=lambda pair: pair.name.replace(" ", "-"))
def test_a_published_bug_is_told_from_its_mended_release(pair: Pair) -> None:
    told = tell(pair, pairs.adapters())
    assert told.problem is None
    assert told.caught, (told.affected, told.mended)
