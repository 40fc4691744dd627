"""Findings are computed from counts, shares and the model, each with its evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from runner.explaining import calls, findings
from runner.explaining.categories import Category, Hot
from runner.explaining.findings import Evidence, Finding
from runner.judging.models import batching
from runner.record.adapter import Taken, Tuning
from runner.record.beside.explained import Calls
from runner.record.trial import Verdict
from runner.rows import rows
from runner.rows.row import BatchLatency, Row
from tests import builders
from tests.explaining import seen

NODELAY = Tuning("TCP_NODELAY, or each small write waits", "https://example.com", "2026-11-26", Taken.NO, "by default")


def row(depth: int, **changes: Any) -> Row:
    head = builders.run()
    (made,) = rows.rows(
        head, [builders.trial(cell=builders.cell(depth=depth), check=builders.check(sent=depth, received=depth))]
    )
    return replace(made, **changes)


def evidence(*made: Calls, **changes: Any) -> Evidence:
    depths = [seen.calls(1), seen.calls(16, *made)]
    found = Evidence(
        record=builders.adapter_record(tuning=(NODELAY,)),
        line=None,
        rows={16: row(16)},
        batches=[calls.batch(one) for one in depths],
        paid=calls.paid(depths),
        shares={},
        hottest={},
        in_python={16: 0.9},
    )
    return replace(found, **changes)


def texts(found: tuple[Finding, ...]) -> list[str]:
    return [one.text for one in found]


def batch_of(sends: float, *, reads: int = 1, empty: int = 0, waits: int = 1, wakes: int = 0) -> tuple[Calls, ...]:
    made = [
        Calls("sendto", "tcp", round(24 * sends), 0, 2400),
        Calls("recvfrom", "tcp", 24 * (reads + empty), 24 * empty, 2400),
        Calls("epoll_wait", "epoll", 24 * waits),
    ]
    return (*made, *([Calls("write", "eventfd", 24 * wakes, 0, 192 * wakes)] if wakes else []))


def test_each_response_in_a_call_of_its_own() -> None:
    found = findings.findings(evidence())
    first = found[0]
    assert first.text == "writes each response in a call of its own"
    assert first.evidence == "16 sends a batch of 16, 100 bytes each, 30 % of its CPU time in the kernel"
    assert first.option is not None
    assert first.option.startswith("its documentation: TCP_NODELAY")
    assert "its adapter does not: by default" in first.option


def test_sends_of_a_batch() -> None:
    said = {sends: texts(findings.findings(evidence(*batch_of(sends))))[0] for sends in (1, 4, 16, 32)}
    assert said == {
        1: "writes all responses of a batch in one call",
        4: "writes 4.0 responses a call",
        16: "writes each response in a call of its own",
        32: "writes each response in 2 calls",
    }


def test_reads_waits_and_wake_ups() -> None:
    found = texts(findings.findings(evidence(*batch_of(1, empty=16, waits=16, wakes=32))))
    assert "tries to read after each request, and finds nothing" in found
    assert "goes back to its event loop for each request of a batch" in found
    assert "wakes another thread for each request" in found
    calm = texts(findings.findings(evidence(*batch_of(1))))
    assert calm == ["writes all responses of a batch in one call"]


def test_a_call_for_each_request_is_named() -> None:
    found = findings.findings(evidence(*batch_of(1), Calls("setsockopt", "", 24 * 16)))
    assert "calls setsockopt for each request" in texts(found)


def test_parsing_in_python_names_where() -> None:
    shares = {16: {Category.PARSING: 0.6, Category.LOOP: 0.4}}
    in_python = {16: [Hot("next_event (h11/_connection.py)", Category.PARSING, 0.5)]}
    found = findings.findings(evidence(shares=shares, hottest=in_python))
    (said,) = [one for one in found if one.text == "parses in Python"]
    assert said.evidence == "60 % of its own time at depth 16: next_event (h11/_connection.py) 50 %"
    in_c = {16: [Hot("llhttp__run (llhttp.c)", Category.PARSING, 0.5)]}
    assert "spends much of its own time on parsing" in texts(
        findings.findings(evidence(shares=shares, hottest=in_c, in_python={16: 0.1}))
    )
    little = {16: {Category.PARSING: 0.1}}
    assert not any("pars" in text for text in texts(findings.findings(evidence(shares=little, hottest=in_python))))


def test_a_wait_of_forty_milliseconds_is_nagles() -> None:
    latency = BatchLatency(41_000, 41_000, 41_000, 41_000, 41_000, 41_000, 41_000.0, 100, exact=True, problem=None)
    slow = row(16, verdict=Verdict.NEITHER, server_busy=0.1, batch_latency_us=latency)
    found = findings.findings(evidence(rows={16: slow}))
    (said,) = [one for one in found if "delayed ACK" in one.text]
    assert (
        said.evidence == "at depth 16 it uses 10 % of its CPU, and half of the batches take 41 ms or more, in 16 sends"
    )
    other = replace(slow, batch_latency_us=None)
    assert "waits though the client does not" in texts(findings.findings(evidence(rows={16: other})))
    busy = replace(slow, server_busy=0.99)
    assert not any("waits" in text for text in texts(findings.findings(evidence(rows={16: busy}))))


def test_what_pipelining_gives_and_what_is_left() -> None:
    line = batching.line({depth: [8 / depth + 0.5] * 3 for depth in (1, 4, 16)})
    (*_, said) = findings.findings(evidence(line=line))
    assert said.text == "gains up to 17.0 times from pipelining"
    costs = "a batch costs 8 µs (±0) and each request in it 0.5 µs (±0)"
    assert said.evidence == f"{costs}; beyond depth 16 at most 2.00 times more are left"
    flat = batching.line({depth: [0.1 / depth + 5] * 3 for depth in (1, 4, 16)})
    (*_, said) = findings.findings(evidence(line=flat))
    assert said.text.startswith("gains little from pipelining")


def test_a_line_that_does_not_fit_says_where() -> None:
    rounds = (0.999, 1.0, 1.001)
    bent = {depth: [(8 / depth + 2.0) * noise for noise in rounds] for depth in (1, 4, 16)}
    bent[64] = [4.0 * noise for noise in reversed(rounds)]
    (*_, said) = findings.findings(evidence(line=batching.line(bent)))
    assert said.text == "does something else at another depth: two numbers do not fit"
    assert "more than the line" in said.evidence
    assert said.option == "--depth 1,64 shows its calls and functions there"


def test_nothing_seen_is_nothing_found() -> None:
    assert findings.findings(evidence(batches=[], paid=[], rows={})) == ()
