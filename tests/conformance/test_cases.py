"""The pure parts of the conformance suite: judges, cases, classes, records and what is printed."""

from __future__ import annotations

import io
import json
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from runner.conformance.case import (
    Case,
    CaseResult,
    Conversation,
    Ending,
    Event,
    EventKind,
    Fault,
    Finding,
    Level,
    Observation,
    Outcome,
    Send,
)
from runner.conformance.cases.catalogue import CASES, CORE
from runner.conformance.cases.requests import G, get
from runner.conformance.cases.timing.pressure import FLOOD
from runner.conformance.classify import Counts, ServerClass, classify, count
from runner.conformance.judge import (
    Then,
    about,
    announcing,
    answers,
    begins,
    body,
    bounded,
    deepest,
    each,
    either,
    only,
    parallel,
    permitted,
    prompt,
    settled,
    sparing,
    status,
    unchunked,
    unrefused,
    unsmuggled,
)
from runner.conformance.record import Conformance, adapter_as_json, adapter_from_json, as_json
from runner.conformance.running.ladder import Ladder, Rung, probes, rung_case
from runner.conformance.running.talk import kept
from runner.conformance.running.wire import read_responses
from runner.report.tables import conformance as render

ROOT = Path(__file__).parents[2]
ONE, TWO, THREE = body(b"1"), body(b"2"), body(b"3")


def response(content: bytes = b"", code: int = 200, *fields: str, version: str = "1.1") -> bytes:
    head = "".join(
        f"{line}\r\n" for line in (f"HTTP/{version} {code} Text", f"Content-Length: {len(content)}", *fields)
    )
    return head.encode() + b"\r\n" + content


def talk(
    *received: bytes,
    ending: Ending = Ending.OPEN,
    methods: int = 3,
    awaited: tuple[bool, ...] = (),
    elapsed_s: float | None = None,
) -> Conversation:
    data = b"".join(received)
    events = (Event(0.0, EventKind.SENT, G), Event(0.1, EventKind.RECEIVED, data))
    reading = read_responses(data, ["GET"] * methods, closed=ending is Ending.CLOSED)
    return Conversation(events, reading, ending, awaited, elapsed_s)


CLOSE = "Connection: close"


class TestAnswers:
    def test_all_in_order_pass(self) -> None:
        assert answers(ONE, TWO)(talk(response(b"1"), response(b"2"))).outcome is Outcome.PASS

    def test_a_swap_is_wrong_and_says_which_request_it_answers(self) -> None:
        finding = answers(ONE, TWO)(talk(response(b"2"), response(b"1")))
        assert (finding.outcome, finding.fault) == (Outcome.FAIL, Fault.WRONG)
        assert finding.detail == "response 1 is 200 '2', expected 200 '1': it answers request 2"

    @pytest.mark.parametrize(
        ("conversation", "outcome", "fault", "detail"),
        [
            (
                talk(response(b"1"), ending=Ending.DEADLINE),
                Outcome.FAIL,
                Fault.STALLED,
                "1 of 2 responses, then silence",
            ),
            (talk(response(b"1"), ending=Ending.CLOSED), Outcome.FAIL, Fault.LOST, "without announcing it"),
            (talk(response(b"1"), ending=Ending.RESET), Outcome.FAIL, Fault.LOST, "reset by the server"),
            (
                talk(response(b"1"), response(b"2")[:9], ending=Ending.CLOSED),
                Outcome.FAIL,
                Fault.LOST,
                "9 bytes of the next",
            ),
            (talk(response(b"1", 200, CLOSE), ending=Ending.CLOSED), Outcome.NOTE, None, "closes as it announced"),
            (talk(response(b"1", 200, CLOSE), ending=Ending.DEADLINE), Outcome.FAIL, Fault.RULE, "announces a close"),
            (talk(ending=Ending.REFUSED), Outcome.FAIL, Fault.LOST, "accepts no connection"),
            (talk(response(b"1"), b"garbage"), Outcome.FAIL, Fault.WRONG, "not a status line"),
            (
                talk(response(b"1"), response(b"2"), response(b"3")),
                Outcome.FAIL,
                Fault.WRONG,
                "3 responses where 2 are due",
            ),
            (
                talk(response(b"1"), response(b"2"), b"x", methods=2),
                Outcome.FAIL,
                Fault.WRONG,
                "after 2 responses: 'x'",
            ),
            (talk(response(b"1", 200, CLOSE), response(b"2")), Outcome.FAIL, Fault.RULE, "yet another follows"),
        ],
    )
    def test_what_is_missing_or_too_much(
        self, conversation: Conversation, outcome: Outcome, fault: Fault | None, detail: str
    ) -> None:
        finding = answers(ONE, TWO)(conversation)
        assert (finding.outcome, finding.fault) == (outcome, fault)
        assert detail in finding.detail

    def test_what_becomes_of_the_connection(self) -> None:
        open_, closed = talk(response(b"1")), talk(response(b"1"), ending=Ending.CLOSED)
        assert answers(ONE, then=Then.CLOSES)(closed).outcome is Outcome.PASS
        assert answers(ONE, then=Then.CLOSES)(open_).fault is Fault.RULE
        assert answers(ONE, then=Then.STAYS)(open_).outcome is Outcome.PASS
        assert answers(ONE, then=Then.STAYS)(closed).outcome is Outcome.NOTE
        assert answers(ONE)(closed).outcome is answers(ONE)(open_).outcome is Outcome.PASS


