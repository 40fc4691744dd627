# /// script
# requires-python = ">=3.10"
# dependencies = ["m0serve==1.16.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "m0serve"
# distribution = "m0serve"
# kind = "server"
# homepage = "https://github.com/codetalcott/mojo-http"
# embeds = true
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "--workers, a process a CPU; the rest is found by itself"
# page = "https://github.com/codetalcott/mojo-http/blob/main/README.md"
# read = 2026-11-26
# taken = "yes"
# ///
"""m0serve reads, parses and writes in Mojo; a WSGI application."""

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
        "app-dir": Path(__file__).parent,
        "max-keepalive-requests": 0,  # by default a connection is closed after 1000
    }
    program = Path(sys.executable).with_name("m0serve")
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    os.execv(program, [str(program), *words, "app:app"])
