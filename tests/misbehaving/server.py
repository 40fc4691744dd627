"""A small strict HTTP/1.1 server, and what is wrong with it if ``--fault`` says so.

Without a fault it is the reference: it passes every conformance case. It has a parser of its own, not h11's,
so that the suite's reader and the server it is tried on do not share their mistakes. Each fault is one branch,
named after what it does; ``tests/conformance/test_driver_live.py`` says which case must catch it.

``python server.py --port 8080 [--fault NAME]``
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import re
import socket
import struct
import sys
import time
from dataclasses import dataclass, field
from functools import partial

QUEUED = 64
TARGET = re.compile(rb"[\x21-\x7e\x80-\xff]+")
VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
EXTENSION = re.compile(rb"([\t ]*;[\t\x20-\x7e\x80-\xff]*)?")
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}
FAULTS = (
    "announces-close-after-8",
    "answers-after-close",
    "answers-in-reverse",
    "bad-line-loses-good",
    "blocks",
    "body-as-request",
    "bytes-cancel-the-last",
    "chokes-on-chunk-extension",
    "chunk-lines-end-in-lf",
    "closes-after-404",
    "closes-after-8",
    "closes-by-timer",
    "crashes-on-bad-line",
    "crashes-when-pipelined",
    "crosses-connections",
    "deaf-while-busy",
    "drips",
    "drops-the-last",
    "duplicates",
    "ends-head-at-white-line",
    "error-overtakes",
    "expects-for-ever",
    "floods",
    "garbage-kills",
    "get-has-no-body",
    "half-close-cancels",
    "half-close-kills",
    "hangs-without-client",
    "head-with-body",
    "hoards",
    "holds-back-the-first",
    "http10-chunked-persists",
    "http10-hangs",
    "http10-persists",
    "ignores-close",
    "ignores-unknown-codings",
    "impatient",
    "keeps-a-thread-a-connection",
    "leaves-body-unread",
    "leaves-chunks-unread",
    "length-and-chunked",
    "loses-a-cr",
    "loses-behind-slow",
    "loses-empty-expectations",
    "never-answers",
    "no-chunked",
    "no-host-check",
    "off-by-one",
    "one-read-one-request",
    "one-request-at-a-time",
    "races-behind-close",
    "races-behind-error",
    "reads-over-lf",
    "refuses-empty-line",
    "reorders",
    "reorders-behind-a-body",
    "resets",
    "serial",
    "shallow",
    "skips-two-octets",
    "spins-without-host",
    "strips-names",
    "swallows-after-upgrade",
    "takes-any-chunk-size",
    "takes-any-extension",
    "takes-any-length",
    "takes-any-trailer",
    "takes-first-length",
    "takes-python-chunk-sizes",
    "takes-python-lengths",
    "takes-space-before-colon",
    "takes-the-last-length",
    "takes-what-looks-chunked",
    "waits-for-clients-to-close",
    "waits-for-slow-readers",
    "waits-for-unread-bodies",
    "wants-chunks-whole",
    "wraps-chunk-sizes",
    "wraps-lengths",
)


class BadRequestError(Exception):
    """What cannot be parsed; answered with 400 and a close."""


@dataclass
class Request:
    method: str
    path: str
    version: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    @property
    def persists(self) -> bool:
        options = {option.strip().lower() for value in self.values("connection") for option in value.split(",")}
        codings = self.values("transfer-encoding")
        if "close" in options or (codings and (self.version == "1.0" or self.values("content-length"))):
            return False
        return self.version == "1.1" or "keep-alive" in options


@dataclass
class Reply:
    status: int
    body: bytes
    close: bool = False


class Connection:
    """One client: a parser that queues handlers, and a writer that sends their replies in order."""

    def __init__(self, fault: str | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.fault = fault
        self.reader = reader
        self.writer = writer
        bound = 0 if fault in {"hoards", "bad-line-loses-good"} else QUEUED
        self.queue: asyncio.Queue[tuple[Request | None, asyncio.Task[Reply] | bytes] | None] = asyncio.Queue(bound)
        self.parsed = 0
        self.written = 0
        self.mid_request = False

    async def serve(self) -> None:
        writing = asyncio.create_task(self.write_replies())
        try:
            with contextlib.suppress(asyncio.IncompleteReadError):  # what was asked before is owed all the same
                await self.parse_requests()
            await self.queue.put(None)
            await writing
            await self.close()
        except ConnectionError:
            pass
        finally:
            writing.cancel()
            self.writer.close()

    async def close(self) -> None:
        """In stages (RFC 9112 §9.6): shut down our side, read on for a while, then close."""
        self.writer.write_eof()
        patient = self.fault == "waits-for-clients-to-close"
        if patient:
            BUSY[id(self)] = self
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if patient else 1):
                while await self.reader.read(65536):
                    pass

    async def parse_requests(self) -> None:
        while True:
            try:
                request = await self.read_request()
            except BadRequestError:
                if self.fault == "crashes-on-bad-line":
                    print("assertion failed: request line", file=sys.stderr, flush=True)
                    os.abort()
                if self.fault == "bad-line-loses-good":
                    while not self.queue.empty():
                        self.queue.get_nowait()
                if self.fault == "error-overtakes":
                    self.writer.write(self.render(None, Reply(400, b"", close=True)))
                    self.writer.close()
                    return
                await self.queue.put((None, self.start(None, Reply(400, b"", close=True))))
                if self.fault == "races-behind-error" and CHANCE.random() < 0.1:
                    continue
                return
            if request is None:
                if self.fault == "half-close-kills" or (self.fault == "half-close-cancels" and self.parsed == 1):
                    self.writer.transport.abort()
                return
            if await self.accept(request):
                return

    async def accept(self, request: Request) -> bool:  # noqa: C901, PLR0912 - a branch a fault
        """Queue a request; return whether it is the connection's last."""
        self.parsed += 1
        if self.fault == "crashes-when-pipelined" and self.parsed == 2:
            print("corrupted double-linked list", file=sys.stderr, flush=True)
            os.abort()
        if self.fault == "shallow" and self.parsed > 20:
            return False
        if self.fault == "http10-hangs" and request.version == "1.0" and self.parsed > 1:
            return False
        task = self.start(request, None)
        await self.queue.put((request, task))
        if self.fault == "serial":
            await asyncio.wait([task])
        if self.fault == "swallows-after-upgrade" and request.values("upgrade"):
            await self.reader.read()
        if self.fault == "answers-after-close":
            return False
        if (
            self.fault == "closes-by-timer"
            and len(request.values("content-length"))
            and request.values("transfer-encoding")
        ):
            await self.discard_for(0.1)
            asyncio.get_running_loop().call_later(1, self.writer.close)
            return False
        if self.fault == "deaf-while-busy" and "/sleep/300" in request.path:
            await asyncio.wait([task])
            await self.discard_for(0.01)
        if self.fault == "bytes-cancel-the-last" and not request.persists and await self.discard_for(0.1):
            self.writer.transport.abort()
        if self.fault == "hangs-without-client" and "/sleep/200" in request.path:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.15):
                    if not await self.reader.read(1):
                        while True:
                            pass
        if self.fault == "races-behind-close" and not request.persists and CHANCE.random() < 0.1:
            return False
        if self.fault == "garbage-kills" and not request.persists:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    if await self.reader.read(1) == b"\x16":
                        self.writer.transport.abort()
        return not self.persists(request)

    async def discard_for(self, seconds: float) -> bytes:
        """Read and forget what comes in a while."""
        data = b""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while more := await self.reader.read(65536):
                    data += more
        return data

    def persists(self, request: Request) -> bool:
        if self.fault == "ignores-close":
            return True
        if self.fault == "http10-persists":
            return request.version == "1.0" or request.persists
        if self.fault in {"length-and-chunked", "closes-by-timer"} and len(request.fields) > 2:
            return True
        if self.fault == "http10-chunked-persists" and request.version == "1.0":
            return True
        return request.persists

    def start(self, request: Request | None, reply: Reply | None) -> asyncio.Task[Reply]:
        async def given() -> Reply:
            assert reply is not None
            return reply

        return asyncio.create_task(given() if request is None else self.handle(request))

    async def read_request(self) -> Request | None:
        if self.fault == "one-request-at-a-time":
            async with LOCK:
                return await self.read_whole_request()
        return await self.read_whole_request()

    async def read_whole_request(self) -> Request | None:  # noqa: C901, PLR0912 - a branch a fault
        line = await self.read_line()
        if line == b"" and not self.reader.at_eof():
            if self.fault == "refuses-empty-line":
                raise BadRequestError
            line = await self.read_line()
        if line == b"" and self.reader.at_eof():
            return None
        parts = line.split(b" ")
        if len(parts) != 3 or not TOKEN.fullmatch(parts[0]) or not TARGET.fullmatch(parts[1]):
            raise BadRequestError
        if parts[2] not in {b"HTTP/1.0", b"HTTP/1.1"}:
            raise BadRequestError
        request = Request(parts[0].decode(), parts[1].decode("latin-1"), parts[2][5:].decode())
        while line := await self.read_line():
            if self.fault == "ends-head-at-white-line" and not line.strip():
                break
            name, colon, value = line.partition(b":")
            if self.fault == "takes-space-before-colon":
                name = name.rstrip()
            if self.fault == "strips-names":
                name = name.strip()
            if not colon or not TOKEN.fullmatch(name):
                raise BadRequestError
            if not VALUE.fullmatch(value) and self.fault != "reads-over-lf":
                raise BadRequestError
            request.fields.append((name.decode().lower(), value.strip(b" \t").decode("latin-1")))
        if request.version == "1.1" and len(request.values("host")) != 1:
            if self.fault == "spins-without-host":
                while True:
                    pass
            if self.fault != "no-host-check":
                raise BadRequestError
        request.body = await self.read_body(request)
        self.mid_request = False
        return request

    async def read_line(self) -> bytes:
        line = b""
        while not line.endswith(b"\r\n"):
            byte = await self.reader.read(1)
            if not byte:
                if line:
                    raise asyncio.IncompleteReadError(line, None)
                return b""
            if self.fault == "loses-a-cr" and line.endswith(b"\r") and self.waiting():
                line = line[:-1]
            if self.fault == "one-read-one-request" and self.mid_request and self.waiting():
                raise BadRequestError
            self.mid_request = True
            line += byte
            if len(line) > 8192:
                raise BadRequestError
        return line[:-2]

    def waiting(self) -> bool:
        """Whether the byte just read was the first of a new segment: nothing was buffered behind the last one."""
        empty = not self.reader._buffer  # type: ignore[attr-defined]
        was_empty, self.was_empty = getattr(self, "was_empty", False), empty
        return was_empty

    async def read_body(self, request: Request) -> bytes:  # noqa: C901, PLR0912 - a branch a fault
        if self.fault == "body-as-request":
            return b""
        if self.fault == "get-has-no-body" and request.method == "GET":
            return b""
        codings = request.values("transfer-encoding")
        lengths = request.values("content-length")
        unread = {"leaves-body-unread": True, "leaves-chunks-unread": bool(codings)}.get(self.fault or "", False)
        if unread and request.path == "/":
            return b""
        if self.fault == "no-chunked":
            codings = []
        if self.fault == "takes-what-looks-chunked" and any("chunked" in coding for coding in codings):
            codings = ["chunked"]
        if self.fault == "ignores-unknown-codings":
            codings = [coding for coding in codings if coding.lower() == "chunked"]
        if codings:
            if [coding.lower() for coding in codings] != ["chunked"]:
                raise BadRequestError
            await self.encourage(request)
            return await self.read_chunks()
        if self.fault == "takes-first-length":
            lengths = lengths[:1]
        if self.fault == "takes-any-length":
            lengths = [length for length in lengths if length.isdigit()]
        if self.fault == "takes-the-last-length":
            lengths = lengths[-1:]
        if self.fault == "takes-python-lengths":
            lengths = [str(int(length)) for length in lengths if length.isprintable() and "-" not in length]
        if not lengths:
            return b""
        if len({*lengths}) != 1 or not re.fullmatch("[0-9]+", lengths[0]):
            raise BadRequestError
        await self.encourage(request)
        length = self.number(lengths[0].lstrip("0") or "0", 10)
        if self.fault == "wraps-lengths":
            length %= 2**32
        if self.fault == "off-by-one" and length:
            length -= 1
        return await self.reader.readexactly(length)

    def number(self, digits: str, base: int) -> int:
        if len(digits) > 4000:
            raise BadRequestError
        return int(digits, base)

    async def encourage(self, request: Request) -> None:
        """Send 100 (Continue) in its turn if the client waits for it (RFC 9110 §10.1.1)."""
        if "100-continue" in request.values("expect") and request.version == "1.1":
            await self.queue.put((request, b"HTTP/1.1 100 Continue\r\n\r\n"))

    async def read_chunks(self) -> bytes:
        body = b""
        while True:
            size = await self.read_size()
            if size is None:
                await self.reader.readuntil(b"\r\n\r\n")
                return body
            if size == 0:
                while line := await self.read_line():
                    name, colon, value = line.partition(b":")
                    sound = colon and TOKEN.fullmatch(name) and VALUE.fullmatch(value)
                    if not sound and self.fault != "takes-any-trailer":
                        raise BadRequestError
                return body
            if self.fault == "wants-chunks-whole" and len(self.reader._buffer) < size:  # type: ignore[attr-defined]
                raise BadRequestError
            body += await self.reader.readexactly(size)
            if await self.reader.readexactly(2) != b"\r\n" and self.fault != "skips-two-octets":
                raise BadRequestError

    async def read_size(self) -> int | None:
        """The size of the next chunk; nothing where a fault reads over what is none."""
        if self.fault == "chunk-lines-end-in-lf":
            line = (await self.reader.readuntil(b"\n")).rstrip(b"\r\n")
        else:
            line = await self.read_line()
        digits = re.match(rb"[0-9A-Fa-f]*", line)[0]  # type: ignore[index]
        extension = line[len(digits) :]
        if extension and self.fault == "chokes-on-chunk-extension":
            raise BadRequestError
        if self.fault == "takes-any-extension" and b";" in extension:
            extension = b""
        if self.fault == "takes-python-chunk-sizes":
            with contextlib.suppress(ValueError):
                return int(line.partition(b";")[0], 16)
        if not digits or not EXTENSION.fullmatch(extension):
            if self.fault == "takes-any-chunk-size":
                return None
            raise BadRequestError
        size = self.number(digits.decode(), 16)
        return size % 2**32 if self.fault == "wraps-chunk-sizes" else size

    async def handle(self, request: Request) -> Reply:
        close = not self.persists(request)
        if self.fault == "hoards":
            STOCK.append(bytearray(os.urandom(2048) * 8))
        if self.fault == "half-close-kills":
            await asyncio.sleep(0.02)
        while len(BUSY) > 3 and id(self) not in BUSY:
            await asyncio.sleep(0.01)
        if self.fault == "keeps-a-thread-a-connection":
            BUSY[id(self)] = self
        if request.path == "/" and request.method in {"GET", "HEAD"}:
            return Reply(200, b"Hello world!", close)
        if request.path == "/":
            if self.fault == "waits-for-unread-bodies":
                asyncio.get_running_loop().call_soon(BUSY.update, {id(self): self})
            return Reply(405, b"", close)
        if request.path == "/echo" and request.method == "POST":
            return Reply(200, request.body, close)
        if match := re.fullmatch(r"/sleep/(\d+)/(.+)", request.path):
            seconds = int(match[1]) / 1000
            if self.fault == "blocks":
                time.sleep(seconds)
            else:
                await asyncio.sleep(seconds)
            crossed = self.fault == "crosses-connections" and len(OPEN) > 50
            return Reply(200, b"0-1" if crossed else match[2].encode(), close)
        return Reply(404, b"no such page", close)

    async def write_replies(self) -> None:
        if self.fault == "reorders-behind-a-body":
            await self.write_carelessly()
            return
        if self.fault in {"reorders", "answers-in-reverse"}:
            await self.write_as_they_come()
            return
        while (item := await self.queue.get()) is not None:
            request, made = item
            if isinstance(made, bytes):
                self.writer.write(made)
                continue
            try:
                async with asyncio.timeout(1.0 if self.fault == "impatient" else None):
                    reply = await made
            except TimeoutError:
                self.writer.transport.abort()
                return
            if not await self.misbehave(request, reply):
                await self.send(request, reply)
            if reply.close and self.fault not in {"answers-after-close", "races-behind-error", "races-behind-close"}:
                return

    async def write_as_they_come(self) -> None:
        pending: list[tuple[Request | None, asyncio.Task[Reply]]] = []
        while (item := await self.queue.get()) is not None:
            request, made = item
            if isinstance(made, bytes):
                continue
            if self.fault == "reorders":
                made.add_done_callback(partial(self.write_finished, request))
                continue
            pending.append((request, made))
            await asyncio.sleep(0.02)
            if self.queue.empty():
                for late, task in reversed(pending):
                    await self.send(late, await task)
                pending.clear()
        for late, task in reversed(pending):
            await self.send(late, await task)

    async def write_carelessly(self) -> None:
        """In order until there has been a body."""
        bodies = False
        while (item := await self.queue.get()) is not None:
            request, made = item
            if isinstance(made, bytes):
                continue
            if bodies:
                made.add_done_callback(partial(self.write_finished, request))
                continue
            reply = await made
            bodies = request is not None and bool(request.body)
            await self.send(request, reply)
            if reply.close:
                return

    def write_finished(self, request: Request | None, task: asyncio.Task[Reply]) -> None:
        self.writer.write(self.render(request, task.result()))

    async def misbehave(self, request: Request | None, reply: Reply) -> bool:  # noqa: C901, PLR0911, PLR0912
        """Do what the fault says in place of sending the reply; return whether that was all."""
        self.written += 1
        match self.fault:
            case "never-answers":
                return True
            case "drips":
                for byte in self.render(request, reply):
                    self.writer.write(bytes([byte]))
                    await asyncio.sleep(1)
                return True
            case "floods":
                for _ in range(10_000):
                    await self.send(request, reply)
            case "resets" if self.written == 2:
                sock = self.writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.writer.transport.abort()
                return True
            case "drops-the-last" if self.written > 1:
                await asyncio.sleep(0.05)
                return self.queue.empty()
            case "duplicates":
                await self.send(request, reply)
            case "closes-after-8" if self.written == 8:
                await self.send(request, reply)
                self.writer.close()
            case "announces-close-after-8" if self.written == 8:
                reply.close = True
                await self.send(request, reply)
                self.writer.close()
            case "closes-after-404" if reply.status == 404:
                await self.send(request, reply)
                self.writer.close()
            case "expects-for-ever" if request and request.values("expect"):
                return True
            case "loses-empty-expectations" if request and request.values("expect") and request.method == "GET":
                return True
            case "loses-behind-slow" if self.written == 2 and request and request.path.startswith("/sleep/200"):
                return True
            case "holds-back-the-first":
                while self.mid_request:
                    await asyncio.sleep(0.01)
            case _:
                return False
        return self.fault in {"closes-after-8", "announces-close-after-8", "closes-after-404"}

    async def send(self, request: Request | None, reply: Reply) -> None:
        self.writer.write(self.render(request, reply))
        if self.fault == "waits-for-slow-readers":
            async with LOCK:
                await self.writer.drain()
        elif self.fault != "hoards":
            await self.writer.drain()

    def render(self, request: Request | None, reply: Reply) -> bytes:
        head = f"HTTP/1.1 {reply.status} {REASONS[reply.status]}\r\nContent-Length: {len(reply.body)}\r\n"
        if reply.close:
            head += "Connection: close\r\n"
        elif request is not None and request.version == "1.0":
            head += "Connection: keep-alive\r\n"
        body = (
            b"" if request is not None and request.method == "HEAD" and self.fault != "head-with-body" else reply.body
        )
        return head.encode() + b"\r\n" + body


OPEN: set[Connection] = set()
BUSY: dict[int, Connection] = {}
LOCK = asyncio.Lock()
CHANCE = random.Random(1)
STOCK: list[bytearray] = []


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--fault", choices=FAULTS)
    options = parser.parse_args()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(options.fault, reader, writer)
        OPEN.add(connection)
        try:
            await connection.serve()
        finally:
            OPEN.discard(connection)
            BUSY.pop(id(connection), None)

    server = await asyncio.start_server(serve, "127.0.0.1", options.port, backlog=512)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