class TestCombinations:
    def test_begins_looks_at_the_first_response_only(self) -> None:
        assert begins(ONE)(talk(response(b"1"), b"garbage")).outcome is Outcome.PASS
        assert begins(ONE)(talk(response(b"2"))).fault is Fault.WRONG
        assert begins(ONE)(talk(ending=Ending.DEADLINE)).fault is Fault.STALLED

    def test_either_takes_the_best_and_fails_as_the_first(self) -> None:
        look = either(answers(ONE), permitted(answers(TWO), "two instead"))
        assert look(talk(response(b"1"))).outcome is Outcome.PASS
        noted = look(talk(response(b"2")))
        assert (noted.outcome, noted.detail) == (Outcome.NOTE, "two instead: 200, then left open")
        assert look(talk(response(b"3"))).detail == "response 1 is 200 '3', expected 200 '1'"

    def test_announcing(self) -> None:
        look = announcing(answers(ONE))
        assert look(talk(response(b"1", 200, CLOSE))).outcome is Outcome.PASS
        assert look(talk(response(b"1"))).outcome is Outcome.NOTE

    def test_unchunked(self) -> None:
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        assert unchunked(begins(status(200)))(talk(chunked)).fault is Fault.RULE
        assert unchunked(begins(status(200)))(talk(response())).outcome is Outcome.PASS

    def test_unsmuggled_takes_an_answer_for_one_but_not_an_error_page_that_quotes_it(self) -> None:
        look = unsmuggled(b"secret", begins(status(400)))
        assert look(talk(response(b"", 400), response(b"secret"))).fault is Fault.WRONG
        assert look(talk(response(b"", 400), response(b"secret", 400))).outcome is Outcome.PASS

    def test_unrefused(self) -> None:
        look = unrefused(status(405), answers(status(200, 405), ONE), "refused")
        assert look(talk(response(), response(b"1"))).outcome is Outcome.PASS
        assert look(talk(response(b"", 405), response(b"1"))).detail == "refused: 405, 200, then left open"
        assert look(talk(response(b"", 405), b"body")).fault is Fault.WRONG

    def test_sparing_says_that_the_good_response_is_lost(self) -> None:
        look = sparing(ONE, answers(ONE, status(400)))
        assert look(talk(response(b"1"), response(b"", 400))).outcome is Outcome.PASS
        assert look(talk(response(b"2"))).fault is Fault.WRONG
        finding = look(talk(response(b"no", 400), ending=Ending.CLOSED))
        assert (finding.fault, finding.detail) == (
            Fault.LOST,
            "the response to the good first request is lost to 400 'no'",
        )

    def test_about(self) -> None:
        assert about("this", answers(ONE))(talk(response(b"2"))).detail.startswith("this: response 1 is ")

    def test_prompt(self) -> None:
        look = prompt(answers(ONE), "held back")
        assert look(talk(response(b"1"), awaited=(True,))).outcome is Outcome.PASS
        assert look(talk(response(b"1"), awaited=(False,))).detail == "held back"

    def test_each_says_which_connection_was_worst(self) -> None:
        seen = Observation((talk(response(b"1")), talk(response(b"2")), talk(response(b"1"))))
        finding = each(answers(ONE))(seen)
        assert (finding.outcome, finding.conversation) == (Outcome.FAIL, 1)
        assert finding.detail.startswith("1 of 3 connections, first of them number 2: ")
        assert each(answers(ONE), answers(TWO), answers(ONE))(seen).outcome is Outcome.PASS
        assert only(answers(ONE))(Observation(())).fault is Fault.LOST

    def test_deepest_keeps_what_works(self) -> None:
        judge = deepest((1, 2), [answers(ONE), answers(ONE, TWO)])
        good, short = talk(response(b"1")), talk(response(b"1"), ending=Ending.DEADLINE)
        finding = judge(Observation((good, short)))
        assert (finding.outcome, finding.figures, finding.conversation) == (Outcome.FAIL, {"largest_depth": 1}, 1)
        assert finding.detail.startswith("depth 2: 1 of 2 responses")
        assert judge(Observation((short,))).figures == {"largest_depth": 1}
        assert judge(Observation((talk(),))).figures == {}

    @pytest.mark.parametrize(("times", "concurrent"), [((0.9, 0.21, 0.5), 1.0), ((0.4, 0.41), 0.0), ((0.36,), 0.0)])
    def test_parallel_goes_by_the_quickest(self, times: Sequence[float], concurrent: float) -> None:
        talks = tuple(talk(response(b"1"), elapsed_s=each_) for each_ in times)
        finding = parallel(answers(ONE), slept_s=0.2)(Observation(talks))
        assert finding.outcome is Outcome.PASS
        assert finding.figures == {"concurrent": concurrent, "elapsed_s": min(times)}

    @pytest.mark.parametrize(("growth", "outcome"), [(None, Outcome.PASS), (10, Outcome.PASS), (11, Outcome.NOTE)])
    def test_bounded(self, growth: int | None, outcome: Outcome) -> None:
        judge = bounded(only(answers(ONE)), growth_bytes=10)
        assert judge(Observation((talk(response(b"1")),), growth)).outcome is outcome


