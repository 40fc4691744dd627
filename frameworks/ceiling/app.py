# /// script
# requires-python = ">=3.11"
# dependencies = ["uvloop==0.23.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "ceiling"
# distribution = "uvloop"
# kind = "baseline"
# group = "core"
# ranked = false
# homepage = "https://github.com/MagicStack/uvloop"
# loop = "uvloop"
# ///
"""Not a server: the least that a Python process can do, to show how far from it everything else is.

It counts where requests end and writes as many copies of one response, whatever was asked for. It parses
nothing, calls no handler, and has neither of the other two routes.
"""

import asyncio
import multiprocessing
import os
import signal
from importlib import import_module

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")

END = b"\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nHello world!"


class Ceiling(asyncio.Protocol):
    rest = b""  # the last bytes of a request that goes on in the next read

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.rest:
            data = self.rest + data
        # An end may be cut in two: of an unfinished request, as much is kept as can begin one.
        self.rest = b"" if data.endswith(END) else data.rpartition(END)[2][-3:]
        self.transport.write(RESPONSE * data.count(END))

    def pause_writing(self) -> None:
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.transport.resume_reading()


async def main() -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await loop.create_server(Ceiling, HOST, PORT, backlog=1024, reuse_port=WORKERS > 1)
    await stop.wait()


def work() -> None:
    with asyncio.Runner(loop_factory=import_module(LOOP).new_event_loop) as runner:
        runner.run(main())


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
