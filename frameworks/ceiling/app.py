# /// script
# requires-python = ">=3.12"
# dependencies = ["uvloop==0.23.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "ceiling"
# distribution = "uvloop"
# kind = "baseline"
# ranked = false
# homepage = "https://github.com/MagicStack/uvloop"
# ///
import asyncio
import os
import signal

import uvloop

END = b"\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nHello world!"


class Ceiling(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.tail = b""

    def data_received(self, data):
        self.tail = (self.tail + data)[-3:] if 0 else b""
        self.transport.write(RESPONSE * data.count(END))


async def main():
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    await loop.create_server(Ceiling, os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8080")))
    await stop.wait()


uvloop.run(main())
