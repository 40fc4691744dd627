"""A strict HTTP/1.1 server as a function of bytes, each of its rules replaceable: the cases of framing are tried on it.

It takes all that a client sends and gives all that it answers: no sockets, no time, so a hundred servers that each
misread one thing are tried in a second. What needs time or other connections is in ``tests/misbehaving/``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from runner.conformance.case import AGAIN, Conversation, Ending, Event, EventKind, Exchange, Observation, Send
from runner.conformance.running.wire import ResponseReader

TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
TARGET: Final = re.compile(rb"[\x21-\x7e\x80-\xff]+")
VALUE: Final = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
EXTENSION: Final = re.compile(rb"([\t ]*;[\t\x20-\x7e\x80-\xff]*)?")
MOST_DIGITS: Final = 4000
ASKING: Final = b"GET /sleep/0/%s HTTP/1.1\r\nHost: x\r\n\r\n" % AGAIN

Fields = list[tuple[bytes, bytes]]


class RefusedError(Exception):
    """What no reader can tell the end of: answered with 400, and closed."""


class MoreError(Exception):
    """What has come is not all of it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How each part of a request is read: from the bytes at hand to what is read, and how many octets that took."""

    head: Callable[[bytes], tuple[bytes, int]]
    lines: Callable[[bytes], list[bytes]]
    field: Callable[[bytes], tuple[bytes, bytes]]
    length: Callable[[Sequence[bytes]], int]
    chunked: Callable[[Sequence[bytes]], bool]
    size_line: Callable[[bytes], tuple[bytes, int]]
    size: Callable[[bytes], int]
    data_end: Callable[[bytes], int]
    trailers: Callable[[bytes], int]
    closes: Callable[[bytes, Fields], bool]


def head(data: bytes) -> tuple[bytes, int]:
    """Up to the empty line."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        raise MoreError
    return data[:end], end + 4


def lines(data: bytes) -> list[bytes]:
    """Lines that end in CRLF."""
    return data.split(b"\r\n")


def field(line: bytes) -> tuple[bytes, bytes]:
    """A name, a colon at once, a value without control characters."""
    name, colon, value = line.partition(b":")
    if not colon or not TOKEN.fullmatch(name) or not VALUE.fullmatch(value):
        raise RefusedError
    return name.lower(), value.strip(b"\t ")


def length(values: Sequence[bytes]) -> int:
    """One number, or several times the same."""
    if len(set(values)) != 1 or not re.fullmatch(rb"[0-9]+", values[0]):
        raise RefusedError
    return number(values[0], 10)


def number(digits: bytes, base: int) -> int:
    """Digits that were looked at."""
    significant = digits.lstrip(b"0") or b"0"
    if len(significant) > MOST_DIGITS:
        raise RefusedError
    return int(significant, base)


def chunked(values: Sequence[bytes]) -> bool:
    """Chunked, and nothing else."""
    if [value.lower() for value in values] != [b"chunked"]:
        raise RefusedError
    return True


def size_line(data: bytes) -> tuple[bytes, int]:
    """A line that ends in CRLF."""
    end = data.find(b"\r\n")
    if end < 0:
        raise MoreError
    return data[:end], end + 2


def size(line: bytes) -> int:
    """Hexadecimal digits, and an extension without control characters."""
    digits = re.match(rb"[0-9A-Fa-f]*", line)
    if not digits or not digits[0] or not EXTENSION.fullmatch(line[digits.end() :]):
        raise RefusedError
    return number(digits[0], 16)


def data_end(data: bytes) -> int:
    """CRLF."""
    if data[:2] != b"\r\n":
        raise MoreError if b"\r\n".startswith(data) else RefusedError
    return 2


def trailers(data: bytes) -> int:
    """Fields as in a head, each with its line, and an empty line."""
    taken = 0
    while True:
        line, octets = size_line(data[taken:])
        taken += octets
        if not line:
            return taken
        field(line)


def closes(version: bytes, fields: Fields) -> bool:
    """Whether the request is the last: it says so, is of HTTP/1.0, or is framed twice."""
    names = [name for name, _ in fields]
    options = b",".join(value.lower() for name, value in fields if name == b"connection")
    twice = b"transfer-encoding" in names and b"content-length" in names
    return b"close" in options or twice or version != b"HTTP/1.1"


STRICT: Final = Rules(head, lines, field, length, chunked, size_line, size, data_end, trailers, closes)


