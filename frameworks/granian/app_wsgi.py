# /// script
# requires-python = ">=3.10"
# dependencies = ["granian==2.8.7"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "granian, WSGI"
# distribution = "granian"
# kind = "server"
# homepage = "https://github.com/emmett-framework/granian"
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "few blocking threads where requests are short; its benchmarks take one"
# page = "https://github.com/emmett-framework/granian/blob/master/README.md"
# read = 2026-11-26
# taken = "no"
# why = "measured: within noise of the default"
# ///
"""The same application on WSGI. Its handlers are plain functions, called in granian's pool of threads."""

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


def somebody() -> None:
    return


def app(environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], object]) -> Iterable[bytes]:
    status = "200 OK"
    match environ["REQUEST_METHOD"], environ["PATH_INFO"].split("/"):
        case "GET", ["", ""]:
            somebody()
            body = b"Hello world!"
        case "GET", ["", "sleep", ms, token] if ms.isdecimal():
            time.sleep(int(ms) / 1000)
            body = token.encode()
        case "POST", ["", "echo"]:
            body = environ["wsgi.input"].read()
        case _:
            status, body = "404 Not Found", b"Not Found"
    start_response(status, [("content-type", "text/plain"), ("content-length", str(len(body)))])
    return [body]


if __name__ == "__main__":
    Granian(
        "app_wsgi:app",
        address=HOST,
        port=PORT,
        interface=Interfaces.WSGI,
        workers=WORKERS,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.warning,  # no banner
        workers_kill_timeout=1,  # seconds that workers still have after SIGTERM
    ).serve()
