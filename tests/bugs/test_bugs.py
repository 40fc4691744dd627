"""The pure parts of the commands beside the pairs."""

from __future__ import annotations

from collections import Counter

from runner.conformance.case import CaseResult, Outcome, Send
from runner.conformance.record import BY_NAME, Conformance
from tests.bugs import confirm, pairs, steady
from tests.bugs.pairs import PAIRS
from tests.bugs.telling import Told


def result(case: str, outcome: Outcome = Outcome.PASS, **parts: str) -> CaseResult:
    return CaseResult(case, outcome, "", None, None, (), 0.1, 1, parts=parts)


def found(*results: CaseResult) -> Conformance:
    return Conformance("one", "One", "1.0", "3.13", results)


def test_what_differed_between_several_checks() -> None:
    first = found(result("two-gets"), result("half-close"))
    second = found(result("two-gets"), result("half-close", Outcome.NOTE))
    assert steady.unsteady([first, first]) == {}
    assert steady.unsteady([first, first, second]) == {"half-close": Counter({"pass": 2, "note": 1})}


def test_the_exchange_of_a_spelling_that_fails_is_sent_again() -> None:
    case = BY_NAME["length-no-number"]
    bad = result(case.name, Outcome.FAIL, **{"1_0": "fail: taken (200)", "-1": "note: closed without an answer"})
    ((name, exchange),) = confirm.failing(case, bad)
    (sent,) = (step.data for step in exchange.steps if isinstance(step, Send))
    assert name == "1_0"
    assert sent.startswith(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1_0\r\n\r\n" + b"a" * 10)
    plain = BY_NAME["missing-host"]
    assert confirm.failing(plain, result(plain.name, Outcome.FAIL)) == [("", plain.exchanges[0])]


def test_what_a_mended_release_still_fails() -> None:
    pair = PAIRS[0]
    bad = result(pair.case, Outcome.FAIL, **{"+1": "fail: taken (200)", "-1": "note: closed without an answer"})
    assert Told(pair, bad, bad).still == ("+1",)
    assert Told(pair, None, None, "not built").still == ()


def test_pairs_are_chosen_by_words() -> None:
    assert pairs.named(()) == PAIRS
    assert {pair.adapter for pair in pairs.named(["waitress"])} == {"waitress"}
    assert len(pairs.named(["waitress", "tornado"])) == 5
