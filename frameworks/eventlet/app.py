# /// script
# requires-python = ">=3.10"
# dependencies = ["eventlet==0.41.3"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "eventlet"
# distribution = "eventlet"
# kind = "server"
# homepage = "https://github.com/eventlet/eventlet"
# body = "bytes"
# remark = "TCP_NODELAY set by hand; without it a batch of 4 or 16 waits 40 ms"
#
# [[tool.pipebench.tuning]]
# advice = "nothing on throughput found; log_output=False, which saves a line a request"
# page = "https://eventlet.readthedocs.io/en/latest/modules/wsgi.html"
# read = 2026-11-26
# taken = "yes"
# ///
"""``eventlet.wsgi``, which OpenStack's services run on; gunicorn 27 has no worker for it any more."""

import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

import eventlet
from eventlet import wsgi

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
            eventlet.sleep(int(ms) / 1000)
            body = token.encode("latin-1")
        case "POST", ["", "echo"]:
            body = environ["wsgi.input"].read()
        case _:
            status, body = "404 Not Found", b"Not Found"
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]  # WSGI leaves that to the application


def work() -> None:
    # A backlog for all connections of a run; the kernel shares them out among the workers.
    listener = eventlet.listen((HOST, PORT), backlog=1024, reuse_port=WORKERS > 1)
    # A batch's responses are written in several pieces: else it waits 40 ms for the last (Nagle, delayed ACK).
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wsgi.server(listener, app, log_output=False)  # no access log


if __name__ == "__main__":
    if WORKERS == 1:
        work()
    for _ in range(WORKERS):
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # daemons end with this process
    signal.pause()
