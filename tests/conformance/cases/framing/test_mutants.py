"""The cases of framing against the model: it passes each; each mutant fails the case for its mistake, or is noted."""

from __future__ import annotations

from collections import Counter
from typing import Final

import pytest

from runner.conformance.case import Case, Ending, Outcome, Send, Theme
from runner.conformance.cases.catalogue import CASES
from runner.conformance.record import BY_NAME
from tests.conformance.cases.framing.chunks import CHUNKS
from tests.conformance.cases.framing.fields import FIELDS
from tests.conformance.cases.framing.lengths import LENGTHS
from tests.conformance.cases.framing.model import STRICT, observed
from tests.conformance.cases.framing.mutant import Mutant

FRAMING: Final = {Theme.BODIES, Theme.MALFORMED, Theme.LENGTHS, Theme.CHUNKS, Theme.CODINGS, Theme.FIELDS}
MUTANTS: Final = (*LENGTHS, *CHUNKS, *FIELDS)
CASES_OF_FRAMING: Final = [case for case in CASES if case.theme in FRAMING]


@pytest.mark.parametrize("case", CASES_OF_FRAMING, ids=lambda case: case.name)
def test_a_strict_server_passes(case: Case) -> None:
    finding = case.judge(observed(case.exchanges, STRICT))
    assert finding.outcome is Outcome.PASS, finding.detail


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.case}: {mutant.name}")
def test_each_mutant_is_told_by_its_case(mutant: Mutant) -> None:
    case = BY_NAME[mutant.case]
    finding = case.judge(observed(case.exchanges, mutant.rules))
    assert finding.outcome is mutant.outcome, finding.detail


def test_each_kind_has_several_mutants() -> None:
    kinds = Counter(mutant.case for mutant in MUTANTS if mutant.outcome is Outcome.FAIL)
    alone = {"http10-chunked", "length-and-chunked"}
    spelt = {case.name for case in CASES_OF_FRAMING if case.theme in FRAMING - {Theme.BODIES, Theme.MALFORMED}}
    assert kinds.keys() == spelt | alone
    assert all(kinds[name] >= 7 for name in spelt - alone), kinds


def test_no_two_spellings_of_a_case_are_the_same() -> None:
    for case in CASES_OF_FRAMING:
        if case.theme in {Theme.BODIES, Theme.MALFORMED}:
            continue
        steps = Counter(exchange.steps for exchange in case.exchanges)
        repeated = [[s.data for s in one if isinstance(s, Send)] for one, times in steps.items() if times > 1]
        assert repeated == [], case.name


@pytest.mark.parametrize("name", ["length-out-of-range", "chunk-size-out-of-range"])
def test_what_waits_for_ever_is_no_neighbour_of_what_ends(name: str) -> None:
    """A server with four threads has none left for the others while four requests wait for their ends."""
    ended, *waiting = [{talk.ending for talk in observed(wave, STRICT).conversations} for wave in BY_NAME[name].waves]
    assert Ending.DEADLINE not in ended
    assert len(waiting) == 1
    assert Ending.DEADLINE in waiting[0]


def test_waves_are_all_exchanges_in_their_order() -> None:
    for case in CASES:
        assert tuple(one for wave in case.waves for one in wave) == case.exchanges, case.name
        assert max(map(len, case.waves)) <= max(case.at_once, case.ahead), case.name
