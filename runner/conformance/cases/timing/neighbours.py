# ruff: noqa: RUF001 - the signs for "times" and "nothing here" stand in what people read here
"""What one client costs the others: bodies nobody reads, requests that stop half way, responses nobody takes.

No RFC rules it. A server that has answered a request owes its client nothing more, so what keeps others waiting there
is a fail; that slow clients hold threads or workers is a note, which a proxy in front must make good.
"""

from __future__ import annotations

from typing import Final

from runner.conformance.case import (
    Await,
    Case,
    Exchange,
    Fault,
    Finding,
    Hold,
    Hurt,
    Judge,
    Leave,
    Level,
    Meet,
    Observation,
    Outcome,
    Pause,
    Send,
    Step,
    Theme,
)
from runner.conformance.cases.requests import G, at_once, chunked, get, gets, post, request, sleeps
from runner.conformance.judge import failed, noted, passed

CROWD: Final = 16
"""So many connections: as many as any server here has threads by default, or more."""
HELD_S: Final = 2.0
WAITED_S: Final = 1.5
"""How long another client waits for a GET of no work before it counts as kept waiting."""
UNREAD: Final = b"u" * 8200
UNREAD_CHUNKED: Final = request(
    "POST", "/", "Transfer-Encoding: chunked", content=b"%x\r\n%s\r\n0\r\n\r\n" % (len(UNREAD), UNREAD)
)
BIG: Final = post(b"b" * 2**18)
MANY: Final = 24
"""So many echoes of 256 KiB are more than the kernel's buffers hold, and little work."""
FEW: Final = 8
LONG_S: Final = 4.0

OTHER: Final = Exchange((Meet(), Pause(0.05), Send(G), Await(1, WAITED_S)), gets(1), enough=1)


def _held(*sent: bytes, methods: tuple[str, ...], answered: bool) -> Exchange:
    ready = (Await(1, 1.0),) if answered else (Pause(0.1),)
    return Exchange((*at_once(*sent), *ready, Meet(), Hold(HELD_S), Leave()), methods, enough=0)


def _answered(*requests: tuple[str, bytes]) -> tuple[Exchange, ...]:
    """A crowd for each request, with its method: answered once, and held open."""
    return tuple(_held(data, methods=(method, "GET"), answered=True) for method, data in requests for _ in range(CROWD))


def _left(*sent: bytes, reset: bool) -> Exchange:
    return Exchange((*at_once(*sent), Pause(0.05), Meet(), Leave(reset)), gets(1), enough=0)


def _again_and_again(times: int) -> tuple[Step, ...]:
    """So many GETs, for a crowd that is only stuck after a while."""
    return tuple(step for number in range(1, times + 1) for step in (Pause(0.4), Send(G), Await(number, WAITED_S)))


def undisturbed(outcome: Outcome, *, paid: str) -> Judge:
    """The last connection is another client's: it must be answered while the first ones are as they are."""

    def judge(seen: Observation) -> Finding:
        if not seen.conversations:
            return failed(Fault.LOST, "no connection was made")
        index = len(seen.conversations) - 1
        talk = seen.conversations[index]
        responses = talk.reading.responses
        if responses and responses[0].status == 200 and all(talk.awaited):
            return passed("a GET on another connection is answered at once")
        how = "only after they were let go" if responses else "not at all"
        detail = f"{paid}: a GET on another connection is answered {how}"
        return Finding(outcome, detail, Fault.STALLED if outcome is Outcome.FAIL else None, index)

    return judge


def _sure(judge: Judge) -> Judge:
    """Where none of the crowd was answered there is nothing to learn; some may be held up by those before them."""

    def judged(seen: Observation) -> Finding:
        crowd = seen.conversations[:-1]
        if crowd and not any(talk.reading.responses for talk in crowd):
            return noted("the requests before it are not answered at all")
        return judge(seen)

    return judged


