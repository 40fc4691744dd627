"""What overtakes a slow response: an error, a close, more bytes, a later request, the end of input; in HTTP/1.0 too.

A response that has been asked for is owed, whatever arrives while it is being made (RFC 9112 §9.3.2, §9.6).
"""

from __future__ import annotations

from typing import Final

from runner.conformance.case import (
    Case,
    Conversation,
    Exchange,
    Finding,
    HalfClose,
    Hurt,
    Level,
    Outcome,
    Pause,
    Send,
    Step,
    Theme,
)
from runner.conformance.cases.requests import chunked, get, head, post, sleeps
from runner.conformance.judge import Expected, Look, body, noted, status
from runner.conformance.spelling import REFUSALS, Spelling, serves, serves_then_ends, serves_then_refuses, spelled

SLOW_S: Final = 0.3
SOON: Final = Pause(0.05)
A, B, H = body(b"a"), body(b"b"), body(b"h")
SLOW: Final = sleeps(SLOW_S, "a")[0]
PATH: Final = f"/sleep/{round(SLOW_S * 1000)}/a"
SLOW_TEN: Final = get(PATH, "Connection: keep-alive", version="1.0")
LAST: Final = get(PATH, "Connection: close")
LAST_TEN: Final = get(PATH, version="1.0")
FAST: Final = sleeps(0, "b")[0]
FAST_LAST: Final = get("/sleep/0/b", "Connection: close")
MIDDLE: Final = sleeps(SLOW_S / 2, "b")[0]
BAD: Final = b"BAD\r\n\r\n"
LONG: Final = get("/", "X: " + "y" * 2**17)
"""A head beyond the limits of most."""

