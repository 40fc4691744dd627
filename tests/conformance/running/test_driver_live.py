"""The cases against a server that is right, and against servers that misbehave: each caught by the case for it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from runner.conformance.case import Case, CaseResult, Ending, Exchange, Fault, Outcome, Send, Theme
from runner.conformance.cases.catalogue import CASES, CORE
from runner.conformance.cases.requests import G
from runner.conformance.classify import ServerClass, classify
from runner.conformance.running.driver import attempt, run_cases
from runner.conformance.running.ladder import climb
from runner.conformance.running.talk import converse
from runner.record.trial import Address

pytestmark = [
    pytest.mark.live,
    pytest.mark.xdist_group("misbehaving"),  # one fixture tries them all
]

SERVER = Path(__file__).parents[2] / "misbehaving" / "server.py"
PATIENCE = 0.4
"""These servers answer at once or never: a fraction of the time is enough to tell."""
SHORT_S = 2.0
"""A deadline below this is kept whole: the server and its case share two cores with others."""
TOGETHER = 8
"""So many of them are tried at the same time."""


class Subject:
    """A server of ours as a process: the handle that the driver takes."""

    def __init__(self, fault: str | None) -> None:
        self._arguments = [] if fault is None else ["--fault", fault]
        self._process: subprocess.Popen[bytes] | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
        self.address = Address("127.0.0.1", 0)
        self.starts = 0

    def restart(self) -> None:
        self._kill()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = Address("127.0.0.1", free.getsockname()[1])
        argv = [sys.executable, str(SERVER), "--port", str(self.address.port), *self._arguments]
        self._process = subprocess.Popen(argv, stderr=self._log)
        self.starts += 1
        until = time.monotonic() + 30
        while True:
            try:
                socket.create_connection((self.address.host, self.address.port), 1).close()
            except OSError:
                assert self.alive(), "the server did not start"
                assert time.monotonic() < until, "the server does not listen"
                time.sleep(0.01)
            else:
                return

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def memory_bytes(self) -> int | None:
        assert self._process is not None
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        except OSError:
            return None
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def exit_reason(self) -> str | None:
        code = self._process.poll() if self._process else None
        if code is None:
            return None
        self._log.seek(0)
        last = self._log.read().decode().splitlines()[-1:]
        return ": ".join([f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}", *last])

    def stop(self) -> None:
        self._kill()
        self._log.close()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@contextmanager
def running(fault: str | None = None) -> Iterator[Subject]:
    subject = Subject(fault)
    try:
        subject.restart()
        yield subject
    finally:
        subject.stop()


def named(*names: str) -> list[Case]:
    return [case for case in CASES if case.name in names]


def outcomes(results: Sequence[CaseResult]) -> dict[str, Outcome]:
    return {result.case: result.outcome for result in results}


@dataclass(frozen=True)
class Misbehaviour:
    """What is wrong with a server, the case that must catch it, and as what."""

    fault: str
    case: str
    outcome: Outcome = Outcome.FAIL
    kind: Fault | None = Fault.WRONG


MISBEHAVIOURS = [
    Misbehaviour("drops-the-last", "two-gets", kind=Fault.STALLED),
    Misbehaviour("never-answers", "two-gets", kind=Fault.STALLED),
    Misbehaviour("drips", "two-gets", kind=Fault.STALLED),
    Misbehaviour("floods", "two-gets"),
    Misbehaviour("resets", "two-gets", kind=Fault.LOST),
    Misbehaviour("crashes-when-pipelined", "two-gets", kind=Fault.CRASHED),
    Misbehaviour("duplicates", "sixteen-in-order"),
    Misbehaviour("answers-in-reverse", "sixteen-in-order"),
    Misbehaviour("closes-after-8", "sixteen-in-order", kind=Fault.LOST),
    Misbehaviour("announces-close-after-8", "sixteen-in-order", Outcome.NOTE, None),
    Misbehaviour("shallow", "deep-batches", kind=Fault.STALLED),
    Misbehaviour("one-read-one-request", "byte-at-a-time"),
    Misbehaviour("loses-a-cr", "cut-anywhere"),
    Misbehaviour("holds-back-the-first", "first-not-held-back", Outcome.NOTE, None),
    Misbehaviour("reorders", "slow-then-fast"),
    Misbehaviour("off-by-one", "post-then-get"),
    Misbehaviour("body-as-request", "body-that-looks-like-a-request"),
    Misbehaviour("no-chunked", "chunked-then-get"),
    Misbehaviour("chokes-on-chunk-extension", "chunk-extension-and-trailer"),
    Misbehaviour("get-has-no-body", "get-with-content"),
    Misbehaviour("leaves-body-unread", "unread-body"),
    Misbehaviour("leaves-chunks-unread", "unread-body"),
    Misbehaviour("head-with-body", "head-then-get"),
    Misbehaviour("closes-after-404", "not-found-between", kind=Fault.LOST),
    Misbehaviour("ignores-close", "close-on-the-last", kind=Fault.RULE),
    Misbehaviour("answers-after-close", "close-on-the-second", kind=Fault.RULE),
    Misbehaviour("garbage-kills", "garbage-after-close", kind=Fault.LOST),
    Misbehaviour("http10-persists", "http10-then-get", Outcome.NOTE, None),
    Misbehaviour("http10-hangs", "http10-keep-alive", kind=Fault.LOST),
    Misbehaviour("refuses-empty-line", "extra-crlf", Outcome.NOTE, None),
    Misbehaviour("bad-line-loses-good", "bad-line-after-get", kind=Fault.LOST),
    Misbehaviour("crashes-on-bad-line", "bad-line-after-get", kind=Fault.CRASHED),
    Misbehaviour("no-host-check", "missing-host"),
    Misbehaviour("spins-without-host", "missing-host", kind=Fault.HUNG),
    Misbehaviour("takes-any-length", "invalid-content-length"),
    Misbehaviour("takes-first-length", "two-content-lengths"),
    Misbehaviour("length-and-chunked", "length-and-chunked"),
    Misbehaviour("takes-space-before-colon", "space-before-colon"),
    Misbehaviour("takes-any-chunk-size", "invalid-chunk-size"),
    Misbehaviour("expects-for-ever", "expect-continue"),
    Misbehaviour("loses-empty-expectations", "expect-continue", kind=Fault.LOST),
    Misbehaviour("swallows-after-upgrade", "unknown-upgrade", kind=Fault.STALLED),
    Misbehaviour("half-close-kills", "half-close", kind=Fault.LOST),
    Misbehaviour("hoards", "slow-reader", Outcome.NOTE, None),
    Misbehaviour("impatient", "slower-than-keep-alive", kind=Fault.LOST),
    Misbehaviour("loses-behind-slow", "parallel", kind=Fault.STALLED),
    Misbehaviour("crosses-connections", "hundred-connections"),
    Misbehaviour("takes-python-lengths", "length-no-number"),
    Misbehaviour("takes-the-last-length", "length-list"),
    Misbehaviour("wraps-lengths", "length-out-of-range"),
    Misbehaviour("takes-python-chunk-sizes", "chunk-size-no-number"),
    Misbehaviour("wraps-chunk-sizes", "chunk-size-out-of-range"),
    Misbehaviour("skips-two-octets", "chunk-data-end"),
    Misbehaviour("chunk-lines-end-in-lf", "chunk-size-line-end"),
    Misbehaviour("takes-any-extension", "chunk-extension-control-character"),
    Misbehaviour("takes-any-trailer", "trailer-no-field"),
    Misbehaviour("ignores-unknown-codings", "transfer-coding-unknown"),
    Misbehaviour("takes-what-looks-chunked", "transfer-coding-misspelt"),
    Misbehaviour("http10-chunked-persists", "http10-chunked"),
    Misbehaviour("reads-over-lf", "line-end-in-value"),
    Misbehaviour("strips-names", "field-name-no-token"),
    Misbehaviour("error-overtakes", "error-behind-slow", kind=Fault.LOST),
    Misbehaviour("deaf-while-busy", "input-behind-slow", kind=Fault.STALLED),
    Misbehaviour("half-close-cancels", "half-close-behind-slow", kind=Fault.LOST),
    Misbehaviour("reorders-behind-a-body", "slow-behind-body"),
    Misbehaviour("bytes-cancel-the-last", "bytes-behind-close", kind=Fault.LOST),
    Misbehaviour("waits-for-unread-bodies", "unread-bodies-of-others", kind=Fault.STALLED),
    Misbehaviour("one-request-at-a-time", "unsent-requests-of-others", Outcome.NOTE, None),
    Misbehaviour("waits-for-slow-readers", "unread-responses-of-others", Outcome.NOTE, None),
    Misbehaviour("hangs-without-client", "gone-clients", kind=Fault.HUNG),
    Misbehaviour("races-behind-error", "race-behind-error"),
    Misbehaviour("races-behind-close", "race-behind-close"),
    Misbehaviour("ends-head-at-white-line", "head-end"),
    Misbehaviour("wants-chunks-whole", "body-cut-anywhere"),
    Misbehaviour("keeps-a-thread-a-connection", "idle-connections-of-others", Outcome.NOTE, None),
    Misbehaviour("waits-for-clients-to-close", "ended-connections-of-others", kind=Fault.STALLED),
    Misbehaviour("closes-by-timer", "length-and-chunked", kind=Fault.RULE),
]


ASKED_MOST = 3
UNSURE = ("not repeated: ", "not tried after")
"""What a case says of a fault that it saw once, and then not, or not at all for silence: on a machine that is busy
enough, of any."""


@pytest.fixture(scope="module")
def caught() -> dict[str, CaseResult]:
    """Each misbehaving server against its case, several at a time; by fault."""

    async def examine(misbehaviour: Misbehaviour, turns: asyncio.Semaphore) -> tuple[str, CaseResult]:
        (case,) = named(misbehaviour.case)
        waits = case.theme is Theme.NEIGHBOURS  # there it takes time until others are held up
        if not waits:
            case = replace(
                case, exchanges=tuple(replace(each, read_after_s=each.read_after_s / 5) for each in case.exchanges)
            )
        patience = 1.0 if waits or case.deadline_s <= SHORT_S else PATIENCE
        async with turns:
            for _ in range(ASKED_MOST):
                subject = Subject(misbehaviour.fault)
                try:
                    await asyncio.to_thread(subject.restart)
                    (result,) = await run_cases(subject, [case], patience=patience)
                finally:
                    subject.stop()
                late = result.fault is Fault.STALLED and misbehaviour.kind is not Fault.STALLED
                if not late and not any(unsure in result.detail for unsure in UNSURE):
                    break
                patience = 1.0  # a busy machine needs the time that the case really has
        return misbehaviour.fault, result

    async def examine_all() -> dict[str, CaseResult]:
        turns = asyncio.Semaphore(TOGETHER)
        return dict(await asyncio.gather(*(examine(each, turns) for each in MISBEHAVIOURS)))

    return asyncio.run(examine_all())


@pytest.mark.parametrize("misbehaviour", MISBEHAVIOURS, ids=lambda each: f"{each.fault}-by-{each.case}")
def test_each_misbehaviour_is_caught_by_its_case(misbehaviour: Misbehaviour, caught: dict[str, CaseResult]) -> None:
    result = caught[misbehaviour.fault]
    assert (result.outcome, result.fault) == (misbehaviour.outcome, misbehaviour.kind), result.detail
    raced = next(case for case in CASES if case.name == misbehaviour.case).race is not None
    deaf = misbehaviour.fault in {"never-answers", "drips"}
    assert result.attempts == (1 if raced or deaf else 2)
    assert result.sent


def test_every_case_catches_somebody() -> None:
    assert {each.case for each in MISBEHAVIOURS} == {case.name for case in CASES}


def test_the_reference_server_passes_every_case() -> None:
    seen: list[str] = []
    with running() as subject:
        results = asyncio.run(run_cases(subject, CASES, on_outcome=lambda result: seen.append(result.case)))
        assert subject.starts == 1
    assert [(r.case, r.detail) for r in results if r.outcome is not Outcome.PASS] == []
    assert [r.case for r in results] == [case.name for case in CASES]
    assert sorted(seen) == sorted(case.name for case in CASES)
    assert classify(results).server_class is ServerClass.CONCURRENT
    assert next(r for r in results if r.case == "deep-batches").figures == {"largest_depth": 1024}


@pytest.mark.parametrize(
    ("fault", "server_class"),
    [
        ("serial", ServerClass.SERIAL),
        ("blocks", ServerClass.SERIAL),
        ("announces-close-after-8", ServerClass.DEGRADES),
        ("closes-after-8", ServerClass.BROKEN),
        ("crashes-when-pipelined", ServerClass.BROKEN),
    ],
)
def test_classes(fault: str, server_class: ServerClass) -> None:
    with running(fault) as subject:
        results = asyncio.run(run_cases(subject, CORE))
    assert classify(results).server_class is server_class


def test_a_crash_is_put_down_to_the_case_that_brings_it_about() -> None:
    cases = named("two-gets", "sixteen-in-order", "cut-anywhere", "bad-line-after-get", "half-close", "parallel")
    with running("crashes-on-bad-line") as subject:
        results = asyncio.run(run_cases(subject, cases))
    assert [r.case for r in results if r.outcome is not Outcome.PASS] == ["bad-line-after-get"]
    (guilty,) = (r for r in results if r.outcome is Outcome.FAIL)
    assert guilty.fault is Fault.CRASHED
    assert guilty.detail.startswith("killed by SIGABRT: assertion failed: request line; ")


def test_a_stall_of_the_whole_server_is_put_down_to_the_case_that_brings_it_about() -> None:
    cases = named("two-gets", "sixteen-in-order", "missing-host", "parallel")
    with running("spins-without-host") as subject:
        results = asyncio.run(run_cases(subject, cases, patience=PATIENCE))
    assert [(r.case, r.fault) for r in results if r.outcome is not Outcome.PASS] == [("missing-host", Fault.HUNG)]


def test_a_server_that_does_not_run_is_an_outcome() -> None:
    with running() as subject:
        address = subject.address
    talk = asyncio.run(converse(address, Exchange((Send(G),), ("GET",)), 5.0))
    assert talk.ending is Ending.REFUSED
    assert talk.received == b""


@pytest.mark.parametrize("fault", ["never-answers", "drips", "floods", "resets"])
def test_no_socket_is_left_open(fault: str) -> None:
    def open_files() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the listing is the count

    with running(fault) as subject:
        before = open_files()
        (case,) = named("hundred-connections")
        assert asyncio.run(attempt(subject, case, 0.1)).finding.outcome is Outcome.FAIL
        assert open_files() == before


def test_the_ladder_finds_where_a_server_stops() -> None:
    with running("shallow") as subject:
        ladder = asyncio.run(climb(subject, depth_limit=24, connections_limit=4, also_depths=(23,), patience=0.1))
    assert (ladder.depth, ladder.connections, ladder.width_depth) == (20, 4, 16)
    assert ladder.beyond_depth is not None
    assert (ladder.beyond_depth.depth, ladder.beyond_depth.fault) == (21, Fault.STALLED)
    assert ladder.beyond_depth.detail == "20 of 21 responses, then silence"
    assert ladder.beyond_connections is None
    assert ladder.rungs[-1].depth == 23


def test_the_ladder_survives_a_server_that_dies() -> None:
    with running("crashes-when-pipelined") as subject:
        ladder = asyncio.run(climb(subject, depth_limit=64, connections_limit=8, patience=PATIENCE))
    assert (ladder.depth, ladder.connections, ladder.width_depth) == (1, 8, 1)
    assert ladder.beyond_depth is not None
    assert ladder.beyond_depth.fault is Fault.CRASHED
    assert "corrupted double-linked list" in ladder.beyond_depth.detail
