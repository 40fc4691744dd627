# /// script
# requires-python = ">=3.10"
# dependencies = ["rocket3==20260526.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "rocket3"
# distribution = "rocket3"
# kind = "server"
# homepage = "https://github.com/web2py/rocket3"
# known_failure = "answers the first request of a batch and drops the others"
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "nothing on throughput found"
# page = "https://github.com/web2py/rocket3/blob/master/README.md"
# read = 2026-11-26
# ///
"""The server of web2py and py4web: a thread for each connection.

It reads each request through a buffer of its own, and what else was in it goes with it.
"""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from rocket3 import Rocket3

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


if __name__ == "__main__":
    # It listens; its threads are made by start(): one for each connection of a run, where it has ten by default.
    server = Rocket3((HOST, PORT), "wsgi", {"wsgi_app": app}, min_threads=64)
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=server.start, daemon=True) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()

    def end(*_: object) -> None:
        for worker in workers:
            worker.kill()  # told to end, it would wait for each of its threads in turn
        sys.exit()

    signal.signal(signal.SIGTERM, end)
    signal.pause()
