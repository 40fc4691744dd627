# /// script
# requires-python = ">=3.10"
# dependencies = ["twisted==26.10.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "twisted.web"
# distribution = "twisted"
# kind = "framework"
# homepage = "https://twisted.org"
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "no logPath, no access log"
# page = "https://docs.twisted.org/en/stable/web/howto/web-in-60/access-logging.html"
# read = 2026-11-26
# taken = "yes"
#
# [[tool.pipebench.tuning]]
# advice = "the epoll reactor, Linux's default"
# page = "https://docs.twisted.org/en/stable/core/howto/choosing-reactor.html"
# read = 2026-11-26
# taken = "yes"
# ///
"""Resources of twisted.web, whose responses come from coroutines, on its epoll reactor."""

import multiprocessing
import os
import socket
from collections.abc import Coroutine
from typing import Any

from twisted.internet import task
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from twisted.web.resource import NoResource, Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


async def somebody() -> None:
    return


def answer(request: Request, coroutine: Coroutine[Any, Any, bytes]) -> int:
    """Send what a coroutine returns; `NOT_DONE_YET` is twisted.web's word for a response that comes later."""

    def send(body: bytes) -> None:
        request.setHeader(b"content-type", b"text/plain")
        request.setHeader(b"content-length", b"%d" % len(body))
        request.write(body)
        request.finish()

    def fail(reason: Failure) -> None:
        if not reason.check(CancelledError):
            request.processingFailed(reason)

    running = Deferred.fromCoroutine(coroutine)
    if not running.called:
        request.notifyFinish().addErrback(lambda _: running.cancel())  # the client is gone
    running.addCallback(send).addErrback(fail)
    return NOT_DONE_YET


class Hello(Resource):
    def getChild(self, path: bytes, request: Request) -> Resource:
        return self if path == b"" else super().getChild(path, request)

    def render_GET(self, request: Request) -> int:
        return answer(request, self.hello())

    async def hello(self) -> bytes:
        await somebody()
        return b"Hello world!"


class Sleep(Resource):
    def getChild(self, path: bytes, request: Request) -> Resource:
        if path.isdigit() and len(request.postpath) == 1:
            return Nap(int(path), request.postpath.pop())
        return NoResource()


class Nap(Resource):
    isLeaf = True

    def __init__(self, ms: int, token: bytes) -> None:
        super().__init__()
        self.ms, self.token = ms, token

    def render_GET(self, request: Request) -> int:
        return answer(request, self.nap())

    async def nap(self) -> bytes:
        from twisted.internet import reactor

        await task.deferLater(reactor, self.ms / 1000)
        return self.token


class Echo(Resource):
    isLeaf = True

    def render_POST(self, request: Request) -> bytes:
        request.setHeader(b"content-type", b"text/plain")
        return request.content.read()


class QuietSite(Site):
    def log(self, request: Request) -> None:
        """No access log: without a file of its own, Site formats a line a request for twisted's global log."""


def work(listener: socket.socket) -> None:
    from twisted.internet import reactor  # opens its epoll when it is imported: each worker has its own

    root = Hello()
    root.putChild(b"sleep", Sleep())
    root.putChild(b"echo", Echo())
    reactor.adoptStreamPort(listener.fileno(), socket.AF_INET, QuietSite(root))
    reactor.run()


if __name__ == "__main__":
    listener = socket.create_server((HOST, PORT), backlog=1024)  # all connections of a run may come at once
    listener.setblocking(False)
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, args=(listener,), daemon=True).start()
    work(listener)