PASS = Finding(Outcome.PASS, "fine")
NOTE = Finding(Outcome.NOTE, "meh")
STALL = Finding(Outcome.FAIL, "hung", Fault.STALLED)
LOSS = Finding(Outcome.FAIL, "lost", Fault.LOST)
CRASH = Finding(Outcome.FAIL, "died", Fault.CRASHED)


@pytest.mark.parametrize(
    ("first", "again", "outcome", "detail"),
    [
        (LOSS, STALL, Outcome.FAIL, "hung"),
        (NOTE, NOTE, Outcome.NOTE, "meh"),
        (STALL, PASS, Outcome.PASS, "fine; not repeated: hung"),
        (LOSS, PASS, Outcome.NOTE, "fine; not repeated: lost"),
        (CRASH, PASS, Outcome.NOTE, "fine; not repeated: died"),
        (NOTE, PASS, Outcome.PASS, "fine; not repeated: meh"),
        (LOSS, NOTE, Outcome.NOTE, "meh; not repeated: lost"),
        (NOTE, LOSS, Outcome.NOTE, "meh; not repeated: lost"),
    ],
)
def test_a_fail_stands_only_if_it_repeats(first: Finding, again: Finding, outcome: Outcome, detail: str) -> None:
    finding = settled(first, again)
    assert (finding.outcome, finding.detail) == (outcome, detail)
    seen_once = any(one in (LOSS, CRASH) for one in (first, again))
    assert (finding.fault is not None) == (outcome is Outcome.FAIL or seen_once)


