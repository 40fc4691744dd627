# /// script
# requires-python = ">=3.10"
# dependencies = ["werkzeug==3.1.9"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "werkzeug"
# distribution = "werkzeug"
# kind = "server"
# homepage = "https://werkzeug.palletsprojects.com"
# known_failure = "closes the connection after each response: its developers switched keep-alive off"
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "nothing on throughput: it is for development alone"
# page = "https://werkzeug.palletsprojects.com/en/stable/serving/"
# read = 2026-11-26
# ///
"""The server behind ``flask run``, and of everybody's first page.

It says ``Connection: close`` in each response: ``http.server``, which it extends, leaves a body that the application
did not read, and the next request began with it.
"""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


def somebody() -> None:
    return


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    status = "200 OK"
    match environ["REQUEST_METHOD"], environ["PATH_INFO"].split("/"):
        case "GET" | "HEAD", ["", ""]:
            somebody()
            body = b"Hello world!"
        case "GET", ["", "sleep", ms, token] if ms.isdecimal():
            time.sleep(int(ms) / 1000)
            body = token.encode("latin-1")
        case "POST", ["", "echo"]:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))  # it has no end of its own
        case _:
            status, body = "404 Not Found", b"Not Found"
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]  # WSGI leaves that to the application


class Handler(WSGIRequestHandler):
    def log_request(self, code: object = "-", size: object = "-") -> None:
        """No access log."""


class Server(ThreadedWSGIServer):
    """What ``run_simple`` makes, with a thread for each connection as ``flask run`` has it."""

    request_queue_size = 1024  # all connections of a run may come at once
    allow_reuse_port = WORKERS > 1  # the kernel shares connections out among the workers


def work() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    Server(HOST, PORT, app, Handler).serve_forever()


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
