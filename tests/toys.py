"""Small servers out of the standard library, each wrong in one way: ``python toys.py MODE``, with HOST and PORT set.

They answer by counting the ends of requests, as fast as the standard library goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time

END = b"\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nHello world!"
NOT_OK = b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nsorry"
BEFORE_LOAD = 3
"""Connections before those of wrk: one to see that it listens, and two of the quick check."""


class Good(asyncio.Protocol):
    """Answers every request at once."""

    connections = 0
    requests = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""
        type(self).connections += 1
        self.number = type(self).connections

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        count = self.buffer.count(END)
        self.buffer = self.buffer[self.buffer.rfind(END) + len(END) :] if count else self.buffer
        type(self).requests += count
        self.answer(count)

    def answer(self, count: int) -> None:
        self.transport.write(OK * count)

    @property
    def under_load(self) -> bool:
        return self.number > BEFORE_LOAD


class Works(Good):
    """Does something for each request, and so is slower than any load generator."""

    def answer(self, count: int) -> None:
        for _ in range(count):
            sum(range(500))
        super().answer(count)


class Stalls(Good):
    """Under load, answers the first batch of each connection, then nothing."""

    answered = False

    def answer(self, count: int) -> None:
        if not (self.under_load and self.answered):
            super().answer(count)
            self.answered = True


class Freezes(Good):
    """Answers 3000 requests as they should be, and then nothing any more."""

    def answer(self, count: int) -> None:
        if type(self).requests <= 3000:
            super().answer(count)


class StallsAtOnce(Good):
    """Never answers anything."""

    def answer(self, count: int) -> None:
        pass


class FirstOnly(Good):
    """Answers the first request of a batch, and forgets the others."""

    def answer(self, count: int) -> None:
        super().answer(min(count, 1))


class HalfStalls(Stalls):
    """Under load, one of two connections stops; the others are answered slowly, so that the generator has time."""

    @property
    def under_load(self) -> bool:
        return self.number > BEFORE_LOAD and self.number % 2 == 0

    def answer(self, count: int) -> None:
        until = time.perf_counter() + 0.0002
        while time.perf_counter() < until:
            pass
        super().answer(count)


class Fails(Good):
    """Under load, answers with an error status."""

    def answer(self, count: int) -> None:
        self.transport.write((NOT_OK if self.under_load else OK) * count)


class Shrinks(Good):
    """Under load, answers something shorter."""

    def answer(self, count: int) -> None:
        short = OK.replace(b"12", b"2").replace(b"Hello world!", b"Hi")
        self.transport.write((short if self.under_load else OK) * count)


class WrongBody(Good):
    """Answers something else, from the beginning."""

    def answer(self, count: int) -> None:
        self.transport.write(OK.replace(b"Hello", b"HELLO") * count)


class Closes(Good):
    """Under load, closes the connection after each batch, without a word."""

    def answer(self, count: int) -> None:
        super().answer(count)
        if self.under_load:
            self.transport.close()


class Resets(Good):
    """Under load, answers half of each batch and resets the connection."""

    def answer(self, count: int) -> None:
        if self.under_load and type(self).requests % 7 == 0:
            self.transport.abort()
        else:
            super().answer(count)


class Sleeps(Good):
    """Takes 20 ms for each batch, in which it does nothing."""

    def answer(self, count: int) -> None:
        asyncio.get_running_loop().call_later(0.02, super().answer, count)


class Crashes(Good):
    """Under load, has an exception, says what glibc says and aborts."""

    def answer(self, count: int) -> None:
        super().answer(count)
        if self.under_load and type(self).requests > 200:
            with contextlib.suppress(ZeroDivisionError):
                sys.stderr.write("Traceback (most recent call last):\n  File 'x'\nValueError: request 201\n")
            sys.stderr.write("free(): invalid pointer\n")
            sys.stderr.flush()
            os.abort()


class Leaves(Good):
    """Under load, exits in good order."""

    def answer(self, count: int) -> None:
        super().answer(count)
        if self.under_load and type(self).requests > 200:
            os._exit(0)


class Floods(Good):
    """Writes more log than it serves."""

    def answer(self, count: int) -> None:
        sys.stderr.write("x" * 10_000 + "\n")
        super().answer(count)


class SpinsOn(Good):
    """Under load, leaves a worker behind in a session of its own that ignores SIGTERM and spins."""

    def answer(self, count: int) -> None:
        super().answer(count)
        if self.under_load and type(self).requests - count <= 200 < type(self).requests and os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                sum(range(1000))


class Tokens(Good):
    """Answers ``/sleep/0/{n}`` with ``n``, as adapters do, and all else as the others; each response by itself."""

    def data_received(self, data: bytes) -> None:
        *requests, self.buffer = (self.buffer + data).split(END)
        self.transport.write(b"".join(self.changed([answer_to(one) for one in requests])))

    def changed(self, responses: list[bytes]) -> list[bytes]:
        """What is sent in place of the right responses."""
        for place in range(len(responses)):
            type(self).requests += 1
            if type(self).requests % self.every == 0:
                self.spoil(responses, place)
        return responses

    every = 1000

    def spoil(self, responses: list[bytes], place: int) -> None:
        """What goes wrong with every so many-th."""


class SwapsDeep(Tokens):
    """Swaps two responses of a batch of eight or more."""

    every = 8

    def spoil(self, responses: list[bytes], place: int) -> None:
        if len(responses) >= 8 and place:
            responses[place - 1], responses[place] = responses[place], responses[place - 1]


class Repeats(Tokens):
    """Sends every thousandth response twice."""

    def spoil(self, responses: list[bytes], place: int) -> None:
        responses[place] *= 2


class RepeatsInPlace(Tokens):
    """Sends, in place of every thousandth response, the one before it."""

    def spoil(self, responses: list[bytes], place: int) -> None:
        responses[place] = responses[place - 1]


class CutsShort(Tokens):
    """Leaves the last byte of every 500th response away."""

    every = 500

    def spoil(self, responses: list[bytes], place: int) -> None:
        responses[place] = responses[place][:-1]


class StopsHalfWay(Good):
    """Answers two thousand requests under load, then nothing any more."""

    def answer(self, count: int) -> None:
        if not self.under_load or type(self).requests < 2000:
            super().answer(count)


class ClosesEvery(Good):
    """Under load, closes each connection after a hundred responses, in the middle of a batch."""

    sent = 0

    def answer(self, count: int) -> None:
        if not self.under_load or self.sent + count < 100:
            self.sent += count
            super().answer(count)
        else:
            super().answer(count - 1)
            self.transport.close()


def answer_to(request: bytes) -> bytes:
    """The response to one request."""
    path = request.split(b" ", 2)[1]
    body = path.rpartition(b"/")[2] if path.startswith(b"/sleep/0/") else b"Hello world!"
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


PROTOCOLS = {kind.__name__: kind for kind in [*globals().values()] if isinstance(kind, type) and issubclass(kind, Good)}


async def serve(kind: type[Good], host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    await loop.create_server(kind, host, port, backlog=1024)
    await stop.wait()


def never_listens() -> None:
    print("thinking it over", flush=True)
    time.sleep(600)


def exits() -> None:
    print("Traceback (most recent call last):\n  File 'x'\nRuntimeError: no such setting: speed", flush=True)
    raise SystemExit(3)


def exits_silently() -> None:
    raise SystemExit(4)


def wrong_port() -> None:
    with socket.socket() as listener:
        listener.bind((os.environ["HOST"], 0))
        listener.listen()
        time.sleep(600)


def ignores_term() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with socket.create_server((os.environ["HOST"], int(os.environ["PORT"]))):
        while True:
            time.sleep(600)


def worker_ignores_term() -> None:
    """The parent ends on SIGTERM; its worker spins on, japronto's way."""
    with socket.create_server((os.environ["HOST"], int(os.environ["PORT"]))):
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                sum(range(1000))
        time.sleep(600)


