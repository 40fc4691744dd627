# /// script
# requires-python = ">=3.10"
# dependencies = ["uwsgi==2.0.31"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "uwsgi"
# distribution = "uwsgi"
# kind = "server"
# homepage = "https://uwsgi-docs.readthedocs.io"
# embeds = true
# known_failure = "its HTTP router keeps connections, but closes those that have more than one request in them"
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "http-keepalive, or http11-socket instead"
# page = "https://uwsgi-docs.readthedocs.io/en/latest/HTTP.html"
# read = 2026-11-26
# taken = "in part"
# why = "http-keepalive: http11-socket was faster, broke batches all the same, and ties a connection to a thread"
# ///
"""uWSGI behind its own HTTP router, as its documentation has it for serving without nginx."""

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
        "http": f"{HOST}:{PORT}",  # the router, a process of its own
        "http-keepalive": 60,  # seconds; not http11-socket, which ties each connection to a thread
        "virtualenv": sys.prefix,
        "wsgi-file": __file__,
        "callable": "app",
        "processes": WORKERS,
        "listen": 1024,  # all connections of a run may come at once
    }
    # In turn: restart and end workers, end on SIGTERM (which else reloads), no access log, no app is an error.
    flags = ("master", "die-on-term", "disable-logging", "need-app")
    program = Path(sys.executable).with_name("uwsgi")
    os.execv(program, [str(program), *(f"--{flag}" for flag in flags), *(f"--{n}={v}" for n, v in options.items())])
