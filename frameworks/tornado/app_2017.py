# /// script
# requires-python = ">=3.6,<3.7"
# dependencies = ["tornado==4.4.2"]
#
# [tool.uv]
# exclude-newer = "2021-12-31T00:00:00Z"
#
# [tool.pipebench]
# title = "tornado (2017)"
# distribution = "tornado"
# kind = "framework"
# group = "2017"
# homepage = "https://www.tornadoweb.org"
# ///
"""tornado as of March 2017, on its own loop: asyncio's was an option."""

import multiprocessing
import os
import signal

from tornado import gen
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


async def somebody():
    return


class Plain(RequestHandler):
    def set_default_headers(self):
        self.set_header("Content-Type", "text/plain")

    def compute_etag(self):
        """No ETag: by default tornado hashes each response for one."""


class Hello(Plain):
    async def get(self):
        await somebody()
        self.finish("Hello world!")


class Sleep(Plain):
    async def get(self, ms, token):
        await gen.sleep(int(ms) / 1000)
        self.finish(token)


class Echo(Plain):
    async def post(self):
        self.finish(self.request.body)


def work():
    app = Application(
        [("/", Hello), (r"/sleep/(\d+)/([^/]+)", Sleep), ("/echo", Echo)],
        log_function=lambda handler: None,  # no access log
    )
    server = HTTPServer(app)
    server.bind(PORT, HOST, backlog=1024, reuse_port=WORKERS > 1)  # its own start(n) leaves its forks behind at SIGTERM
    server.start()
    loop = IOLoop.current()
    signal.signal(signal.SIGTERM, lambda *_: loop.add_callback_from_signal(loop.stop))
    loop.start()


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
