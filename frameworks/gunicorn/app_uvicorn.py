# /// script
# requires-python = ">=3.10"
# dependencies = ["uvicorn-worker==0.4.0", "gunicorn==27.0.1", "uvicorn==0.54.0", "httptools==0.9.0", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "gunicorn, uvicorn-worker"
# distribution = "uvicorn-worker"
# kind = "server"
# homepage = "https://github.com/Kludex/uvicorn-worker"
# hold = { uvloop = "0.23 writes each response of a batch on its own" }
# body = "bytes"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "gunicorn with uvicorn-worker, for production"
# page = "https://github.com/Kludex/uvicorn-worker/blob/main/README.md"
# read = 2026-11-26
# taken = "yes"
#
# [[tool.pipebench.tuning]]
# advice = "uvloop and httptools, for greater performance than asyncio and h11"
# page = "https://uvicorn.dev/settings/"
# read = 2026-11-26
# taken = "yes"
# ///
"""uvicorn's protocol in processes that gunicorn starts and watches."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from gunicorn.app.base import BaseApplication
from uvicorn_worker import UvicornWorker

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")


async def somebody() -> None:
    return


async def content(receive: Callable[[], Awaitable[dict[str, Any]]]) -> bytes | None:
    """The body of a request; nothing when the client leaves before its end."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
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
        case "GET", ["", ""]:
            await somebody()
            body = b"Hello world!"
        case "GET", ["", "sleep", ms, token] if ms.isdecimal():
            await asyncio.sleep(int(ms) / 1000)
            body = token.encode()
        case "POST", ["", "echo"]:
            body = await content(receive)
            if body is None:
                return
        case _:
            status, body = 404, b"Not Found"
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Worker(UvicornWorker):
    CONFIG_KWARGS: ClassVar = {
        "loop": LOOP if LOOP in {"asyncio", "uvloop"} else f"{LOOP}:new_event_loop",
        "http": "httptools",
    }  # what it takes by itself, with uvloop


class Gunicorn(BaseApplication):
    """gunicorn started from Python, as its documentation has it under "custom application"."""

    def load_config(self) -> None:
        settings = {
            "bind": f"{HOST}:{PORT}",
            "workers": WORKERS,
            "worker_class": Worker,
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
