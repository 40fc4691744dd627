"""Two records side by side: what is worse, what is better, what cannot be compared."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from runner.conformance.case import CaseResult, Event, EventKind, Fault, Outcome
from runner.conformance.differences import Change, compare
from runner.conformance.record import Conformance, as_json, read
from runner.errors import RecordError
from runner.report.tables import differences as rendered

EVENTS = (Event(0.0, EventKind.SENT, b"G"), Event(0.1, EventKind.RECEIVED, b"HTTP/1.1 200 OK\r\n\r\n"))


def result(case: str, outcome: Outcome, parts: Mapping[str, str] | None = None) -> CaseResult:
    fault = Fault.WRONG if outcome is Outcome.FAIL else None
    return CaseResult(case, outcome, f"{case} is so", fault, None, EVENTS, 0.1, 1, {}, parts or {})


def found(*results: CaseResult, version: str = "1.0", adapter: str = "a", problem: str | None = None) -> Conformance:
    return Conformance(adapter, "A", version, None, results, problem=problem)


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        (Outcome.PASS, Outcome.FAIL, Change.WORSE),
        (Outcome.PASS, Outcome.NOTE, Change.WORSE),
        (Outcome.FAIL, Outcome.NOTE, Change.BETTER),
        (Outcome.UNTRIED, Outcome.FAIL, Change.UNKNOWN),
        (Outcome.PASS, Outcome.UNTRIED, Change.UNKNOWN),
    ],
)
def test_an_outcome_that_changed(before: Outcome, now: Outcome, change: Change) -> None:
    (one,) = compare([found(result("c", before))], [found(result("c", now))])
    assert [each.change for each in one.differences] == [change]
    assert one.regressed == (change is Change.WORSE)


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        ({"+1": "fail: taken"}, {"+1": "fail: taken", "-1": "note: left open"}, Change.WORSE),
        ({"+1": "note: left open", "-1": "fail: x"}, {"+1": "fail: taken", "-1": "fail: x"}, Change.WORSE),
        ({"+1": "fail: taken", "-1": "fail: x"}, {"-1": "fail: x"}, Change.BETTER),
        ({"+1": "fail: taken (200)"}, {"+1": "fail: taken (404)"}, Change.OTHER),
    ],
)
def test_a_spelling_that_changed_within_a_fail(before: dict[str, str], now: dict[str, str], change: Change) -> None:
    (one,) = compare([found(result("c", Outcome.FAIL, before))], [found(result("c", Outcome.FAIL, now))])
    assert [each.change for each in one.differences] == [change]


def test_a_variant_is_beside_the_one_variant_of_before_and_an_adapter_beside_itself() -> None:
    plain, main = found(result("c", Outcome.PASS)), found(result("c", Outcome.FAIL))
    before = [plain, replace(main, variant="a@main")]
    of_itself, of_branch = compare(before, [plain, replace(plain, variant="a@branch")])
    assert of_itself.differences == ()
    assert [each.change for each in of_branch.differences] == [Change.BETTER]
    (lost,) = compare([*before, replace(main, variant="a@old")], [replace(plain, variant="a@branch")])
    assert lost.before is None, "which of two it is the successor of, nobody said"


def test_what_is_the_same_is_not_said() -> None:
    same = found(result("c", Outcome.FAIL, {"+1": "fail: taken"}))
    (one,) = compare([same], [same])
    assert not one.differences
    assert rendered.text([one]) == "A 1.0 → 1.0: nothing changed"


def test_a_case_that_the_older_record_lacks_is_no_regression() -> None:
    (one,) = compare([found()], [found(result("new", Outcome.FAIL))])
    assert not one.regressed
    assert "not comparable: new: not tried → fail (new is so)" in rendered.text([one])


def test_a_server_that_no_longer_starts_is_one() -> None:
    (one,) = compare([found(result("c", Outcome.PASS))], [found(problem="exit code 1")])
    assert one.regressed


def test_one_adapter_under_two_names_is_compared() -> None:
    (one,) = compare([found(result("c", Outcome.PASS), adapter="b")], [found(result("c", Outcome.FAIL))])
    assert one.regressed


def test_the_worse_come_first_with_their_bytes() -> None:
    before = found(result("better", Outcome.FAIL), result("worse", Outcome.PASS), version="1.0")
    now = found(result("better", Outcome.PASS), result("worse", Outcome.FAIL), version="2.0")
    compared = compare([before], [now])
    text = rendered.text(compared)
    assert text.startswith("A 1.0 → 2.0\n  worse: worse: pass (worse is so) → fail (worse is so)\n  better: better: ")
    assert r"< HTTP/1.1 200 OK\r\n" in text
    assert [case["change"] for case in rendered.as_json(compared)[0]["cases"]] == ["worse", "better"]


def test_a_record_is_read_compressed_or_not(tmp_path: Path) -> None:
    content = json.dumps(as_json(found(result("c", Outcome.FAIL, {"+1": "fail: taken"})))).encode()
    for name, data in (("plain.json", content), ("small.json.gz", gzip.compress(content))):
        (tmp_path / name).write_bytes(data)
        (one,) = read(tmp_path / name)
        assert one.results[0].parts == {"+1": "fail: taken"}


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\x1f\x8bnonsense", b'{"adapters": [1]}'])
def test_what_is_no_record_is_told_in_a_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_bytes(content)
    with pytest.raises(RecordError, match="make it with that"):
        read(tmp_path / "odd.json")


def test_the_published_record_is_still_read() -> None:
    path = Path(__file__).parents[2] / "results" / "published" / "conformance.json.gz"
    known = read(path)
    assert len(known) > 50
    assert all(one.results or one.problem for one in known)