class TestCases:
    def test_numbers_and_names(self) -> None:
        assert [case.number for case in CASES] == list(range(1, 65))
        assert len({case.name for case in CASES}) == len(CASES)

    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
    def test_every_case_is_complete(self, case: Case) -> None:
        assert case.sends
        assert case.wants
        assert case.why.endswith(".")
        assert bool(case.quote) == case.section.startswith("RFC 911")
        words = {Level.MUST: "MUST", Level.MUST_NOT: "MUST NOT", Level.SHOULD: "SHOULD", Level.MAY: "MAY"}
        if case.level in words:
            assert words[case.level] in case.quote
        else:
            assert not any(word in case.quote for word in words.values())
        assert all(exchange.steps for exchange in case.exchanges)

    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
    @pytest.mark.parametrize("ending", [Ending.DEADLINE, Ending.CLOSED, Ending.RESET, Ending.REFUSED])
    def test_no_answer_at_all_never_passes(self, case: Case, ending: Ending) -> None:
        silent = talk(ending=ending)
        assert case.judge(Observation((silent,) * len(case.exchanges))).outcome is not Outcome.PASS
        assert case.judge(Observation((silent,))).outcome is not Outcome.PASS

    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
    def test_judges_raise_nothing_whatever_comes(self, case: Case) -> None:
        chance = random.Random(case.name)
        pieces = [
            response(b"1"),
            response(b"Hello world!"),
            response(b"", 400),
            response(b"x", 404, CLOSE),
            b"HTTP/1.1 200 OK\r\n\r\nuntil close",
            b"garbage",
        ]
        for _ in range(50):
            talks = tuple(
                talk(*chance.choices(pieces, k=chance.randint(0, 4)), ending=chance.choice(list(Ending)))
                for _ in range(chance.randint(0, min(4, len(case.exchanges))))
            )
            assert case.judge(Observation(talks)).outcome in Outcome

    def test_a_flood_of_a_core_case_is_not_kept_whole(self) -> None:
        events = kept((Event(0, EventKind.SENT, b"x" * 10**6), Event(1, EventKind.RECEIVED, b"y" * 10)))
        assert len(events[0].data) < 5000
        assert b"[... 995904 bytes ...]" in events[0].data
        assert events[1].data == b"y" * 10


def result(case: str, outcome: Outcome = Outcome.PASS, fault: Fault | None = None, **figures: float) -> CaseResult:
    events = (
        Event(0.0, EventKind.SENT, G),
        Event(0.0015, EventKind.HALF_CLOSED),
        Event(0.002, EventKind.RECEIVED, b"HTTP/1.1 200 OK\r\n\r\n\xff\x00"),
        Event(3.0, EventKind.ENDED, b"closed by the server"),
    )
    return CaseResult(case, outcome, f"detail of {case} | here", fault, Ending.CLOSED, events, 0.1, 1, figures)


def results(**odd: CaseResult) -> tuple[CaseResult, ...]:
    parallel_ = odd.pop("parallel", result("parallel", concurrent=1.0))
    named = {case.name: result(case.name) for case in CASES} | {"parallel": parallel_}
    return tuple((named | {key.replace("_", "-"): value for key, value in odd.items()}).values())


class TestClassify:
    def test_by_the_clock(self) -> None:
        assert classify(results()).server_class is ServerClass.CONCURRENT
        assert classify(results(parallel=result("parallel", concurrent=0.0))).server_class is ServerClass.SERIAL

    def test_a_core_note_degrades_and_a_core_fail_breaks(self) -> None:
        noted = result("two-gets", Outcome.NOTE)
        assert classify(results(two_gets=noted)).server_class is ServerClass.DEGRADES
        failed = result("sixteen-in-order", Outcome.FAIL, Fault.LOST)
        broken = classify(results(two_gets=noted, sixteen_in_order=failed))
        assert broken.server_class is ServerClass.BROKEN
        assert broken.reason.startswith("sixteen-in-order: ")

    def test_other_fails_leave_the_class_alone_but_a_crash_does_not(self) -> None:
        lost = result("bad-line-after-get", Outcome.FAIL, Fault.WRONG)
        assert classify(results(bad_line_after_get=lost)).server_class is ServerClass.CONCURRENT
        died = result("bad-line-after-get", Outcome.FAIL, Fault.CRASHED)
        assert classify(results(bad_line_after_get=died)).server_class is ServerClass.BROKEN

    def test_no_class_without_the_core(self) -> None:
        some = classify([result("two-gets")])
        assert some.server_class is None
        assert "sixteen-in-order" in some.reason
        core = [result(case.name, concurrent=1.0) for case in CORE]
        assert classify(core).server_class is ServerClass.CONCURRENT

    def test_counts(self) -> None:
        assert count(results(two_gets=result("two-gets", Outcome.NOTE))) == Counts(len(CASES) - 1, 1, 0)


