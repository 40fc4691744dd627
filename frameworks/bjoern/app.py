# /// script
# requires-python = ">=3.10"
# dependencies = ["bjoern-binary==3.2.2"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "bjoern"
# distribution = "bjoern-binary"
# kind = "server"
# homepage = "https://github.com/jonashaag/bjoern"
# known_failure = "answers the first request of a batch and drops the others"
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "nothing on throughput found; SO_REUSEPORT for several processes"
# page = "https://github.com/jonashaag/bjoern"
# read = 2026-11-26
# taken = "yes"
# ///
"""bjoern's own distribution is source only and needs libev's headers; bjoern-binary is the same release, built."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import bjoern

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
    bjoern.run(app, HOST, PORT, reuse_port=WORKERS > 1)  # the kernel shares connections out among the workers


if __name__ == "__main__":
    if WORKERS == 1:
        work()
    for _ in range(WORKERS):
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # daemons end with this process
    signal.pause()
