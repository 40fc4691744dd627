# /// script
# requires-python = ">=3.10"
# dependencies = ["waitress==3.0.2"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "waitress"
# distribution = "waitress"
# kind = "server"
# homepage = "https://docs.pylonsproject.org/projects/waitress"
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "nothing on throughput found; 4 threads by default"
# page = "https://docs.pylonsproject.org/projects/waitress/en/latest/arguments.html"
# read = 2026-11-26
# taken = "yes"
# ///
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

import waitress

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
    waitress.serve(
        app,
        # A socket of each worker's own: the kernel shares connections out among them.
        sockets=[socket.create_server((HOST, PORT), backlog=1024, reuse_port=WORKERS > 1)],
        connection_limit=4096,  # of 100 by default; its 4 threads each serve one request at a time, not one connection
    )


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
