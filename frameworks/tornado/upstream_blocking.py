# /// script
# requires-python = ">=3.11"
# dependencies = ["tornado==6.6.1", "uvloop==0.23.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "tornado, urllib"
# distribution = "tornado"
# kind = "framework"
# homepage = "https://www.tornadoweb.org"
# scenario = "upstream"
# client = "blocking"
# ///
"""Waits for its upstream with a client that blocks the loop, so that nothing else goes on meanwhile.

Tornado's own such client, HTTPClient, runs in no handler since tornado 5: an asyncio loop does not run inside another.
"""

import asyncio
import multiprocessing
import os
import signal
from urllib.request import urlopen

import uvloop
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
UPSTREAM = os.environ.get("UPSTREAM", "http://127.0.0.1:9000/")


class Relay(RequestHandler):
    def get(self) -> None:
        with urlopen(UPSTREAM) as response:
            body = response.read()
        self.set_header("Content-Type", "text/plain")
        self.finish(body)


async def main() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = HTTPServer(Application([("/", Relay)], log_function=lambda handler: None))  # no access log
    server.listen(PORT, HOST, backlog=16384, reuse_port=WORKERS > 1)  # for all connections of a run at once
    await stop.wait()
    server.stop()
    await server.close_all_connections()


def work() -> None:
    uvloop.run(main())


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
