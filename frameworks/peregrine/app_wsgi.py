# /// script
# requires-python = ">=3.11"
# dependencies = ["peregrine-server==1.2.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "peregrine, WSGI"
# distribution = "peregrine-server"
# kind = "server"
# homepage = "https://github.com/grepjava/peregrine"
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "--wsgi-threads N, one by default"
# page = "https://github.com/grepjava/peregrine/blob/main/README.md"
# read = 2026-11-26
# taken = "no"
# why = "its default: no handler that is measured blocks"
# ///
"""peregrine calls a WSGI application in a thread for it."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
    options = {
        "host": HOST,
        "port": PORT,
        "workers": WORKERS,
        "python-path": Path(__file__).parent,
        "log-level": "warning",  # no banner; there is no access log unless one is asked for
        "graceful-timeout": 1000,  # milliseconds that handlers still have after SIGTERM
    }
    program = Path(sys.executable).with_name("peregrine")
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    os.execv(program, [str(program), *words, "app_wsgi:app"])
