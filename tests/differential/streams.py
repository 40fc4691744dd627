"""Byte streams of one to four requests with one thing wrong: what hypothesis builds, and shrinks. Pure."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from runner.conformance.cases.requests import chunked, get, post

PIECES: Final = (
    *(bytes([octet]) for octet in b'\r\n\0 \t\v\f\x1f\x7f\x85\xa0+-_,;:"0x1aX'),
    b"\r\n",
    b"\n\n",
    b"\r\r\n",
    b"\n\r",
    b"0x",
    b"1_",
    b"\r\n ",
    b"\r\n\t",
    b", ",
    b"chunked",
    b"identity",
    b"\r\n\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: x\r\n",
    b"Connection: close\r\n",
    b"Expect: 100-continue\r\n",
)
"""What is put in, or stands in the place of an octet."""

HIDDEN: Final = get("/sleep/0/hidden")
"""The content of bodies: a request, so that whoever sees an end elsewhere reads another one."""

_CHUNKS: Final = b"%x\r\n%s\r\n0\r\n" % (len(HIDDEN), HIDDEN)
REQUESTS: Final = {
    "get": get("/sleep/0/a"),
    "post": post(HIDDEN),
    "post of a little": post(b"hello"),
    "chunked": chunked(_CHUNKS + b"\r\n"),
    "chunked of a little": chunked(b"5\r\nhello\r\n0\r\n\r\n"),
    "chunked, extension": chunked(b"5;a=b\r\nhello\r\n0\r\n\r\n"),
    "chunked, trailer": chunked(_CHUNKS + b"X: y\r\n\r\n"),
}
LAST: Final = get("/sleep/0/z", "Connection: close")
"""Stands behind all others: whether it is answered says where the one before it ended. It spares the wait for more."""


def wrong(request: bytes) -> st.SearchStrategy[bytes]:
    """A request with something put in, taken out, put in the place of an octet, or a line twice or gone."""
    places = st.sampled_from(edges(request))
    lines = st.integers(0, request.count(b"\r\n") - 1)
    return st.one_of(
        st.builds(lambda at, piece: request[:at] + piece + request[at:], places, st.sampled_from(PIECES)),
        st.builds(lambda at, piece: request[:at] + piece + request[at + 1 :], places, st.sampled_from(PIECES)),
        st.builds(lambda at, octets: request[:at] + request[at + octets :], places, st.integers(1, 2)),
        st.builds(lambda line: _line(request, line, 2), lines),
        st.builds(lambda line: _line(request, line, 0), lines),
    )


def edges(request: bytes) -> list[int]:
    """Where it may go wrong: beside each octet that is neither letter nor in the content, and around digits."""
    masked = request.replace(HIDDEN, b"h" * len(HIDDEN))
    return [at for at in range(len(masked) + 1) if not masked[max(0, at - 1) : at + 1].isalpha()]


def _line(request: bytes, number: int, times: int) -> bytes:
    lines = request.split(b"\r\n")
    return b"\r\n".join((*lines[:number], *[lines[number]] * times, *lines[number + 1 :]))


def _joined(before: bytes, one: bytes, after: bytes) -> bytes:
    return before + one + after + LAST


_WHOLE: Final = st.sampled_from((b"", *REQUESTS.values()))
STREAMS: Final = st.builds(_joined, _WHOLE, st.one_of(*map(wrong, REQUESTS.values())), _WHOLE)
"""Perhaps a request, one that is wrong in one place, perhaps another, the last one. Built once, drawn often."""
