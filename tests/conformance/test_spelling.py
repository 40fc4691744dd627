"""What a spelling's judge makes of servers that do what no MUST forbids."""

from __future__ import annotations

import pytest

from runner.conformance.case import Conversation, Ending, Observation, Outcome, Raced, Send
from runner.conformance.judge import body
from runner.conformance.record import BY_NAME
from runner.conformance.spelling import raced, serves_then_ends
from tests.conformance import spellings
from tests.conformance.test_cases import response, talk

HELD = talk(response(b"a"), ending=Ending.DEADLINE)
ENDED = talk(response(b"a"), ending=Ending.CLOSED)
MORE = talk(response(b"a"), response(b"b"), ending=Ending.CLOSED)


@pytest.mark.parametrize("seen", [HELD, MORE], ids=["left open", "answered"])
def test_to_go_on_behind_http_1_0_alone_is_a_note(seen: Conversation) -> None:
    assert serves_then_ends(body(b"a"))(seen).outcome is Outcome.FAIL
    assert serves_then_ends(body(b"a"), persists=Outcome.NOTE)(seen).outcome is Outcome.NOTE


def test_a_response_that_is_lost_behind_http_1_0_is_a_fail_all_the_same() -> None:
    lost = talk(response(b"", 400), ending=Ending.CLOSED)
    assert serves_then_ends(body(b"a"), persists=Outcome.NOTE)(lost).outcome is Outcome.FAIL


def test_spellings_that_silence_kept_from_being_tried_are_a_note_though_the_others_pass() -> None:
    case = BY_NAME["bytes-behind-close"]
    for tried, outcome in ((len(case.exchanges), Outcome.PASS), (3, Outcome.NOTE)):
        found = case.judge(Observation((ENDED,) * tried))
        assert (found.outcome, "not tried" in found.detail) == (outcome, outcome is Outcome.NOTE), found.detail


@pytest.mark.parametrize(
    ("ending", "why"), [(Ending.CLOSED, "after so much silence"), (Ending.REFUSED, "since nobody listened any more")]
)
def test_why_spellings_were_not_tried_is_told(ending: Ending, why: str) -> None:
    found = BY_NAME["bytes-behind-close"].judge(Observation((ENDED, talk(ending=ending))))
    assert f"not tried {why}" in found.detail


def test_which_last_requests_say_so_by_their_version_alone() -> None:
    case = BY_NAME["bytes-behind-close"]
    for name, exchange in zip(spellings.names(case), case.exchanges, strict=True):
        first = exchange.steps[0]
        assert isinstance(first, Send)
        by_version = b" HTTP/1.0\r\n" in first.data and b"close" not in first.data
        seen = Observation(tuple(MORE if one is exchange else ENDED for one in case.exchanges))
        assert case.judge(seen).outcome is (Outcome.NOTE if by_version else Outcome.FAIL), name


@pytest.mark.parametrize(
    ("lost", "outcome"),
    [((0, 0), Outcome.PASS), ((0, 50), Outcome.NOTE), ((0, 1), Outcome.FAIL), ((50, 50), Outcome.FAIL)],
)
def test_a_race_that_is_always_lost_is_what_its_name_says(lost: tuple[int, int], outcome: Outcome) -> None:
    judge = raced(("close", "HTTP/1.0"), always=Outcome.FAIL, other={"HTTP/1.0": Outcome.NOTE})
    seen = Observation((talk(response(b"a")),), raced=tuple(Raced(50, times) for times in lost))
    assert judge(seen).outcome is outcome


def test_an_error_of_its_own_in_place_of_a_refusal_is_a_note_where_no_must_asks_for_the_400() -> None:
    case = BY_NAME["invalid-chunk-size"]
    ended, on = (talk(response(b"", 500), *more, ending=Ending.CLOSED) for more in ((), (response(b"b"),)))
    assert case.judge(Observation((ended,))).outcome is Outcome.NOTE
    assert case.judge(Observation((on,))).outcome is Outcome.FAIL


@pytest.mark.parametrize(("status", "outcome"), [(404, Outcome.NOTE), (400, Outcome.NOTE), (200, Outcome.FAIL)])
def test_a_close_behind_a_body_that_nobody_reads_is_no_loss_of_order(status: int, outcome: Outcome) -> None:
    case = BY_NAME["slow-behind-body"]
    ended = talk(response(b"h", status), ending=Ending.CLOSED)
    assert case.judge(Observation((ended,) * len(case.exchanges))).outcome is outcome
