# /// script
# requires-python = ">=3.10"
# dependencies = ["cheroot==11.1.2"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "cheroot"
# distribution = "cheroot"
# kind = "server"
# homepage = "https://cheroot.cherrypy.dev"
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "nothing on throughput found"
# page = "https://cheroot.cherrypy.dev/en/latest/"
# read = 2026-11-26
# ///
"""The server of CherryPy, by itself."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from cheroot.wsgi import Server

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
            body = environ["wsgi.input"].read()
        case _:
            status, body = "404 Not Found", b"Not Found"
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]  # WSGI leaves that to the application


def work() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    server = Server(
        (HOST, PORT),
        app,
        numthreads=10,  # the default; idle connections wait in a selector, not in a thread
        request_queue_size=1024,  # all connections of a run may come at once
        reuse_port=WORKERS > 1,  # the kernel shares connections out among the workers
        shutdown_timeout=1,  # seconds that handlers still have after SIGTERM
    )
    server.keep_alive_conn_limit = None  # of 10 by default: it closes the others after a response
    try:
        server.start()
    finally:
        server.stop()  # its threads outlive an exception


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
