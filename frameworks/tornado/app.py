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
# group = "core"
# homepage = "https://www.tornadoweb.org"
# body = "str"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "one process a CPU, sharing a port; nothing on the event loop"
# page = "https://www.tornadoweb.org/en/stable/guide/running.html"
# read = 2026-11-26
# taken = "yes"
# ///
import asyncio
import multiprocessing
import os
import signal
from importlib import import_module

from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")


async def somebody() -> None:
    return


class Plain(RequestHandler):
    def set_default_headers(self) -> None:
        self.set_header("Content-Type", "text/plain")

    def compute_etag(self) -> None:
        """No ETag: by default tornado hashes each response for one."""


class Hello(Plain):
    async def get(self) -> None:
        await somebody()
        # Not awaited: with the client gone, tornado would log a traceback for each request left in the batch.
        self.finish("Hello world!")


class Sleep(Plain):
    async def get(self, ms: str, token: str) -> None:
        await asyncio.sleep(int(ms) / 1000)
        self.finish(token)


class Echo(Plain):
    async def post(self) -> None:
        self.finish(self.request.body)


async def main() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    app = Application(
        [("/", Hello), (r"/sleep/(\d+)/([^/]+)", Sleep), ("/echo", Echo)],
        log_function=lambda handler: None,  # no access log
    )
    server = HTTPServer(app)
    # A backlog for all connections of a run; the kernel shares them out among the workers.
    server.listen(PORT, HOST, backlog=1024, reuse_port=WORKERS > 1)
    await stop.wait()
    server.stop()
    await server.close_all_connections()


def work() -> None:
    with asyncio.Runner(loop_factory=import_module(LOOP).new_event_loop) as runner:  # for timers and callbacks
        runner.run(main())


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
