# /// script
# requires-python = ">=3.10"
# dependencies = ["fastpysgi==0.6"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "fastpysgi, WSGI"
# distribution = "fastpysgi"
# kind = "server"
# homepage = "https://github.com/remittor/fastpysgi"
# body = "bytes"
# remark = "TCP_NODELAY set by hand; without it a batch waits 40 ms"
#
# [[tool.pipebench.tuning]]
# advice = "nothing on throughput found"
# page = "https://github.com/remittor/fastpysgi"
# read = 2026-11-26
# ///
"""The heir of fastwsgi, whose last release is of 2023 and does not start beside a current setuptools."""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import fastpysgi

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


if __name__ == "__main__":
    if WORKERS > 1:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # what starts workers ends them on Ctrl-C alone
    fastpysgi.server.tcp_nodelay = 1  # else, at depth 2 and more, a batch waits 40 ms (Nagle, delayed ACK)
    fastpysgi.run(app, host=HOST, port=PORT, workers=WORKERS)
