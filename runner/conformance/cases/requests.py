"""Requests as bytes, and the steps that send them.

Every server serves ``GET /`` (``Hello world!``), ``GET /sleep/{ms}/{token}`` (the token, after that time) and
``POST /echo`` (the body).
"""

from __future__ import annotations

from typing import Final

from runner.conformance.case import Pause, Send, Step

SMUGGLED: Final = b"smuggled"
"""The token of a request that stands where none may be read."""


def get(path: str = "/", *fields: str, version: str = "1.1") -> bytes:
    """A GET without content; fields as ``Name: value``."""
    return request("GET", path, *fields, version=version)


def request(method: str, path: str, *fields: str, content: bytes = b"", version: str = "1.1") -> bytes:
    """A request whose head is exactly these fields after Host, whatever its content."""
    lines = (f"{method} {path} HTTP/{version}", "Host: x", *fields, "", "")
    return "\r\n".join(lines).encode() + content


def head(*lines: bytes, method: bytes = b"POST", path: bytes = b"/echo", version: bytes = b"1.1") -> bytes:
    """A head of exactly these field lines after Host, each ended by CRLF, whatever octets are in them."""
    return b"\r\n".join((b"%s %s HTTP/%s" % (method, path, version), b"Host: x", *lines, b"", b""))


def post(content: bytes, *fields: str, path: str = "/echo") -> bytes:
    """A POST delimited by its length."""
    return request("POST", path, f"Content-Length: {len(content)}", *fields, content=content)


def chunked(content: bytes) -> bytes:
    """A POST to ``/echo`` in the chunked transfer coding; its chunks are the caller's."""
    return request("POST", "/echo", "Transfer-Encoding: chunked", content=content)


def at_once(*requests: bytes, then: tuple[Step, ...] = ()) -> tuple[Step, ...]:
    """All requests in one write."""
    return (Send(b"".join(requests)), *then)


def byte_by_byte(data: bytes) -> tuple[Step, ...]:
    """Each byte in a write of its own."""
    return tuple(step for byte in data for step in (Send(bytes([byte])), Pause(0.002)))


def gets(count: int) -> tuple[str, ...]:
    """The methods of so many GETs."""
    return ("GET",) * count


def sleeps(seconds: float, *tokens: str) -> tuple[bytes, ...]:
    """Requests that are answered with their token after a time."""
    return tuple(get(f"/sleep/{round(seconds * 1000)}/{token}") for token in tokens)


def numbered(count: int, prefix: str = "") -> tuple[str, ...]:
    """Tokens that tell the requests apart."""
    return tuple(f"{prefix}{number}" for number in range(1, count + 1))


G: Final = get()
EMBEDDED: Final = sleeps(0, SMUGGLED.decode())[0]
NEXT: Final = sleeps(0, "next")[0]
"""The request behind one that is in question."""
