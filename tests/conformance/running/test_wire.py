"""The response reader: every framing, every flaw, and any split of any stream."""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.conformance.running.wire import Flaw, FlawKind, Reading, ResponseReader, read_responses

FUZZ_ROUNDS = int(os.environ.get("PIPEBENCH_FUZZ", "3000"))
"""``PIPEBENCH_FUZZ=100000 pytest -s -k fuzz tests/test_wire.py`` is the long run."""

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@dataclass(frozen=True)
class Wanted:
    """One response as it is meant, and as it stands on the wire."""

    method: str
    status: int
    body: bytes
    trailers: tuple[tuple[str, str], ...]
    interim: tuple[int, ...]
    data: bytes
    until_close: bool = False


def chunked(body: bytes, sizes: list[int], trailers: tuple[tuple[str, str], ...], extension: bytes) -> bytes:
    out = b""
    while body:
        size = sizes.pop() if sizes else len(body)
        piece, body = body[:size], body[size:]
        out += b"%x%s\r\n%s\r\n" % (len(piece), extension, piece)
    fields = b"".join(f"{name}: {value}\r\n".encode() for name, value in trailers)
    return out + b"0\r\n" + fields + b"\r\n"


def serialise(
    method: str,
    status: int,
    body: bytes,
    framing: str,
    *,
    interim: tuple[int, ...] = (),
    sizes: tuple[int, ...] = (),
    trailers: tuple[tuple[str, str], ...] = (),
    extension: bytes = b"",
    version: str = "1.1",
) -> Wanted:
    has_body = method != "HEAD" and status not in {204, 304}
    if status == 204 or (framing == "chunked" and version == "1.0"):
        framing = "length"
    if not has_body and framing == "close":
        framing = "length"
    heads = "".join(f"HTTP/1.1 {code} Interim\r\nX-Step: {code}\r\n\r\n" for code in interim)
    head = f"{heads}HTTP/{version} {status} Some Reason\r\nX-Odd:  a\tb \r\n"
    head += {
        "length": f"Content-Length: {len(body)}\r\n",
        "chunked": "Transfer-Encoding: chunked\r\n",
        "close": "",
    }[framing]
    data = head.encode() + b"\r\n"
    if not has_body:
        return Wanted(method, status, b"", (), interim, data)
    if framing == "chunked":
        data += chunked(body, list(sizes), trailers, extension)
        return Wanted(method, status, body, trailers, interim, data)
    return Wanted(method, status, body, (), interim, data + body, until_close=framing == "close")


token = st.text("abcdefghijklmnop-", min_size=1, max_size=8)
wanted_responses = st.builds(
    serialise,
    st.sampled_from(["GET", "HEAD", "POST"]),
    st.sampled_from([200, 204, 304, 400, 404, 500]),
    st.one_of(st.binary(max_size=200), st.just(HELLO), st.just(b"\r\n\r\n"), st.binary(max_size=9000)),
    st.sampled_from(["length", "chunked"]),
    interim=st.lists(st.sampled_from([100, 102, 103]), max_size=2).map(tuple),
    sizes=st.lists(st.integers(1, 300), max_size=8).map(tuple),
    trailers=st.lists(st.tuples(token, token), max_size=2).map(tuple),
    extension=st.sampled_from([b"", b";a=b", b'; q="x;y"']),
    version=st.sampled_from(["1.1", "1.0"]),
)
last_response = st.none() | st.builds(serialise, st.just("GET"), st.just(200), st.binary(max_size=50), st.just("close"))


@st.composite
def streams(draw: st.DrawFn) -> list[Wanted]:
    responses = draw(st.lists(wanted_responses, min_size=0, max_size=6))
    last = draw(last_response)
    return responses if last is None else [*responses, last]


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    points = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(points)]


def read_pieces(pieces: list[bytes], methods: list[str], *, closed: bool = True) -> Reading:
    reader = ResponseReader(methods)
    for piece in pieces:
        reader.feed(piece)
    if closed:
        reader.end()
    return reader.reading


def assert_read(reading: Reading, wanted: list[Wanted]) -> None:
    assert reading.flaw is None
    assert reading.unread == b""
    got = [(r.method, r.status, r.body, r.trailers, r.interim, r.size, r.until_close) for r in reading.responses]
    assert got == [(w.method, w.status, w.body, w.trailers, w.interim, len(w.data), w.until_close) for w in wanted]


