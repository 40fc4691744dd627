# /// script
# requires-python = ">=3.12"
# dependencies = ["httptools==0.9.0", "uvloop==0.23.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "uvloop + httptools"
# distribution = "httptools"
# kind = "protocol"
# homepage = "https://github.com/MagicStack/httptools"
# ///
"""A pipelining HTTP/1.1 server on two libraries: uvloop moves the bytes, httptools parses them.

`data_received` feeds the parser; the parser's callbacks queue one call a request; `serve` runs the queue in
order, one call after the other, and builds the responses; `flush` writes what is ready.
"""

import asyncio
import multiprocessing
import os
import re
import signal
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from functools import partial
from http import HTTPStatus
from typing import ClassVar, NamedTuple
from urllib.parse import unquote_to_bytes

import httptools
import uvloop

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))

MAX_REQUEST = 16 << 20  # bytes of one request, head and body; a longer one is refused
MAX_WAITING = 256 << 10  # bytes of requests waiting for a suspended handler; at more, reading pauses
MAX_BURST = 256  # responses; after so many, those are written and a client that reads slowly is waited for
LINGER = 1.0  # seconds a client has for reading the last response, before the connection is closed for good


class Response(NamedTuple):
    """What a handler returns where plain `bytes` (200, text/plain) will not do."""

    status: HTTPStatus
    body: bytes = b""
    content_type: bytes = b"text/plain"
    headers: bytes = b""
    to_head: bool = False  # send no body
    last: bool = False  # send `Connection: close`, and close


Handler = Callable[..., Awaitable[bytes | Response]]
Methods = dict[bytes, Handler]
Call = Callable[[], Awaitable[bytes | Response]]


async def somebody() -> None:
    return


async def hello() -> bytes:
    await somebody()
    return b"Hello world!"


async def sleep(ms: bytes, token: bytes) -> bytes:
    await asyncio.sleep(int(ms) / 1000)
    return token


async def echo(body: bytes) -> bytes:
    return body


async def refuse(status: HTTPStatus, headers: bytes = b"") -> Response:
    return Response(status, status.phrase.encode(), headers=headers)


# A handler's arguments are the groups of its pattern and, for a POST, the body.
PATHS: dict[bytes, Methods] = {b"/": {b"GET": hello}, b"/echo": {b"POST": echo}}
PATTERNS: dict[re.Pattern[bytes], Methods] = {re.compile(rb"/sleep/(\d{1,9})/([^/]+)"): {b"GET": sleep}}
# A short way for the plainest requests, GET of a fixed path; `Connection.resolve` is the way of all others.
PLAIN: dict[bytes, Call] = {path: methods[b"GET"] for path, methods in PATHS.items() if b"GET" in methods}


def route(method: bytes, url: bytes, body: bytes) -> tuple[Handler, tuple[object, ...]]:
    try:
        path = httptools.parse_url(url).path or b"/"
    except httptools.HttpParserInvalidURLError:
        return refuse, (HTTPStatus.BAD_REQUEST,)
    methods, arguments = PATHS.get(path), ()
    for pattern, pattern_methods in PATTERNS.items():
        if match := pattern.fullmatch(path):
            methods, arguments = pattern_methods, tuple(map(unquote_to_bytes, match.groups()))
    if methods is None:
        return refuse, (HTTPStatus.NOT_FOUND,)
    if method not in methods:
        return refuse, (HTTPStatus.METHOD_NOT_ALLOWED, b"Allow: %b\r\n" % b", ".join(methods))
    return methods[method], (*arguments, body) if method == b"POST" else arguments


class Clock:
    """RFC 9110 (6.6.1) wants a Date in every response; this one is made once a second."""

    def tick(self) -> None:
        self.date = formatdate(usegmt=True).encode()
        # The head of a plain 200, up to the length.
        self.ok = b"HTTP/1.1 200 OK\r\nDate: %b\r\nContent-Type: text/plain\r\nContent-Length: " % self.date
        asyncio.get_running_loop().call_later(1, self.tick)


clock = Clock()