def worker_ignores_term_and_serves() -> None:
    """The parent only waits; its worker serves, and ignores SIGTERM."""
    listener = socket.create_server((os.environ["HOST"], int(os.environ["PORT"])), backlog=1024)
    if os.fork() == 0:

        async def run() -> None:
            await asyncio.get_running_loop().create_server(Works, sock=listener)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            await asyncio.Event().wait()

        asyncio.run(run())
    signal.pause()


def floods_and_listens_late() -> None:
    for _ in range(2000):
        os.write(1, b"y" * 10_000 + b"\n")
    asyncio.run(serve(Good, os.environ["HOST"], int(os.environ["PORT"])))


def workers() -> None:
    """A parent that only waits, and WORKERS children that serve."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.create_server((os.environ["HOST"], int(os.environ["PORT"])), backlog=1024)
    children = []
    for _ in range(int(os.environ["WORKERS"])):
        child = os.fork()
        if child == 0:

            async def run() -> None:
                loop = asyncio.get_running_loop()
                await loop.create_server(Good, sock=listener)
                stop = asyncio.Event()
                loop.add_signal_handler(signal.SIGTERM, stop.set)
                await stop.wait()

            asyncio.run(run())
            os._exit(0)
        children.append(child)
    try:
        signal.pause()
    finally:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)
        with contextlib.suppress(ChildProcessError):
            os.wait()  # with SIGCHLD ignored: until the last has ended


if __name__ == "__main__":
    mode = sys.argv[1]
    if mode in PROTOCOLS:
        asyncio.run(serve(PROTOCOLS[mode], os.environ["HOST"], int(os.environ["PORT"])))
    else:
        globals()[mode]()
