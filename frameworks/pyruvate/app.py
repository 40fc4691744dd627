# /// script
# requires-python = ">=3.10"
# dependencies = ["pyruvate==1.6.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "pyruvate"
# distribution = "pyruvate"
# kind = "server"
# homepage = "https://gitlab.com/tschorr/pyruvate"
# known_failure = "answers one request a connection, says that it is kept, and closes it"
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "max_reuse_count, without which no connection is kept"
# page = "https://gitlab.com/tschorr/pyruvate/-/blob/main/README.rst"
# read = 2026-11-26
# taken = "yes"
# ///
"""pyruvate reads, parses and writes in Rust, and calls a WSGI application in threads; no connection is kept."""

import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

import pyruvate

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
    listener = socket.create_server((HOST, PORT), backlog=1024, reuse_port=WORKERS > 1)
    os.dup2(listener.fileno(), 3)  # as systemd hands over a socket; its own would not be shared by processes
    os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
    pyruvate.serve(
        app, None, 1, max_reuse_count=254
    )  # a number of eight bits; with 255 it leaves the connection open, and is silent


if __name__ == "__main__":
    if WORKERS == 1:
        work()
        sys.exit()
    for _ in range(WORKERS):
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # daemons end with this process
    signal.pause()