def failed(error: Exception) -> Response:
    context = {"message": "handler failed", "exception": error}
    asyncio.get_running_loop().call_exception_handler(context)  # the traceback, on stderr
    return Response(HTTPStatus.INTERNAL_SERVER_ERROR)


async def special(handler: Handler, arguments: tuple[object, ...], to_head: bool, last: bool) -> Response:
    """A call with arguments, or whose response is not sent like any other."""
    try:
        result = await handler(*arguments)
    except Exception as error:
        result = failed(error)
    response = result if isinstance(result, Response) else Response(HTTPStatus.OK, result)
    return response._replace(to_head=to_head, last=last)


FRAMING = {b"content-length", b"transfer-encoding"}
NOTED = FRAMING | {b"connection", b"expect"}  # the headers that decide how a request is dealt with
# Decimal lengths come out of a table: formatting one costs as much as parsing a header.
LENGTHS = [b"%d\r\n\r\n" % length for length in range(4096)]


def encode(response: Response) -> bytes:
    return b"HTTP/1.1 %d %b\r\nDate: %b\r\nContent-Type: %b\r\n%b%bContent-Length: %d\r\n\r\n%b" % (
        response.status,
        response.status.phrase.encode(),
        clock.date,
        response.content_type,
        response.headers,
        b"Connection: close\r\n" if response.last else b"",
        len(response.body),
        b"" if response.to_head else response.body,
    )