def observed(exchanges: Sequence[Exchange], rules: Rules) -> Observation:
    """All exchanges of a case, with a server of these rules."""
    return Observation(tuple(converse(one, rules) for one in exchanges))


def converse(exchange: Exchange, rules: Rules) -> Conversation:
    """What :func:`runner.conformance.running.talk.converse` would see of it, the client's timing aside."""
    sent = b"".join(step.data for step in exchange.steps if isinstance(step, Send))
    reader = ResponseReader(exchange.methods)
    enough = len(exchange.methods) if exchange.enough is None and not exchange.until_close else exchange.enough
    replies, closed = serve(sent, rules)
    complete, asked = reader.feed(replies), None
    quiet = enough is not None and complete >= enough
    if not closed and not quiet and complete and (exchange.asks_again or exchange.until_close):
        asked = complete
        reader.expect("GET")
        more, closed = serve(sent + ASKING, rules)
        complete += reader.feed(more[len(replies) :])
        replies, quiet = more, complete > asked
    if closed:
        reader.end()
    ending = Ending.CLOSED if closed else Ending.OPEN if quiet else Ending.DEADLINE
    events = (Event(0.0, EventKind.SENT, sent), Event(0.1, EventKind.RECEIVED, replies), Event(0.2, EventKind.ENDED))
    return Conversation(events, reader.reading, ending, asked_again=asked)


def serve(data: bytes, rules: Rules) -> tuple[bytes, bool]:
    """All responses to what has come, and whether the connection is closed behind them."""
    replies = b""
    while True:
        try:
            reply, octets, last = _one(data, rules)
        except MoreError:
            return replies, False
        except RefusedError:
            return replies + _response(400, b"", last=True), True
        replies += reply
        if last:
            return replies, True
        data = data[octets:]


def _one(data: bytes, rules: Rules) -> tuple[bytes, int, bool]:
    """The response to the first request, how many octets that had, and whether it is the last."""
    blank = 2 if data.startswith(b"\r\n") else 0
    section, start = rules.head(data[blank:])
    first, *others = rules.lines(section)
    words = first.split(b" ")
    if len(words) != 3 or not TOKEN.fullmatch(words[0]) or not TARGET.fullmatch(words[1]):
        raise RefusedError
    if words[2] not in {b"HTTP/1.0", b"HTTP/1.1"}:
        raise RefusedError
    fields = [rules.field(line) for line in others]
    values = {name: [value for key, value in fields if key == name] for name, _ in fields}
    if words[2] == b"HTTP/1.1" and len(values.get(b"host", ())) != 1:
        raise RefusedError
    start += blank
    codings = values.get(b"transfer-encoding")
    if codings and rules.chunked(codings):
        content, octets = _chunks(data[start:], rules)
    elif lengths := values.get(b"content-length"):
        octets = max(0, rules.length(lengths))
        content = data[start : start + octets]
        if len(content) < octets:
            raise MoreError
    else:
        content, octets = b"", 0
    last = rules.closes(words[2], fields)
    return _routed(words[0], words[1], content, last=last), start + octets, last


def _chunks(data: bytes, rules: Rules) -> tuple[bytes, int]:
    content, taken = b"", 0
    while True:
        line, octets = rules.size_line(data[taken:])
        taken += octets
        octets = rules.size(line)
        if octets <= 0:
            return content, taken + rules.trailers(data[taken:])
        if len(data) < taken + octets:
            raise MoreError
        content += data[taken : taken + octets]
        taken += octets
        taken += rules.data_end(data[taken:])


def _routed(method: bytes, path: bytes, content: bytes, *, last: bool) -> bytes:
    if path == b"/echo" and method == b"POST":
        return _response(200, content, last=last)
    if path == b"/" and method in {b"GET", b"HEAD"}:
        return _response(200, b"Hello world!", last=last, bodiless=method == b"HEAD")
    if path == b"/":
        return _response(405, b"", last=last)
    if slept := re.fullmatch(rb"/sleep/\d+/(.+)", path):
        return _response(200, slept[1], last=last)
    return _response(404, b"", last=last)


def _response(status: int, content: bytes, *, last: bool, bodiless: bool = False) -> bytes:
    close = b"Connection: close\r\n" if last else b""
    return (
        b"HTTP/1.1 %d X\r\n%sContent-Length: %d\r\n\r\n" % (status, close, len(content))
        + b"" * bodiless
        + (b"" if bodiless else content)
    )
