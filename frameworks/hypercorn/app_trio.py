# /// script
# requires-python = ">=3.10"
# dependencies = ["hypercorn[trio]==0.18.0", "trio==0.35.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "hypercorn, trio"
# distribution = "hypercorn"
# kind = "server"
# homepage = "https://hypercorn.readthedocs.io"
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "uvloop, which is quicker than asyncio's own; trio as another worker"
# page = "https://hypercorn.readthedocs.io/en/latest/discussion/workers.html"
# read = 2026-11-26
# taken = "in part"
# why = "trio, which is what the row shows"
# ///
"""A raw ASGI application on hypercorn's worker for trio.

A request that comes behind one with ``Connection: close`` may end the whole server: it is refused while the response
before it is still written, and trio lets one task at a time write.
"""

import os
from collections.abc import Awaitable, Callable
from typing import Any

import trio
from hypercorn.config import Config
from hypercorn.run import run

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


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
            await trio.sleep(int(ms) / 1000)
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


if __name__ == "__main__":
    config = Config()
    config.application_path = "app_trio:app"
    config.worker_class = "trio"
    config.workers = WORKERS
    config.bind = [f"{HOST}:{PORT}"]
    config.backlog = 1024  # all connections of a run may come at once
    config.keep_alive_max_requests = 2**63  # by default a connection is closed after 1000
    config.graceful_timeout = 0.5  # seconds that handlers still have after SIGTERM
    config.loglevel = "WARNING"  # no banner
    run(config)