NEIGHBOURS: Final = (
    Case(
        55,
        "unread-bodies-of-others",
        Theme.NEIGHBOURS,
        f"{CROWD} connections that each `POST /` {len(UNREAD)} octets to a route that reads none, and {CROWD} that do "
        "so chunked, are answered and stay; a `G` on another",
        "the `G` is answered at once",
        Level.NONE,
        "–",
        "",
        "A thread that waits for its client after the response was sent is lost to all others.",
        (
            *_answered(("POST", post(UNREAD, path="/")), ("POST", UNREAD_CHUNKED)),
            OTHER,
        ),
        _sure(undisturbed(Outcome.FAIL, paid=f"{2 * CROWD} answered requests whose bodies nobody reads")),
        deadline_s=4.0,
        at_once=2 * CROWD + 1,
        alone=True,
        hurts=Hurt.OTHERS,
        needs=(),
    ),
    Case(
        56,
        "unsent-requests-of-others",
        Theme.NEIGHBOURS,
        f"{CROWD} connections that each stop half way: in the head, in a body, in a chunk, before the first octet; "
        "a `G` on another",
        "the `G` is answered at once; where it waits, a note",
        Level.NONE,
        "–",
        "",
        "A worker that waits for the rest of a request serves nobody; behind a proxy that sends whole requests it need "
        "not wait.",
        (
            *(_held(G[:20], methods=gets(1), answered=False) for _ in range(CROWD // 4)),
            *(_held(post(UNREAD)[:-9], methods=("POST",), answered=False) for _ in range(CROWD // 8)),
            *(_held(post(UNREAD, path="/")[:-9], methods=("POST",), answered=False) for _ in range(CROWD // 8)),
            *(_held(chunked(b"9\r\nhello"), methods=("POST",), answered=False) for _ in range(CROWD // 4)),
            *(_held(b"", methods=(), answered=False) for _ in range(CROWD // 4)),
            OTHER,
        ),
        undisturbed(Outcome.NOTE, paid=f"{CROWD} requests that stop half way"),
        deadline_s=4.0,
        at_once=CROWD + 1,
        alone=True,
        hurts=Hurt.OTHERS,
        needs=(),
    ),
    Case(
        57,
        "unread-responses-of-others",
        Theme.NEIGHBOURS,
        f"{FEW} connections that each `POST /echo` 256 KiB {MANY} times and take no response; a `G` on another",
        "the `G` is answered at once; where it waits, a note",
        Level.NONE,
        "–",
        "",
        "A worker that waits until its client reads serves nobody meanwhile.",
        (
            *(
                Exchange((Send(BIG * MANY), Hold(LONG_S), Leave()), ("POST",) * MANY, enough=0, read_after_s=LONG_S)
                for _ in range(FEW)
            ),
            Exchange(_again_and_again(6), gets(6), enough=6),
        ),
        undisturbed(Outcome.NOTE, paid=f"{FEW} clients that take no responses"),
        deadline_s=5.0,
        at_once=FEW + 1,
        alone=True,
        hurts=Hurt.OTHERS,
    ),
    Case(
        63,
        "idle-connections-of-others",
        Theme.NEIGHBOURS,
        f"{CROWD} connections that are answered a `G`, {CROWD} that are answered a `POST /echo`, and stay open; a `G` "
        "on another",
        "the `G` is answered at once; where it waits, a note",
        Level.NONE,
        "–",
        "",
        "Browsers and proxies keep connections open; a worker that stays with one until it ends serves nobody else.",
        (
            *_answered(("GET", G), ("POST", post(b"h"))),
            OTHER,
        ),
        undisturbed(Outcome.NOTE, paid=f"{2 * CROWD} idle connections"),
        deadline_s=4.0,
        at_once=2 * CROWD + 1,
        alone=True,
        hurts=Hurt.OTHERS,
        needs=(),
    ),
    Case(
        64,
        "ended-connections-of-others",
        Theme.NEIGHBOURS,
        f"{CROWD} connections each that are answered a `G` with `Connection: close`, an HTTP/1.0 `G`, or a `G` without "
        "Host, and whose clients do not close; a `G` on another",
        "the `G` is answered at once",
        Level.NONE,
        "–",
        "",
        "A thread that waits for its client to close, after it has closed itself, is lost to all others.",
        (
            *_answered(
                ("GET", get("/", "Connection: close")),
                ("GET", get(version="1.0")),
                ("GET", b"GET / HTTP/1.1\r\n\r\n"),
            ),
            OTHER,
        ),
        _sure(undisturbed(Outcome.FAIL, paid=f"{3 * CROWD} connections that are over")),
        deadline_s=4.0,
        at_once=3 * CROWD + 1,
        alone=True,
        hurts=Hurt.OTHERS,
        needs=(),
    ),
    Case(
        58,
        "gone-clients",
        Theme.NEIGHBOURS,
        f"{CROWD} connections whose clients leave while `G(/sleep/200/a)` is made, in the middle of a body, behind "
        "`Connection: close` and an octet, or with a reset; a `G` on another",
        "the `G` is answered",
        Level.NONE,
        "–",
        "",
        "Clients leave all the time; a server that waits for one of them for ever serves nobody again.",
        (
            *(_left(*sleeps(0.2, "a"), reset=False) for _ in range(CROWD // 8)),
            *(_left(*sleeps(0.2, "a"), reset=True) for _ in range(CROWD // 8)),
            *(_left(*sleeps(0.2, "a", "b"), reset=False) for _ in range(CROWD // 8)),
            *(_left(post(UNREAD)[:-9], reset=True) for _ in range(CROWD // 8)),
            *(_left(chunked(b"9\r\nhello"), reset=False) for _ in range(CROWD // 8)),
            *(_left(get("/sleep/200/a", "Connection: close") + b"x", reset=False) for _ in range(CROWD // 8)),
            *(_left(get("/sleep/200/a", "Connection: close") + b"x", reset=True) for _ in range(CROWD // 8)),
            *(_left(G[:20], reset=True) for _ in range(CROWD // 8)),
            Exchange((Meet(), Pause(0.3), Send(G), Await(1, 8.0)), gets(1), enough=1),
        ),
        undisturbed(Outcome.FAIL, paid=f"{CROWD} clients left"),
        deadline_s=10.0,
        at_once=CROWD + 1,
        alone=True,
        hurts=Hurt.OTHERS,
        needs=(),
    ),
)
