# /// script
# requires-python = ">=3.10"
# dependencies = ["gunicorn==27.0.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "gunicorn, gthread"
# distribution = "gunicorn"
# kind = "server"
# homepage = "https://gunicorn.org"
# template = "wsgi"
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "2 to 4 threads a CPU"
# page = "https://gunicorn.org/reference/settings/"
# read = 2026-11-26
# taken = "yes"
#
# [[tool.pipebench.tuning]]
# advice = "gunicorn[fast], a parser in C"
# page = "https://gunicorn.org/reference/settings/"
# read = 2026-11-26
# taken = "no"
# why = "no faster here with this worker, beyond noise; and gunicorn[fast] 27.0.1 cannot be installed"
# ///
"""A pool of threads, fed by a poller that holds the connections.

Its parser in C cannot be had: gunicorn[fast] 27.0.1 asks for gunicorn_h1c 0.6.14, and 0.6.9 is the newest.
"""

import os
import time
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication

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


class Gunicorn(BaseApplication):
    """gunicorn started from Python, as its documentation has it under "custom application"."""

    def load_config(self) -> None:
        settings = {
            "bind": f"{HOST}:{PORT}",
            "workers": WORKERS,
            "worker_class": "gthread",
            "threads": 4,  # 2 to 4 for a CPU, as it documents; idle connections wait in a poller, not in a thread
            "loglevel": "warning",  # no banner; there is no access log unless one is asked for
            "graceful_timeout": 1,  # seconds that handlers still have after SIGTERM
            "control_socket_disable": True,  # its own tool to steer it would share one socket with every other gunicorn
            "worker_tmp_dir": "/dev/shm",  # heartbeats in memory, as its FAQ advises
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        return app


if __name__ == "__main__":
    Gunicorn().run()