ERRORS: Final[tuple[tuple[str, bytes], ...]] = (
    ("no request line", BAD),
    ("no Host", b"GET / HTTP/1.1\r\n\r\n"),
    ("a line that is no field", b"GET / HTTP/1.1\r\nHost: x\r\nbad\r\n\r\n"),
    ("no length", head(b"Content-Length: a") + b"hello"),
    ("no chunk size", chunked(b"z\r\nhello\r\n0\r\n\r\n")),
    ("a version that is none", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n"),
    ("an unknown coding", head(b"Transfer-Encoding: x") + b"hello"),
    ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
)


ECHO: Final = Expected(frozenset({200, 404, 405, 411, 417, 501}))
UNREAD: Final = Expected(frozenset({404, 405, 501}))


def in_turn(look: Look) -> Look:
    """A 100 (Continue) that comes before the response that is owed is a note: clients read over it."""

    def turned(talk: Conversation) -> Finding:
        finding = look(talk)
        early = talk.due[:1] and talk.due[0].interim
        return noted("100 (Continue) comes before what is owed") if finding.fault is None and early else finding

    return turned


def _steps(first: bytes, *later: Step | bytes) -> tuple[Step, ...]:
    return (Send(first), *(Send(one) if isinstance(one, bytes) else one for one in later))


def _closing(*steps: Step) -> Exchange:
    return Exchange(steps, ("GET",) * 4, until_close=True)


def _open(count: int, steps: tuple[Step, ...], first: str = "GET") -> Exchange:
    return Exchange(steps, (first, *("GET",) * 3), enough=count)


_ERRORS: Final = (
    *(Spelling(name, _closing(*_steps(SLOW + data)), serves_then_refuses(A)) for name, data in ERRORS),
    *(Spelling(f"{name}, later", _closing(*_steps(SLOW, SOON, data)), serves_then_refuses(A)) for name, data in ERRORS),
    Spelling("no request line, HTTP/1.0", _closing(*_steps(SLOW_TEN + BAD)), serves_then_refuses(A)),
    Spelling("no request line, HTTP/1.0, later", _closing(*_steps(SLOW_TEN, SOON, BAD)), serves_then_refuses(A)),
    Spelling("a head too long, later", _closing(*_steps(SLOW, SOON, LONG)), serves_then_refuses(A)),
    Spelling(
        "no chunk size, behind its head", _closing(*_steps(SLOW + chunked(b""), SOON, b"z\r\n")), serves_then_refuses(A)
    ),
    Spelling(
        "no request line, in two pieces", _closing(*_steps(SLOW + BAD[:2], SOON, BAD[2:])), serves_then_refuses(A)
    ),
    Spelling("no request line, two before it", _closing(*_steps(SLOW + FAST + BAD)), serves_then_refuses(A, B)),
)

INPUT: Final[tuple[tuple[str, int, tuple[Step, ...], Look], ...]] = (
    ("a request", 2, _steps(SLOW, SOON, FAST), serves(A, B)),
    ("a request in two pieces", 2, _steps(SLOW, SOON, FAST[:9], SOON, FAST[9:]), serves(A, B)),
    ("two requests, apart", 3, _steps(SLOW, SOON, FAST, SOON, FAST), serves(A, B, B)),
    ("CRLF, then a request", 2, _steps(SLOW, SOON, b"\r\n", SOON, FAST), serves(A, B, owed=1)),
    ("half a request", 1, _steps(SLOW, SOON, FAST[:9]), serves(A)),
    ("quicker ones, one write", 3, _steps(SLOW + MIDDLE + sleeps(0, "c")[0]), serves(A, B, body(b"c"))),
    ("no such page, one write", 2, _steps(SLOW + get("/missing")), serves(A, status(404))),
    ("no such page", 2, _steps(SLOW, SOON, get("/missing")), serves(A, status(404))),
    ("content for nobody, one write", 2, _steps(SLOW + post(b"hello", path="/")), serves(A, UNREAD)),
    ("a last request, one write", 2, _steps(SLOW + FAST_LAST), serves(A, B)),
    ("a last request", 2, _steps(SLOW, SOON, FAST_LAST), serves(A, B)),
    ("a last request, HTTP/1.0", 2, _steps(SLOW, SOON, get("/sleep/0/b", version="1.0")), serves(A, B)),
    ("an expectation of 100", 2, _steps(SLOW, SOON, post(b"h", "Expect: 100-continue")), in_turn(serves(A, ECHO))),
    ("a request, its content to come", 1, _steps(SLOW, SOON, post(b"hello")[:-3]), serves(A, more=True)),
    ("a request, HTTP/1.0 keep-alive", 2, _steps(SLOW_TEN, SOON, FAST), serves(A, more=True)),
)
ENDS: Final[tuple[tuple[str, int, tuple[Step, ...], Look], ...]] = (
    ("alone", 1, _steps(SLOW, HalfClose()), serves(A)),
    ("later", 1, _steps(SLOW, SOON, HalfClose()), serves(A)),
    ("behind a request", 2, _steps(SLOW, SOON, FAST, HalfClose()), serves(A, B)),
    ("behind half a request", 1, _steps(SLOW, SOON, FAST[:9], HalfClose()), serves(A, more=True)),
    ("behind half a body", 1, _steps(SLOW, SOON, post(b"hello")[:-3], HalfClose()), serves(A, more=True)),
    ("behind a last request", 2, _steps(SLOW, SOON, FAST_LAST, HalfClose()), serves(A, B)),
    ("behind two slow ones", 2, _steps(SLOW + MIDDLE, SOON, HalfClose()), serves(A, B)),
    ("behind Connection: close", 1, _steps(LAST, SOON, HalfClose()), serves(A)),
    ("HTTP/1.0", 1, _steps(LAST_TEN, SOON, HalfClose()), serves(A)),
    ("HTTP/1.0 keep-alive", 1, _steps(SLOW_TEN, SOON, HalfClose()), serves(A)),
)
BEHIND_BODY: Final[tuple[tuple[str, tuple[Step, ...]], ...]] = (
    ("a length", _steps(post(b"h") + SLOW, Pause(0.1), FAST)),
    ("a length, its content later", _steps(post(b"h")[:-1], SOON, b"h" + SLOW, Pause(0.1), FAST)),
    ("a length, the slow request later", _steps(post(b"h"), SOON, SLOW, Pause(0.1), FAST)),
    ("chunked", _steps(chunked(b"1\r\nh\r\n0\r\n\r\n") + SLOW, Pause(0.1), FAST)),
    ("chunked, with a trailer", _steps(chunked(b"1\r\nh\r\n0\r\nX: y\r\n\r\n") + SLOW, Pause(0.1), FAST)),
    ("content for nobody", _steps(post(b"h", path="/") + SLOW, Pause(0.1), FAST)),
    ("content for nobody, later", _steps(post(b"h", path="/")[:-1], SOON, b"h" + SLOW, Pause(0.1), FAST)),
    ("chunked, its end later", _steps(chunked(b"1\r\nh\r\n"), SOON, b"0\r\n\r\n" + SLOW, Pause(0.1), FAST)),
)
BEHIND_CLOSE: Final[tuple[tuple[str, tuple[Step, ...]], ...]] = (
    *(
        (f"{name}{when}{version}", steps)
        for version, last in (("", LAST), (", HTTP/1.0", LAST_TEN))
        for name, data in (
            ("CRLF", b"\r\n"),
            ("an octet", b"x"),
            ("no request", BAD),
            ("a request", FAST),
            ("half a request", FAST[:9]),
        )
        for when, steps in ((", one write", _steps(last + data)), (", later", _steps(last, SOON, data)))
    ),
    ("many octets, later", _steps(LAST, SOON, b"x" * 20_000)),
    ("octets one by one, later", _steps(LAST, SOON, b"x", SOON, b"y", SOON, b"\r\n")),
    ("a TLS hello, later", _steps(LAST, SOON, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")),
    ("a request and the half-close, later", _steps(LAST, SOON, FAST, HalfClose())),
    *(
        (f"a request, {name}", _steps(get(PATH, *fields, version=version) + FAST))
        for name, version, fields in (
            ("Close", "1.1", ("Connection: Close",)),
            ("close in a list", "1.1", ("Connection: x, close",)),
            ("close in a second line", "1.1", ("Connection: x", "Connection: close")),
            ("keep-alive and close", "1.1", ("Connection: keep-alive, close",)),
            ("HTTP/1.0, keep-alive and close", "1.0", ("Connection: keep-alive, close",)),
        )
    ),
)


def _is_ten(steps: tuple[Step, ...]) -> bool:
    """Whether the last request says so by its version alone: then going on is a note (RFC 9112 §9.3)."""
    first = steps[0]
    return isinstance(first, Send) and first.data.startswith(LAST_TEN)


def _echo_in_order() -> Look:
    """The echo, or that it is not served, or that it must have a length; then a and b.

    What is refused, or closed behind as RFC 9112 §9.3 lets a server do where nobody reads the body, tells nothing of
    the order: other cases ask for that.
    """

    def look(talk: Conversation) -> Finding:
        echo = talk.due[:1]
        if echo and echo[0].status == 411:
            return noted("asks for a length")
        alone = len(talk.due) == 1 and talk.ending.by_server
        if echo and echo[0].status in REFUSALS and alone:
            return noted(f"the body is refused ({echo[0].status})")
        if echo and echo[0].status in UNREAD.statuses and alone:
            return noted(f"closed behind a body that nobody reads ({echo[0].status})")
        return serves(H if echo and echo[0].status == 200 else ECHO, A, B)(talk)

    return look


_INPUT: Final = tuple(Spelling(name, _open(count, steps), look) for name, count, steps, look in INPUT)
_ENDS: Final = tuple(Spelling(name, _open(count, steps), look) for name, count, steps, look in ENDS)
_BEHIND_BODY: Final = tuple(Spelling(name, _open(3, steps, "POST"), _echo_in_order()) for name, steps in BEHIND_BODY)
_BEHIND_CLOSE: Final = tuple(
    Spelling(name, _closing(*steps), serves_then_ends(A, persists=Outcome.NOTE if _is_ten(steps) else Outcome.FAIL))
    for name, steps in BEHIND_CLOSE
)
_MS: Final = round(SLOW_S * 1000)

OVERTAKING: Final = (
    Case(
        50,
        "error-behind-slow",
        Theme.OVERTAKING,
        f"`G(/sleep/{_MS}/a)`, behind it a request that is none, in the same write or later, {len(_ERRORS)} spellings",
        "a, 400, then the server closes: the slow response is neither lost nor overtaken",
        Level.MUST,
        "RFC 9112 §9.3.2, §2.2",
        "it MUST send the corresponding responses in the same order that the requests were received",
        "A client gives the 400 to the request that was good, and may repeat it.",
        tuple(one.exchange for one in _ERRORS),
        spelled(_ERRORS),
        deadline_s=2.5,
        at_once=6,
        together=False,
        needs=(),
    ),
    Case(
        51,
        "input-behind-slow",
        Theme.OVERTAKING,
        f"`G(/sleep/{_MS}/a)`, and 50 ms later more input: requests, pieces of them, an empty line, "
        f"{len(_INPUT)} spellings",
        "a, then what else is due, in order",
        Level.MUST,
        "RFC 9112 §9.3.2",
        "it MUST send the corresponding responses in the same order that the requests were received",
        "Input that comes while a response is made meets a parser in a state that one write never shows.",
        tuple(one.exchange for one in _INPUT),
        spelled(_INPUT),
        deadline_s=2.5,
        at_once=6,
        together=False,
    ),
    Case(
        52,
        "half-close-behind-slow",
        Theme.OVERTAKING,
        f"`G(/sleep/{_MS}/a)`, and the client's half-close while it is made, {len(_ENDS)} spellings, HTTP/1.0 too",
        "a, and what else was complete",
        Level.NONE,
        "RFC 9112 §9.6",
        "a TCP connection that is half-closed by the client does not delimit a request message, nor does it imply that "
        "the client is no longer interested in a response",
        "Simple clients (nc, and those that pipe a file) send all they have and shut down their side.",
        tuple(one.exchange for one in _ENDS),
        spelled(_ENDS),
        deadline_s=2.5,
        at_once=6,
        together=False,
        hurts=Hurt.ANY,
        needs=(),
    ),
    Case(
        53,
        "slow-behind-body",
        Theme.OVERTAKING,
        f"`POST /echo`, `G(/sleep/{_MS}/a)`, and 100 ms later `G(/sleep/0/b)`, {len(_BEHIND_BODY)} spellings",
        "the echo, a, b",
        Level.MUST,
        "RFC 9112 §9.3.2",
        "it MUST send the corresponding responses in the same order that the requests were received",
        "A connection that is idle for its parser and busy for its handler answers the third request second.",
        tuple(one.exchange for one in _BEHIND_BODY),
        spelled(_BEHIND_BODY),
        deadline_s=2.5,
        at_once=6,
        together=False,
    ),
    Case(
        54,
        "bytes-behind-close",
        Theme.OVERTAKING,
        f"`G(/sleep/{_MS}/a)` as the last request (`Connection: close`, or HTTP/1.0), and bytes behind it while it is "
        f"made, {len(_BEHIND_CLOSE)} spellings",
        "a intact, then the server closes; nothing behind it is processed; to go on behind HTTP/1.0 is a note",
        Level.MUST_NOT,
        "RFC 9112 §9.6",
        "The server MUST NOT process any further requests received on that connection",
        "The response that was asked for must survive whatever comes after the last request.",
        tuple(one.exchange for one in _BEHIND_CLOSE),
        spelled(_BEHIND_CLOSE),
        deadline_s=2.5,
        at_once=6,
        together=False,
        hurts=Hurt.ANY,
        needs=(),
    ),
)
