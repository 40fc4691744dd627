# /// script
# requires-python = ">=3.10"
# dependencies = ["freastal==0.0.3"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "freastal"
# distribution = "freastal"
# kind = "server"
# homepage = "https://github.com/jbylund/freastal"
# known_failure = "resets on a request of more than 16 KiB, and takes a chunked body for the next request"
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "Content-Length in each response; nothing to set"
# page = "https://github.com/jbylund/freastal/blob/master/README.md"
# read = 2026-11-26
# taken = "yes"
# ///
"""libuv and picohttpparser in C; a WSGI application is called in the loop's thread."""

import os
import time
from collections.abc import Callable
from typing import Any

import freastal

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
    freastal.serve(app, host=HOST, port=PORT, workers=WORKERS)