@given(streams(), st.lists(st.integers(min_value=0), max_size=30))
def test_any_split_of_a_valid_stream_gives_the_same_responses(wanted: list[Wanted], cuts: list[int]) -> None:
    data = b"".join(w.data for w in wanted)
    methods = [w.method for w in wanted]
    whole = read_responses(data, methods, closed=True)
    assert_read(whole, wanted)
    assert read_pieces(split(data, cuts), methods) == whole


@settings(max_examples=30)
@given(streams())
def test_a_byte_at_a_time_gives_the_same_responses(wanted: list[Wanted]) -> None:
    data = b"".join(w.data for w in wanted)
    assert_read(read_pieces([data[i : i + 1] for i in range(len(data))], [w.method for w in wanted]), wanted)


@given(streams(), st.integers(min_value=0))
def test_every_truncation_keeps_the_complete_responses(wanted: list[Wanted], cut: int) -> None:
    data = b"".join(w.data for w in wanted)
    kept = data[: cut % (len(data) + 1)]
    reading = read_responses(kept, [w.method for w in wanted], closed=True)
    ends = [sum(len(w.data) for w in wanted[: i + 1]) for i in range(len(wanted))]
    complete = sum(end <= len(kept) for end in ends)
    if reading.responses[complete:]:
        assert wanted[complete].until_close
    else:
        assert len(reading.responses) == complete
        at_boundary = len(kept) in {0, *ends}
        assert (reading.flaw is None) == at_boundary
        assert reading.flaw is None or reading.flaw.kind is FlawKind.TRUNCATED


@given(streams(), st.binary(min_size=1, max_size=60))
def test_bytes_that_answer_no_request_are_surplus(wanted: list[Wanted], extra: bytes) -> None:
    wanted = [w for w in wanted if not w.until_close]
    data = b"".join(w.data for w in wanted)
    reading = read_responses(data + extra, [w.method for w in wanted], closed=True)
    assert len(reading.responses) == len(wanted)
    assert reading.flaw == Flaw(FlawKind.SURPLUS, len(data), f"{len(extra)} bytes that answer no request")
    assert reading.unread == extra


def corrupt(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(out) + 1)
        match chance.randrange(5):
            case 0 if at < len(out):
                out[at] = chance.randrange(256)
            case 1:
                out[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 5)))
            case 2:
                del out[at : at + chance.randint(1, 20)]
            case 3:
                out[at:at] = out[max(0, at - chance.randint(1, 60)) : at]
            case _:
                at = out.find(b"\r\n", at)
                if at >= 0:
                    out[at : at + 2] = chance.choice([b"\n", b"\r", b"", b"\r\n\r\n", b"\r\n ", b"\x00"])
    return bytes(out)


def random_stream(chance: random.Random) -> list[Wanted]:
    count = chance.randint(0, 4)
    return [
        serialise(
            chance.choice(["GET", "GET", "HEAD", "POST"]),
            chance.choice([200, 200, 204, 304, 404]),
            chance.randbytes(chance.choice([0, 5, 40])),
            chance.choice(["length", "chunked"] + ["close"] * (number == count - 1)),
            interim=tuple(chance.choices([100, 103], k=chance.choice([0, 0, 0, 2]))),
            sizes=tuple(chance.choices(range(1, 20), k=3)),
            trailers=(("x-t", "1"),) if chance.random() < 0.2 else (),
            extension=chance.choice([b"", b";a=b"]),
        )
        for number in range(count)
    ]