def searched(limit: int, threshold: int) -> tuple[int, list[int]]:
    """What the search finds where everything up to the threshold holds, and what it tried."""
    search = probes(limit)
    tried = [next(search)]
    try:
        while True:
            tried.append(search.send(tried[-1] <= threshold))
    except StopIteration as found:
        return int(found.value), tried


class TestLadder:
    @given(st.integers(1, 5000), st.integers(0, 6000))
    def test_the_search_finds_any_threshold(self, limit: int, threshold: int) -> None:
        found, tried = searched(limit, threshold)
        assert found == min(limit, threshold)
        assert len(tried) == len(set(tried)) <= 2 * limit.bit_length() + 1
        assert max(tried) <= limit

    def test_a_rung_is_a_case_with_tokens_of_its_own(self) -> None:
        case = rung_case(2, 2)
        assert [exchange.steps for exchange in case.exchanges] == [
            (Send(get("/sleep/0/1-1") + get("/sleep/0/1-2")),),
            (Send(get("/sleep/0/2-1") + get("/sleep/0/2-2")),),
        ]
        good = talk(response(b"1-1"), response(b"1-2")), talk(response(b"2-1"), response(b"2-2"))
        assert case.judge(Observation(good)).outcome is Outcome.PASS
        assert case.judge(Observation(good[::-1])).outcome is Outcome.FAIL


LADDER = Ladder(
    1,
    4096,
    256,
    256,
    1,
    (
        Rung(1, 1, True, None, "every response in order", 3, 0),
        Rung(2, 1, False, Fault.STALLED, "1 of 2 responses, then silence", 0, 2),
        Rung(16, 1, False, Fault.CRASHED, "killed by SIGABRT", 0, 2),
        Rung(1, 256, True, None, "every response in order", 3, 0),
    ),
)
GOOD = Conformance("good", "Good", "1.0", "3.13.0", results(), LADDER)
BAD = Conformance("bad", "Bad", "2.0", None, results(missing_host=result("missing-host", Outcome.FAIL, Fault.WRONG)))
ABSENT = Conformance("absent", "Absent", None, None, (), problem="no interpreter")
DEAF = Conformance("deaf", "Deaf", "1.0", None, results(parallel=result("parallel", Outcome.FAIL, Fault.LOST)))
FEW = Conformance("few", "Few", "1.0", None, (result("parallel"),))


@pytest.mark.parametrize(
    ("found", "fails", "strictly"),
    [(GOOD, False, False), (BAD, False, True), (DEAF, True, True), (ABSENT, True, True), (FEW, False, False)],
    ids=lambda value: value.adapter if isinstance(value, Conformance) else "",
)
def test_a_check_fails_where_pipelining_does_and_strictly_where_anything_does(
    found: Conformance, fails: bool, strictly: bool
) -> None:
    assert (found.fails(), found.fails(strict=True)) == (fails, strictly)


def test_a_case_that_was_asked_for_alone_counts_whatever_it_is() -> None:
    assert replace(FEW, results=(result("missing-host", Outcome.FAIL, Fault.WRONG),)).fails()


def plain(*what: RenderableType) -> str:
    out = io.StringIO()
    Console(file=out, width=140, color_system=None).print(*what)
    return out.getvalue()


