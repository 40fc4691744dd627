# /// script
# requires-python = ">=3.10"
# dependencies = ["weft-server==0.1.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "weft, WSGI"
# distribution = "weft-server"
# kind = "server"
# homepage = "https://github.com/grepjava/weft"
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "--wsgi-threads for handlers that block"
# page = "https://github.com/grepjava/weft/blob/master/README.md"
# read = 2026-11-26
# taken = "no"
# why = "its default, inline: no handler that is measured blocks"
# ///
"""weft calls a WSGI application in the thread that reads and writes."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import weft

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
    weft.run(
        "app_wsgi:app",
        app_dir=str(Path(__file__).parent),
        host=HOST,
        port=PORT,
        workers=WORKERS,
        log_level="warning",  # no banner; there is no access log unless one is asked for
        graceful_timeout=1,  # seconds that handlers still have after SIGTERM
    )
