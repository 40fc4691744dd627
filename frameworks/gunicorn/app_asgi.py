# /// script
# requires-python = ">=3.10"
# dependencies = ["gunicorn==27.0.1", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "gunicorn, asgi"
# distribution = "gunicorn"
# kind = "server"
# homepage = "https://gunicorn.org"
# hold = { uvloop = "0.23 writes each response of a batch on its own" }
# body = "bytes"
# loop = "uvloop"
# loops = "asyncio uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "uvloop"
# page = "https://gunicorn.org/asgi/"
# read = 2026-11-26
# taken = "yes"
#
# [[tool.pipebench.tuning]]
# advice = "gunicorn[fast], a parser in C"
# page = "https://gunicorn.org/asgi/"
# read = 2026-11-26
# taken = "no"
# why = "a row of its own: gunicorn[fast] 27.0.1 cannot be installed, and an older parser fails a case"
# ///
"""gunicorn's own ASGI worker, which takes uvloop by itself where that is installed; 0.22.1 as in the other adapters.

Its parser in C is a row of its own, app_asgi_h1c.py: gunicorn[fast] 27.0.1 cannot be installed.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

from gunicorn.app.base import BaseApplication

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")


async def somebody() -> None:
    return


async def content(receive: Callable[[], Awaitable[dict[str, Any]]]) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    status = 200
    match scope["method"], scope["path"].split("/"):
        case "GET" | "HEAD", ["", ""]:
            await somebody()
            body = b"Hello world!"
        case "GET", ["", "sleep", ms, token] if ms.isdecimal():
            await asyncio.sleep(int(ms) / 1000)
            body = token.encode()
        case "POST", ["", "echo"]:
            body = await content(receive)
        case _:
            status, body = 404, b"Not Found"
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Gunicorn(BaseApplication):
    """gunicorn started from Python, as its documentation has it under "custom application"."""

    def load_config(self) -> None:
        settings = {
            "bind": f"{HOST}:{PORT}",
            "workers": WORKERS,
            "worker_class": "asgi",  # gunicorn's own
            "asgi_loop": LOOP,
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
