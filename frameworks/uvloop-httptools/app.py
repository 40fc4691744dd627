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
# group = "core"
# homepage = "https://github.com/MagicStack/httptools"
# template = "protocol"
# body = "bytes"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "uvloop, 2 to 4 times as fast as asyncio's own loop"
# page = "https://github.com/MagicStack/uvloop"
# read = 2026-11-26
# taken = "yes"
# ///
"""A pipelining HTTP/1.1 server on two libraries: uvloop moves the bytes, httptools parses them.

`data_received` feeds the parser, whose callbacks queue one call a request; `serve` awaits the calls in order,
and builds each response from what the handler returned; `flush` writes all that are ready at once.
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
from importlib import import_module
from typing import ClassVar, NamedTuple
from urllib.parse import unquote_to_bytes

import httptools

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")

MAX_REQUEST = 16 << 20  # bytes, head and body; what is longer is refused
MAX_WAITING = 256 << 10  # bytes of requests behind one that takes its time; then reading pauses
MAX_BURST = 256  # short responses built before they are written and a slow reader is waited for
LINGER = 1.0  # seconds for a client to take the last response before its connection is closed for good


class Response(NamedTuple):
    """What a handler returns where `bytes`, sent as text/plain with status 200, will not do."""

    status: HTTPStatus
    body: bytes = b""
    headers: bytes = b""
    to_head: bool = False  # send no body
    last: bool = False  # send `Connection: close`, and close


Handler = Callable[..., Awaitable[bytes | Response]]
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
    return Response(status, status.phrase.encode(), headers)


# A handler's arguments are the groups of its pattern and, for a POST, the body.
PATHS: dict[bytes, dict[bytes, Handler]] = {b"/": {b"GET": hello}, b"/echo": {b"POST": echo}}
PATTERNS = {re.compile(rb"/sleep/(\d{1,9})/([^/]+)"): {b"GET": sleep}}
# The short way of the plainest requests, GET of a fixed path. `Connection.resolve` is the way of all others.
PLAIN: dict[bytes, Call] = {path: methods[b"GET"] for path, methods in PATHS.items() if b"GET" in methods}


def route(method: bytes, url: bytes, body: bytes) -> tuple[Handler, tuple[object, ...]]:
    try:
        path = httptools.parse_url(url).path or b"/"
    except httptools.HttpParserInvalidURLError:
        return refuse, (HTTPStatus.BAD_REQUEST,)
    methods, arguments = PATHS.get(path), ()
    for pattern, its_methods in PATTERNS.items():
        if match := pattern.fullmatch(path):
            methods, arguments = its_methods, tuple(map(unquote_to_bytes, match.groups()))
    if methods is None:
        return refuse, (HTTPStatus.NOT_FOUND,)
    if method not in methods:
        return refuse, (HTTPStatus.METHOD_NOT_ALLOWED, b"Allow: %b\r\n" % b", ".join(methods))
    return methods[method], (*arguments, body) if method == b"POST" else arguments


def failed(error: Exception) -> Response:
    context = {"message": "handler failed", "exception": error}
    asyncio.get_running_loop().call_exception_handler(context)  # its traceback goes to stderr
    return Response(HTTPStatus.INTERNAL_SERVER_ERROR)


async def special(handler: Handler, arguments: tuple[object, ...], to_head: bool, last: bool) -> Response:
    """The call for a request that has arguments, or whose response is not sent as it is."""
    try:
        result = await handler(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is a 500
        result = failed(error)
    response = result if isinstance(result, Response) else Response(HTTPStatus.OK, result)
    return response._replace(to_head=to_head, last=last)


class Clock:
    """RFC 9110, 6.6.1: a server that has a clock sends a Date. Made once a second, as every server does."""

    def tick(self) -> None:
        self.date = formatdate(usegmt=True).encode()
        self.ok = b"HTTP/1.1 200 OK\r\nDate: %b\r\nContent-Type: text/plain\r\nContent-Length: " % self.date
        asyncio.get_running_loop().call_later(1, self.tick)


clock = Clock()
# The lengths of short bodies come out of a table: to format one takes as long as to parse a header.
LENGTHS = [b"%d\r\n\r\n" % length for length in range(4096)]


def encode(response: Response) -> bytes:
    return b"HTTP/1.1 %d %b\r\nDate: %b\r\nContent-Type: text/plain\r\n%b%bContent-Length: %d\r\n\r\n%b" % (
        response.status,
        response.status.phrase.encode(),
        clock.date,
        response.headers,
        b"Connection: close\r\n" if response.last else b"",
        len(response.body),
        b"" if response.to_head else response.body,
    )


class Connection(asyncio.Protocol):
    FRAMING = frozenset({b"content-length", b"transfer-encoding"})
    NOTED = FRAMING | {b"connection", b"expect"}  # headers that need the long way
    unflushed: ClassVar[list["Connection"]] = []  # to set it, not change it, would slow down all methods

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.parser = httptools.HttpRequestParser(self)
        self.queue: list[Call] = []  # parsed, not begun
        self.out: list[bytes] = []  # answered, not written
        self.task: asyncio.Task[None] | None = None  # runs `serve` on after a handler was suspended
        self.waiting = 0  # bytes read since there was nothing left to do
        self.blocked: asyncio.Future[None] | None = None  # done when a slow reader has caught up
        self.closing = False  # the last request is known; what follows it is ignored
        self.eof = False
        self.linger: asyncio.TimerHandle | None = None
        # Of the request that is being parsed:
        self.url: bytes | None = None
        self.hosts = 0
        self.noted: dict[bytes, bytes] = {}
        self.body = bytearray()

    # Called by the transport:

    def connection_made(self, transport: asyncio.Transport) -> None:
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
                # One eager task (and context) a batch takes no turn of the loop unless a handler suspends,
                # and then current_task() and timeouts have been right from that handler's first line on.
                task = asyncio.Task(self.serve(), loop=self.loop, eager_start=True)
                if not task.done():
                    self.task = task
        self.flush_soon()

    def eof_received(self) -> bool:
        if self.linger is not None:
            return False
        self.closing = self.eof = True  # whoever half-closes still gets what was asked for
        self.flush_soon()
        return True

    def pause_writing(self) -> None:
        self.blocked = self.loop.create_future()
        self.throttle()

    def resume_writing(self) -> None:
        if self.blocked is not None and not self.blocked.done():
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

    # Called by the parser, `on_url` and `on_body` once for each piece:

    def on_url(self, url: bytes) -> None:
        self.url = url if self.url is None else self.url + url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name == b"Host" or (name := name.lower()) == b"host":
            self.hosts += 1
        elif name in self.NOTED:
            self.noted[name] = value

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        if self.closing:
            return
        call = PLAIN.get(self.url)
        if (
            call is None
            or self.hosts != 1
            or self.noted
            or self.parser.get_method() != b"GET"
            or not self.parser.should_keep_alive()
        ):
            call = self.resolve()
        self.queue.append(call)
        self.url = None
        self.hosts = 0

    # Our own:

    def parse(self, data: bytes | memoryview) -> None:
        while True:
            try:
                return self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:  # to what we do not know: go on behind the request
                data = memoryview(data)[upgrade.args[0] :]
            except httptools.HttpParserCallbackError:
                raise  # our mistake, not the client's
            except httptools.HttpParserError:
                return self.give_up(HTTPStatus.BAD_REQUEST)

    def give_up(self, status: HTTPStatus) -> None:
        """Refuse what cannot be read, after the responses to what could."""
        if not self.closing:
            self.closing = True
            self.queue.append(partial(special, refuse, (status,), False, True))

    def resolve(self) -> Call:
        noted, body, self.noted, self.body = self.noted, bytes(self.body), {}, bytearray()
        method, version = self.parser.get_method(), self.parser.get_http_version()
        to_head = method == b"HEAD"
        handler, arguments = route(b"GET" if to_head else method, self.url or b"", body)
        # HTTP/1.0 gets one response: to stay open it would need a header that says so.
        last = version == "1.0" or not self.parser.should_keep_alive()
        no_host = self.hosts != 1 and not (self.hosts == 0 and version == "1.0")
        # httptools leaves the body of a request to upgrade unread; it must not pass for the next request.
        if no_host or (self.parser.should_upgrade() and not self.FRAMING.isdisjoint(noted)):
            handler, arguments, last = refuse, (HTTPStatus.BAD_REQUEST,), True
        self.closing = last
        return partial(special, handler, arguments, to_head, last)

    async def serve(self) -> None:
        try:
            while self.queue:
                burst, self.queue = self.queue, []
                if len(burst) > MAX_BURST:
                    burst, self.queue = burst[:MAX_BURST], burst[MAX_BURST:]
                for call in burst:
                    try:
                        result = await call()
                    except Exception as error:  # noqa: BLE001 - as above
                        result = failed(error)
                    if type(result) is bytes:
                        try:
                            self.out += (clock.ok, LENGTHS[len(result)], result)
                        except IndexError:
                            await self.send(Response(HTTPStatus.OK, result))
                    else:
                        await self.send(result)
                    if self.task is not None:  # resumed, so no `data_received` is about to do it
                        self.flush_soon()
                if self.queue:
                    await self.drain()
        except BaseException:  # a handler was cancelled, or returned what is no response: none can follow
            self.write()
            self.transport.close()
            raise
        self.waiting = 0
        if self.task is not None:
            self.task = None
            self.throttle()
            self.flush_soon()

    async def send(self, response: Response) -> None:
        self.out.append(encode(response))
        if len(response.body) >= len(LENGTHS):
            await self.drain()

    async def drain(self) -> None:
        self.write()
        if self.blocked is not None:
            await self.blocked

    def write(self) -> None:
        if self.out:
            self.transport.write(b"".join(self.out))
            self.out.clear()

    def throttle(self) -> None:
        """Read on only while the client reads, and handlers keep up."""
        if self.blocked is not None or self.waiting > MAX_WAITING:
            self.transport.pause_reading()
        elif not self.eof:
            self.transport.resume_reading()

    def flush_soon(self) -> None:
        # At the end of a turn of the loop, after all reads: a client that serves many connections too is then
        # woken once, not once a connection. uvloop 0.22 did so by itself, 0.23 writes at once.
        if not self.unflushed:
            self.loop.call_soon(self.flush_all)
        self.unflushed.append(self)

    @classmethod
    def flush_all(cls) -> None:
        connections = cls.unflushed.copy()
        cls.unflushed.clear()
        for connection in connections:
            connection.flush()

    def flush(self) -> None:
        self.write()
        if (self.closing or self.noted) and self.task is None and not self.queue:
            if self.closing:
                self.finish()
            elif self.noted.pop(b"expect", None) and self.parser.get_http_version() != "1.0":
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def finish(self) -> None:
        if self.eof:
            self.transport.close()
        elif self.linger is None and not self.transport.is_closing():
            # To close with bytes unread resets the connection, and may cost the client the last response.
            self.transport.write_eof()
            self.linger = self.loop.call_later(LINGER, self.transport.close)


async def main() -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    clock.tick()
    await loop.create_server(lambda: Connection(loop), HOST, PORT, backlog=1024, reuse_port=WORKERS > 1)
    await stop.wait()


def work() -> None:
    with asyncio.Runner(loop_factory=import_module(LOOP).new_event_loop) as runner:
        runner.run(main())


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        # Ends with this process.
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
