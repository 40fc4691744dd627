"""The quick check before a load: does the server answer one request, and one batch of the depth that comes?"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence

from runner.conformance.wire import Reading, Response, ResponseReader
from runner.record.trial import Address, Check, Failure, Verdict

BODY = b"Hello world!"
DEADLINE_S = 5.0
"""For one batch, from its first byte sent to its last byte received."""


def quick_check(
    address: Address, depth: int, *, body: bytes = BODY, deadline_s: float = DEADLINE_S, fields: Sequence[str] = ()
) -> Check:
    """Send ``GET /`` alone, then ``depth`` of them in one write, each on a connection of its own; expect ``body``.

    ``fields``: header fields that each has beside its ``Host``.

    Whether a failure is a crash is for the caller to say, who sees the process.
    """
    one = request(address, fields)
    received, size, names = 0, None, None
    for sent in (1, depth):
        try:
            reading, problem = _exchange(address, one * sent, sent, deadline_s)
        except ConnectionRefusedError:
            return Check(sent, 0, size, Failure(Verdict.REFUSED, "the connection was refused"))
        except TimeoutError:
            return Check(sent, 0, size, Failure(Verdict.STALLED, f"no connection in {deadline_s:g} s"))
        received = len(reading.responses)
        failure = _wrong(reading, body) or problem
        if failure is None and received < sent:
            failure = Failure(Verdict.CLOSES, f"closed the connection after {received} of {sent} responses")
        if failure:
            return Check(sent, received, size, failure, names)
        size, names = reading.responses[0].size, _names(reading.responses[0])
        if sent < depth and reading.responses[-1].announces_close:
            return Check(
                sent, received, size, Failure(Verdict.CLOSES, "closes the connection after one response"), names
            )
    return Check(depth, received, size, fields=names)


def request(address: Address, fields: Sequence[str] = ()) -> bytes:
    """One request as wrk writes it (wrk.lua, ``wrk.format``), with more header fields behind its ``Host``."""
    return "\r\n".join(("GET / HTTP/1.1", f"Host: {address}", *fields, "", "")).encode()


def _names(response: Response) -> tuple[str, ...]:
    return tuple(name.lower() for name, _ in response.headers)


def _exchange(address: Address, batch: bytes, count: int, deadline_s: float) -> tuple[Reading, Failure | None]:
    """What came back for a batch of ``count`` requests, and what ended the reading early, if anything did."""
    reader = ResponseReader(["GET"] * count)
    deadline = time.monotonic() + deadline_s
    with socket.create_connection((address.host, address.port), timeout=deadline_s) as connection:
        try:
            connection.sendall(batch)
            while reader.outstanding and not reader.flawed:
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                data = connection.recv(262_144)
                if not data:
                    reader.end()
                    break
                reader.feed(data)
        except TimeoutError:
            got = len(reader.reading.responses)
            reason = f"{got} of {count} pipelined responses within {deadline_s:g} s"
            return reader.reading, Failure(Verdict.STALLED, reason if count > 1 else f"no response in {deadline_s:g} s")
        except ConnectionError as error:
            got = len(reader.reading.responses)
            return reader.reading, Failure(Verdict.CLOSES, f"{error.strerror} after {got} of {count} responses")
    return reader.reading, None


def _wrong(reading: Reading, body: bytes) -> Failure | None:
    if reading.flaw is not None:
        return Failure(Verdict.WRONG_RESPONSE, reading.flaw.detail)
    for number, response in enumerate(reading.responses, start=1):
        if problem := _wrong_response(response, body):
            return Failure(Verdict.WRONG_RESPONSE, f"response {number}: {problem}")
    return None


def _wrong_response(response: Response, body: bytes) -> str | None:
    media_type = (response.header("content-type") or "none").partition(";")[0].strip().lower()
    if response.status != 200:
        return f"status {response.status}, expected 200"
    if response.body != body:
        return f"body {response.body[:40]!r}, expected {body!r}"
    if media_type != "text/plain":
        return f"content type {media_type}, expected text/plain"
    return None
