"""The study of pairs, small: figures of machines of unequal speed hold."""

from __future__ import annotations

import math

import pytest

from tests.studies.pairs import LEVELS, judged, simulated


@pytest.mark.parametrize("pairs", [2, 4])
def test_means_ratios_and_ranks_hold_on_pairs_that_differ_by_a_fifth(pairs: int) -> None:
    runs = 150
    told, pooled, _, _ = judged(pairs, runs)

    def surely(hits: int, of: int) -> float:
        share = hits / of
        return share + 3 * math.sqrt(max(share * (1 - share), 1 / of) / of)

    assert surely(told.means, runs * len(LEVELS)) > 0.95
    assert surely(told.ratios, runs * (len(LEVELS) - 1)) > 0.95
    assert surely(told.ranks, runs) > 0.95
    assert told.ranges < pooled.ranges / 2, "what pairs differ by must not blur the ranks"


def test_more_pairs_are_done_sooner_as_long_as_each_has_two_trials_of_a_server() -> None:
    one, two, four = (simulated(pairs, seed=1).length for pairs in (1, 2, 4))
    assert two < one
    assert four < two