@pytest.mark.timeout(1800)
def test_fuzz_random_splits_and_corruptions() -> None:
    chance = random.Random(20261121)
    seen: dict[str, int] = {}
    started = time.monotonic()
    slowest = 0.0
    for number in range(FUZZ_ROUNDS):
        wanted = random_stream(chance)
        methods = [w.method for w in wanted]
        valid = b"".join(w.data for w in wanted)
        damaged = number % 2 == 1
        data = corrupt(valid, chance) if damaged else valid
        pieces = split(data, [chance.randrange(len(data) + 1) for _ in range(chance.randint(0, 12))])
        began = time.monotonic()
        reading = read_pieces(pieces, methods)
        slowest = max(slowest, time.monotonic() - began)
        whole = read_responses(data, methods, closed=True)
        assert reading.responses == whole.responses
        assert reading.unread == whole.unread
        assert (reading.flaw and (reading.flaw.kind, reading.flaw.offset)) == (
            whole.flaw and (whole.flaw.kind, whole.flaw.offset)
        )
        assert sum(r.size for r in reading.responses) + len(reading.unread) == len(data)
        if not damaged:
            assert_read(reading, wanted)
        key = ("damaged: " if damaged else "valid: ") + (reading.flaw.kind if reading.flaw else "read whole")
        seen[key] = seen.get(key, 0) + 1
    taken = time.monotonic() - started
    print(f"\n{FUZZ_ROUNDS} streams in {taken:.1f} s, slowest {slowest * 1000:.1f} ms, no exception:")
    for key, count in sorted(seen.items()):
        print(f"  {count:8d}  {key}")


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"SSH-2.0-OpenSSH\r\n", "not a status line"),
        (b"\r\nHTTP/1.1 200 OK\r\n\r\n", "not a status line"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "malformed header section"),
        (b"HTTP/1.1 700 Odd\r\nContent-Length: 0\r\n\r\n", "outside 100 to 599"),
        (b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "not HTTP/1.x"),
        (b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "bare LF"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n", "folded"),
        (b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "malformed header section"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "malformed header section"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "malformed header section"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", "malformed header section"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "§6.2"),
        (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.0"),
        (b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", "in a 204"),
        (b"HTTP/1.1 100 Go\r\nTransfer-Encoding: chunked\r\n\r\n", "in a 100"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "101"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed body"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab", "malformed body"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20000, "no end of the header section"),
    ],
)
def test_malformed_responses_are_values(data: bytes, detail: str) -> None:
    reading = read_responses(HELLO + data, ["GET", "GET"])
    assert len(reading.responses) == 1
    assert reading.flaw is not None
    assert reading.flaw.kind is FlawKind.MALFORMED
    assert reading.flaw.offset == len(HELLO)
    assert detail in reading.flaw.detail
    assert reading.unread == data


def test_a_body_after_a_head_response_is_malformed_or_surplus() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    followed = read_responses(head + HELLO, ["HEAD", "GET"])
    assert followed.flaw is not None
    assert followed.flaw.kind is FlawKind.MALFORMED
    last = read_responses(head, ["HEAD"])
    assert last.flaw is not None
    assert last.flaw.kind is FlawKind.SURPLUS
    assert last.unread == b"hello"


def test_a_partial_response_is_no_flaw_until_the_end() -> None:
    reader = ResponseReader(["GET"])
    assert reader.feed(HELLO[:-1]) == 0
    assert reader.reading == Reading((), None, HELLO[:-1])
    assert not reader.flawed
    reader.end()
    assert reader.reading.flaw == Flaw(FlawKind.TRUNCATED, 0, reader.reading.flaw.detail if reader.reading.flaw else "")


def test_an_until_close_response_swallows_what_follows() -> None:
    reading = read_responses(b"HTTP/1.0 200 OK\r\n\r\n" + HELLO, ["GET", "GET"], closed=True)
    assert [r.body for r in reading.responses] == [HELLO]
    assert reading.responses[0].until_close
    assert reading.responses[0].announces_close
    assert reading.flaw is None


def test_requests_may_be_added_while_reading() -> None:
    reader = ResponseReader()
    reader.expect("GET")
    assert reader.feed(HELLO) == 1
    assert reader.outstanding == 0
    reader.expect("HEAD", "GET")
    assert reader.feed(HELLO[:-5] + HELLO) == 2
    assert not reader.flawed


def test_connect_is_not_ours_to_read() -> None:
    with pytest.raises(ValueError, match="tunnel"):
        ResponseReader(["CONNECT"])


@pytest.mark.parametrize(
    ("head", "announced"),
    [
        (b"HTTP/1.1 200 OK\r\n", False),
        (b"HTTP/1.1 200 OK\r\nConnection: Close\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: x, close\r\n", True),
        (b"HTTP/1.0 200 OK\r\n", True),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", False),
    ],
)
def test_what_announces_a_close(head: bytes, announced: bool) -> None:
    reading = read_responses(head + b"Content-Length: 0\r\n\r\n", ["GET"])
    assert reading.responses[0].announces_close is announced
