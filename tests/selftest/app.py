# /// script
# requires-python = ">=3.11"
# dependencies = []
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "planted"
# distribution = "none"
# kind = "baseline"
# homepage = "https://docs.python.org/3/library/asyncio-protocol.html"
# ///
"""A server of known cost: each request burns ``BURN_NS`` of CPU time. `pipebench selftest` writes the figure in."""

import asyncio
import os
import time

BURN_NS = 50_000

END = b"\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nHello world!"


class Planted(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        *requests, self.buffer = (self.buffer + data).split(END)
        for _ in requests:
            burn()
        self.transport.write(RESPONSE * len(requests))


def burn() -> None:
    """The thread's own clock, so that time in which it does not run is not counted as burnt."""
    end = time.thread_time_ns() + BURN_NS
    while time.thread_time_ns() < end:
        pass


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Planted, os.environ["HOST"], int(os.environ["PORT"]))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