class Connection(asyncio.Protocol):
    unflushed: ClassVar[list["Connection"]] = []

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.parser = httptools.HttpRequestParser(self)
        self.queue: list[Call] = []  # parsed, not begun
        self.out: list[bytes] = []  # answered, not written
        self.task: asyncio.Task[None] | None = None  # runs `serve` on once a handler was suspended
        self.waiting = 0  # bytes read since there was last nothing to do
        self.blocked: asyncio.Future[None] | None = None  # is done when the client has read enough
        self.closing = False  # the last request is known; what follows it is ignored
        self.eof = False
        self.linger: asyncio.TimerHandle | None = None
        # The request that is being parsed:
        self.url: bytes | None = None
        self.hosts = 0
        self.noted: dict[bytes, bytes] = {}  # those of its headers that decide how it is dealt with
        self.body = bytearray()

    # The transport calls these.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.closing:
            return
        self.parse(data)
        self.waiting += len(data)
        if self.task is not None:
            self.throttle()
        else:
            if not self.queue and self.waiting > MAX_REQUEST:
                self.give_up(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            if self.queue:
                # One eager task a batch: while no handler suspends it costs no turn of the loop, and in one that
                # does, current_task(), timeouts and context variables have been right from its first line on.
                task = asyncio.Task(self.serve(), loop=self.loop, eager_start=True)
                if not task.done():
                    self.task = task
        self.flush_soon()

    def eof_received(self) -> bool:
        if self.linger is not None:
            return False
        self.closing = self.eof = True  # a half-closed client still gets all that it asked for
        self.flush_soon()
        return True

    def pause_writing(self) -> None:
        self.blocked = self.loop.create_future()
        self.throttle()

    def resume_writing(self) -> None:
        if self.blocked is not None:
            self.blocked.set_result(None)
            self.blocked = None
        self.throttle()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closing = True
        self.out.clear()
        if self.task is not None:
            self.task.cancel()
        if self.linger is not None:
            self.linger.cancel()

    # The parser calls these; a request may come in pieces, so `on_url` and `on_body` may be called again.

    def on_url(self, url: bytes) -> None:
        self.url = url if self.url is None else self.url + url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name == b"Host" or (name := name.lower()) == b"host":
            self.hosts += 1
        elif name in NOTED:
            self.noted[name] = value

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        call = PLAIN.get(self.url)
        if (
            call is None
            or self.hosts != 1
            or self.noted
            or self.parser.get_method() != b"GET"
            or not self.parser.should_keep_alive()
        ):
            self.resolve()
        else:
            self.queue.append(call)
        self.url = None
        self.hosts = 0

    # The rest is ours.

    def parse(self, data: bytes) -> None:
        rest: bytes | memoryview = data
        while True:
            try:
                return self.parser.feed_data(rest)
            except httptools.HttpParserUpgrade as upgrade:  # we know none, and go on after the request
                rest = memoryview(rest)[upgrade.args[0] :]
            except httptools.HttpParserCallbackError:
                raise  # a mistake of ours, not the client's
            except httptools.HttpParserError:
                return self.give_up(HTTPStatus.BAD_REQUEST)

    def give_up(self, status: HTTPStatus) -> None:
        """Refuse what cannot be read, after the responses to what could."""
        self.queue.append(partial(special, refuse, (status,), False, True))
        self.closing = True

    def resolve(self) -> None:
        noted, body, self.noted, self.body = self.noted, bytes(self.body), {}, bytearray()
        method, version = self.parser.get_method(), self.parser.get_http_version()
        to_head = method == b"HEAD"
        handler, arguments = route(b"GET" if to_head else method, self.url or b"", body)
        # HTTP/1.0 is answered and closed: keeping it open would need a header of its own.
        last = version == "1.0" or not self.parser.should_keep_alive()
        # The body of a request to upgrade is not read by httptools, which would take it for the next request.
        unread = self.parser.should_upgrade() and not FRAMING.isdisjoint(noted)
        if unread or (self.hosts != 1 and not (self.hosts == 0 and version == "1.0")):
            handler, arguments, last = refuse, (HTTPStatus.BAD_REQUEST,), True
        self.queue.append(partial(special, handler, arguments, to_head, last))
        self.closing = self.closing or last

    async def serve(self) -> None:
        try:
            while self.queue:
                burst, self.queue = self.queue, []
                if len(burst) > MAX_BURST:
                    burst, self.queue = burst[:MAX_BURST], burst[MAX_BURST:]
                for call in burst:
                    try:
                        result = await call()
                    except Exception as error:
                        result = failed(error)
                    if type(result) is bytes:
                        try:
                            self.out += (clock.ok, LENGTHS[len(result)], result)
                        except IndexError:
                            self.out += (clock.ok, b"%d\r\n\r\n" % len(result), result)
                    else:
                        self.out.append(encode(result))
                        if result.last:
                            self.queue.clear()
                            break
                    if self.task is not None:
                        self.flush_soon()
                if self.queue:
                    self.flush()
                    if self.blocked is not None:
                        await self.blocked
        except asyncio.CancelledError:
            self.transport.abort()
            raise
        self.waiting = 0
        if self.task is not None:
            self.task = None
            self.throttle()

    def throttle(self) -> None:
        """Read only as long as the client reads, and handlers keep up."""
        if self.blocked is not None or self.waiting > MAX_WAITING:
            self.transport.pause_reading()
        elif not self.eof:
            self.transport.resume_reading()

    def flush_soon(self) -> None:
        """Write when this turn of the loop has read all that came in: many clients are then woken at once."""
        if not self.unflushed:
            self.loop.call_soon(self.flush_all)
        self.unflushed.append(self)

    @classmethod
    def flush_all(cls) -> None:
        connections = list(cls.unflushed)
        cls.unflushed.clear()
        for connection in connections:
            connection.flush()

    def flush(self) -> None:
        if self.out:
            self.transport.write(b"".join(self.out))
            self.out.clear()
        if (self.closing or self.noted) and self.task is None and not self.queue:
            if self.closing:
                self.finish()
            elif self.noted.pop(b"expect", b"").lower() == b"100-continue":
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def finish(self) -> None:
        if self.eof:
            self.transport.close()
        elif self.linger is None and not self.transport.is_closing():
            # Closing at once would reset a connection with bytes unread, and the last response might be lost.
            self.transport.write_eof()
            self.linger = self.loop.call_later(LINGER, self.transport.close)


async def main() -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    clock.tick()
    await loop.create_server(lambda: Connection(loop), HOST, PORT, reuse_port=WORKERS > 1, backlog=1024)
    await stop.wait()


def work() -> None:
    uvloop.run(main())


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()  # ends with this process
    work()
