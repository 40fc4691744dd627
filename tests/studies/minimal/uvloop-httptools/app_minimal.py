# /// script
# requires-python = ">=3.12"
# dependencies = ["httptools==0.9.0", "uvloop==0.23.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "uvloop + httptools, minimal"
# distribution = "httptools"
# kind = "protocol"
# homepage = "https://github.com/MagicStack/httptools"
# ///
import asyncio
import os

import httptools
import uvloop


class Minimal(asyncio.Protocol):
    """The protocol of httptools' documentation: each response is written when its request has been parsed."""

    def connection_made(self, transport):
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)

    def data_received(self, data):
        self.parser.feed_data(data)

    def on_message_complete(self):
        body = b"Hello world!"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)


async def main():
    server = await asyncio.get_running_loop().create_server(Minimal, "127.0.0.1", int(os.environ["PORT"]), backlog=1024)
    await server.serve_forever()


uvloop.run(main())
