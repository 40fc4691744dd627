"""Responses out of bytes: the pure half of reading a pipelined connection.

:class:`ResponseReader` is told the methods of the requests that are outstanding, in order, because a
response cannot be delimited without the request it answers (RFC 9112 §6.3), and is fed bytes as they
arrive, cut anywhere. It hands out complete responses. What a server can do wrong is reported as a
:class:`Flaw`, a value; nothing that a server sends raises an exception here.

Each response is parsed by h11: strict, kept, fuzzed for years, and sans-I/O. Its client refuses to pipeline, so
every response gets a fresh ``h11.Connection`` that has sent one request of the right method; what h11 has
not consumed when the message ends belongs to the next. h11 is lenient to servers where RFC 9112 lets a
recipient be lenient; a suite that judges servers may not be, so :func:`_head_flaw` adds what a *sender*
must not do: bare LF (§2.2), obs-fold (§5.2), Transfer-Encoding beside Content-Length (§6.2), in 1xx or
204 or in HTTP/1.0 (§6.1), a version other than 1.x (§2.3), a status outside 100 to 599 (RFC 9110 §15).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import h11

HEAD_LIMIT_BYTES: Final = 64 * 1024
"""A longer status line and header section is taken for garbage."""

_PIECE_BYTES: Final = 4096
_VERSION_PREFIX: Final = b"HTTP/"
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")
_BARE_LF: Final = re.compile(rb"(?<!\r)\n")
_FOLD: Final = re.compile(rb"\r\n[ \t]")


class FlawKind(StrEnum):
    """What can be wrong with a stream of responses."""

    MALFORMED = "malformed"
    TRUNCATED = "truncated"
    SURPLUS = "surplus"


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a stream, and the offset in bytes of the response that it is wrong with."""

    kind: FlawKind
    offset: int
    detail: str


@dataclass(frozen=True, slots=True)
class Response:
    """One complete final response, with the interim ones (1xx) that came before it.

    Header names are in lower case. ``size`` counts its octets on the wire, interim responses included;
    ``until_close`` says that only the end of the connection delimited it.
    """

    method: str
    status: int
    reason: str
    version: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    trailers: tuple[tuple[str, str], ...]
    interim: tuple[int, ...]
    size: int
    until_close: bool = False

    def header(self, name: str) -> str | None:
        """The values of a field, joined by commas as RFC 9110 §5.3 has it; ``None`` where it is absent."""
        values = [value for key, value in self.headers if key == name.lower()]
        return ", ".join(values) if values else None

    @property
    def announces_close(self) -> bool:
        """Whether the connection does not persist after this response (RFC 9112 §9.3)."""
        options = {option.strip().lower() for option in (self.header("connection") or "").split(",")}
        if "close" in options or self.until_close:
            return True
        return self.version == "1.0" and "keep-alive" not in options


@dataclass(frozen=True, slots=True)
class Reading:
    """What a stream held: its responses, what was wrong, and the bytes that belong to no complete response."""

    responses: tuple[Response, ...]
    flaw: Flaw | None
    unread: bytes


