# /// script
# requires-python = ">=3.6,<3.7"
# dependencies = ["httptools==0.0.9", "uvloop==0.8.0"]
#
# [tool.uv]
# exclude-newer = "2021-12-31T00:00:00Z"
#
# [tool.pipebench]
# title = "uvloop + httptools (2017)"
# distribution = "httptools"
# kind = "protocol"
# group = "2017"
# homepage = "https://github.com/MagicStack/httptools"
# ///
"""uvloop and httptools as of March 2017: one task a connection answers its requests in order."""

import asyncio
import collections
import multiprocessing
import os
import re
import signal

import httptools
import uvloop

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


async def somebody():
    return


async def hello(body):
    await somebody()
    return b"Hello world!"


async def sleep(body, ms, token):
    await asyncio.sleep(int(ms) / 1000)
    return token


async def echo(body):
    return body


ROUTES = [
    (b"GET", re.compile(rb"/"), hello),
    (b"GET", re.compile(rb"/sleep/(\d+)/([^/]+)"), sleep),
    (b"POST", re.compile(rb"/echo"), echo),
]


async def respond(method, url, body):
    path = httptools.parse_url(url).path
    for its_method, pattern, handler in ROUTES:
        match = pattern.fullmatch(path)
        if match and method == its_method:
            return b"200 OK", await handler(body, *match.groups())
    return b"404 Not Found", b""


class Connection(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)
        self.waiting = collections.deque()
        self.task = None

    def connection_lost(self, error):
        if self.task:
            self.task.cancel()

    def data_received(self, data):
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.transport.close()

    def on_message_begin(self):
        self.url = b""
        self.body = b""

    def on_url(self, url):
        self.url += url

    def on_body(self, body):
        self.body += body

    def on_message_complete(self):
        request = self.parser.get_method(), self.url, self.body, self.parser.should_keep_alive()
        self.waiting.append(request)
        if self.task is None:
            self.task = asyncio.get_event_loop().create_task(self.serve())

    async def serve(self):
        while self.waiting:
            method, url, body, keep_alive = self.waiting.popleft()
            status, content = await respond(method, url, body)
            head = b"HTTP/1.1 %b\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % (status, len(content))
            self.transport.write(head + content)
            if not keep_alive:
                self.transport.close()
                return
        self.task = None


def work():
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    loop = asyncio.get_event_loop()
    loop.run_until_complete(loop.create_server(Connection, HOST, PORT, backlog=1024, reuse_port=WORKERS > 1))
    loop.add_signal_handler(signal.SIGTERM, loop.stop)
    loop.run_forever()


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