class TestRendering:
    def test_json_is_what_the_design_says_and_comes_back(self) -> None:
        data = json.loads(json.dumps(as_json(GOOD, BAD, ABSENT)))
        assert [each_["class"] for each_ in data["adapters"]] == ["concurrent", "concurrent", None]
        case = data["adapters"][1]["cases"][22]
        assert case.items() >= {"case": "missing-host", "outcome": "fail", "sent": G.decode("latin-1")}.items()
        assert case["received"].endswith("\xff\x00")
        assert "detail" in case
        assert data["adapters"][1]["counts"] == {"pass": len(CASES) - 1, "note": 0, "fail": 1}
        assert adapter_from_json(data["adapters"][2]) == ABSENT
        again = adapter_from_json(data["adapters"][0])
        assert again.ladder == LADDER
        assert [r.received for r in again.results] == [r.received for r in GOOD.results]
        assert adapter_as_json(adapter_from_json(data["adapters"][1])) == data["adapters"][1]

    def test_the_matrix_groups_by_theme_and_counts(self) -> None:
        text = plain(render.matrix([GOOD, BAD, ABSENT]))
        lines = [line.split() for line in text.splitlines()]
        assert ["23", "missing-host", "MUST", "✓", "✗", "·"] in lines
        assert ["class", "concurrent", "concurrent", "not", "tried"] in lines
        assert ["fail", "0", "1", "·"] in lines
        assert text.index("Order") < text.index("Malformed requests")

    def test_the_matrix_of_one_says_what_came(self) -> None:
        assert "✗ detail of missing-host" in plain(render.matrix([BAD]))

    def test_what_was_not_tried_is_shown_with_the_lines_of_its_log(self) -> None:
        answered = replace(ABSENT, problem="GET / answers wrongly: status 500", log=("Traceback", "ValueError: no"))
        text = plain(render.remarks(answered))
        assert text.splitlines() == ["Absent: GET / answers wrongly: status 500", "  Traceback", "  ValueError: no"]
        assert adapter_from_json(json.loads(json.dumps(adapter_as_json(answered)))) == answered

    def test_remarks_name_the_requirement(self) -> None:
        text = plain(render.remarks(BAD))
        assert "✗ missing-host (MUST, RFC 9112 §3.2): detail of missing-host | here" in text

    def test_a_transcript_shows_every_byte(self) -> None:
        assert render.transcript(result("missing-host", Outcome.FAIL)) == "\n".join(
            [
                "✗ missing-host  (RFC 9112 §3.2): detail of missing-host | here",
                r"   0.000 s  > GET / HTTP/1.1\r\n",
                r"            > Host: x\r\n",
                r"            > \r\n",
                "   0.002 s  = half-closed",
                r"   0.002 s  < HTTP/1.1 200 OK\r\n",
                r"            < \r\n",
                r"            < \xff\x00",
                "   3.000 s  = closed by the server",
            ]
        )

    def test_markdown_is_a_table_with_its_remarks(self) -> None:
        text = render.markdown([GOOD, BAD, ABSENT])
        headings, _, *servers = [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in text.splitlines()
            if line.startswith("|")
        ]
        assert headings[:6] == ["server", "version", "class", "pass", "note", "fail"]
        assert [row[0] for row in servers] == ["Good", "Bad", "Absent"], "the fewest fails first"
        assert [row[headings.index("23")] for row in servers] == ["✓", "✗", "·"]
        assert "- Malformed requests: " in text
        assert "23 `missing-host`" in text
        assert "- ✗ missing-host (MUST, RFC 9112 §3.2): detail of missing-host \\| here" in text
        assert "no interpreter" in text

    def test_the_ladder_in_words(self) -> None:
        words = render.ladder_words(LADDER)
        assert words == (
            "largest depth: 1; at 2: stalled: 1 of 2 responses, then silence; "
            "connections at depth 1: 256 (the most that was tried)"
        )
        assert "killed by SIGABRT" in plain(render.ladder(LADDER))

    def test_the_page_is_up_to_date(self) -> None:
        page = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
        assert page == render.document(), "run: python -m runner.report.tables.conformance > docs/conformance.md"


def test_the_slow_reader_is_not_small() -> None:
    case = next(case for case in CASES if case.name == "slow-reader")
    (step,) = case.exchanges[0].steps
    assert isinstance(step, Send)
    assert len(step.data) == FLOOD * len(G)
