# /// script
# requires-python = ">=3.11"
# dependencies = ["tornado==6.6.1", "uvloop==0.23.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "tornado"
# distribution = "tornado"
# kind = "framework"
# homepage = "https://www.tornadoweb.org"
# ///
"""Tornado on asyncio with uvloop."""

import asyncio
import os
import signal

import uvloop
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.process import fork_processes
from tornado.web import Application, RequestHandler


async def somebody() -> None:
    return


class Handler(RequestHandler):
    def set_default_headers(self) -> None:
        self.set_header("Content-Type", "text/plain; charset=UTF-8")

    def compute_etag(self) -> None:  # no hash of each response
        return None


class Hello(Handler):
    async def get(self) -> None:
        await somebody()
        self.finish("Hello world!")


class Sleep(Handler):
    async def get(self, ms: str, token: str) -> None:
        await asyncio.sleep(int(ms) / 1000)
        self.finish(token)


class Echo(Handler):
    async def post(self) -> None:
        self.finish(self.request.body)


async def serve(sockets: list) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    app = Application(
        [("/", Hello), (r"/sleep/(\d+)/([^/]+)", Sleep), ("/echo", Echo)],
        log_function=lambda handler: None,  # no access log
    )
    server = HTTPServer(app)
    server.add_sockets(sockets)
    await stop.wait()


def main() -> None:
    sockets = bind_sockets(int(os.environ.get("PORT", "8080")), os.environ.get("HOST", "127.0.0.1"))
    workers = int(os.environ.get("WORKERS", "1"))
    if workers > 1:
        fork_processes(workers)
    uvloop.run(serve(sockets))


if __name__ == "__main__":
    main()