class ResponseReader:
    """Reads the responses to ``methods``, in order, from bytes that arrive cut anywhere."""

    def __init__(self, methods: Iterable[str] = ()) -> None:
        self._outstanding: deque[str] = deque()
        self._responses: list[Response] = []
        self._flaw: Flaw | None = None
        self._pending = bytearray()
        self._offset = 0
        self._ended = False
        self._start_message()
        self.expect(*methods)

    def expect(self, *methods: str) -> None:
        """Add requests that have been sent. A CONNECT is refused: what follows it is not HTTP."""
        if "CONNECT" in methods:
            raise ValueError("CONNECT turns the connection into a tunnel; there are no responses to read")
        self._outstanding.extend(methods)

    @property
    def outstanding(self) -> int:
        """The number of requests that have no complete response yet."""
        return len(self._outstanding)

    @property
    def reading(self) -> Reading:
        """All that has been read so far. Surplus is a flaw at once; truncation only after :meth:`end`."""
        unread = bytes(self._message_bytes) + bytes(self._pending)
        flaw = self._flaw
        if flaw is None and not self._outstanding and unread:
            flaw = Flaw(FlawKind.SURPLUS, self._offset, f"{len(unread)} bytes that answer no request")
        return Reading(tuple(self._responses), flaw, unread)

    @property
    def flawed(self) -> bool:
        """Whether no further response can come of this stream, or surplus bytes have."""
        return self._flaw is not None or (not self._outstanding and bool(self._pending))

    def feed(self, data: bytes) -> int:
        """Take bytes that arrived; return how many responses they completed."""
        before = len(self._responses)
        self._pending += data
        while self._flaw is None and self._outstanding and self._advance():
            pass
        return len(self._responses) - before

    def end(self) -> None:
        """Take note that the server closed its side: a response may end there, or be truncated by it."""
        if self._ended or self._flaw is not None:
            return
        self._ended = True
        if self._connection is not None and self._head is not None:
            self._connection.receive_data(b"")
            self._read_body()
        unread = len(self._message_bytes) + len(self._pending)
        if self._flaw is None and self._outstanding and unread:
            self._fail(FlawKind.TRUNCATED, f"the connection ended {unread} bytes into a response")

    def _start_message(self) -> None:
        self._connection: h11.Connection | None = None
        self._head: h11.Response | None = None
        self._interim: list[int] = []
        self._body = bytearray()
        self._message_bytes = bytearray()
        self._searched = 0

    def _advance(self) -> bool:
        """Take one step; return whether another may be possible without further bytes."""
        if self._head is None:
            return self._read_head()
        piece = bytes(self._pending[:_PIECE_BYTES])
        if not piece:
            return False
        del self._pending[: len(piece)]
        self._message_bytes += piece
        if self._connection is not None:
            self._connection.receive_data(piece)
        self._read_body()
        return True

    def _read_head(self) -> bool:
        if not _VERSION_PREFIX.startswith(bytes(self._pending[: len(_VERSION_PREFIX)])):
            self._fail(FlawKind.MALFORMED, f"not a status line: {bytes(self._pending[:40])!r}")
            return False
        blank = _BLANK_LINE.search(self._pending, self._searched, HEAD_LIMIT_BYTES)
        if blank is None:
            self._searched = max(0, len(self._pending) - 2)
            if len(self._pending) >= HEAD_LIMIT_BYTES:
                self._fail(FlawKind.MALFORMED, f"no end of the header section in {HEAD_LIMIT_BYTES} bytes")
            return False
        head = bytes(self._pending[: blank.end()])
        del self._pending[: blank.end()]
        self._searched = 0
        self._message_bytes += head
        try:
            self._parse_head(head)
        except h11.RemoteProtocolError as error:
            line = head.split(b"\r\n", 1)[0][:80].decode("latin-1")
            self._fail(FlawKind.MALFORMED, f"malformed header section after {line!r}: {error}")
        return self._flaw is None

    def _parse_head(self, head: bytes) -> None:
        if self._connection is None:
            self._connection = _connection_after(self._outstanding[0])
        self._connection.receive_data(head)
        event = self._connection.next_event()
        if not isinstance(event, h11.InformationalResponse | h11.Response):
            self._fail(FlawKind.MALFORMED, f"malformed header section: {head[:80]!r}")
            return
        if problem := _head_flaw(head, event):
            self._fail(FlawKind.MALFORMED, problem)
        elif isinstance(event, h11.Response):
            self._head = event
            self._read_body()
        else:
            self._interim.append(event.status_code)

    def _read_body(self) -> None:
        """Take from h11 what it has of the body, and the response if that was all."""
        connection = self._connection
        while connection is not None and self._flaw is None:
            try:
                event = connection.next_event()
            except h11.RemoteProtocolError as error:
                kind = FlawKind.TRUNCATED if self._ended else FlawKind.MALFORMED
                self._fail(kind, f"{kind.value} body: {error}")
                return
            if isinstance(event, h11.Data):
                self._body += event.data
            elif isinstance(event, h11.EndOfMessage):
                self._complete(_pairs(event.headers), connection.trailing_data[0])
                return
            else:
                return

    def _complete(self, trailers: tuple[tuple[str, str], ...], rest: bytes) -> None:
        head = self._head
        if head is None:
            return
        size = len(self._message_bytes) - len(rest)
        method = self._outstanding.popleft()
        self._responses.append(
            Response(
                method=method,
                status=head.status_code,
                reason=head.reason.decode("latin-1"),
                version=head.http_version.decode("ascii"),
                headers=_pairs(head.headers),
                body=bytes(self._body),
                trailers=trailers,
                interim=tuple(self._interim),
                size=size,
                until_close=_is_until_close(method, head),
            )
        )
        self._offset += size
        self._pending[:0] = rest
        self._start_message()

    def _fail(self, kind: FlawKind, detail: str) -> None:
        self._flaw = Flaw(kind, self._offset, detail)


def read_responses(data: bytes, methods: Iterable[str], *, closed: bool = False) -> Reading:
    """Read a whole stream at once; ``closed`` says that the server ended it."""
    reader = ResponseReader(methods)
    reader.feed(data)
    if closed:
        reader.end()
    return reader.reading


def _connection_after(method: str) -> h11.Connection:
    """A client's connection on which one request has been sent in full."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT_BYTES)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    return connection


def _pairs(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


def _is_until_close(method: str, head: h11.Response) -> bool:
    names = {name for name, _ in head.headers}
    return (
        method != "HEAD"
        and head.status_code not in {204, 304}
        and not names & {b"content-length", b"transfer-encoding"}
    )


def _head_flaw(head: bytes, event: h11.InformationalResponse | h11.Response) -> str | None:
    """What a server must not send although a lenient client would read it."""
    names = {name for name, _ in event.headers}
    coded = b"transfer-encoding" in names
    status = event.status_code
    rules = (
        (_BARE_LF.search(head) is not None, "a line ends in a bare LF (RFC 9112 §2.2)"),
        (_FOLD.search(head) is not None, "a field line is folded (RFC 9112 §5.2)"),
        (not event.http_version.startswith(b"1."), "not HTTP/1.x (RFC 9112 §2.3)"),
        (status > 599, f"status {status} is outside 100 to 599 (RFC 9110 §15)"),
        (coded and b"content-length" in names, "Transfer-Encoding and Content-Length (RFC 9112 §6.2)"),
        (coded and (status < 200 or status == 204), f"Transfer-Encoding in a {status} (RFC 9112 §6.1)"),
        (coded and event.http_version == b"1.0", "Transfer-Encoding in HTTP/1.0 (RFC 9112 §6.1)"),
    )
    return next((text for broken, text in rules if broken), None)
