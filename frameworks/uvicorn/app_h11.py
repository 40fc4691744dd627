# /// script
# requires-python = ">=3.10"
# dependencies = ["uvicorn==0.54.0", "h11==0.16.0", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "uvicorn, h11"
# distribution = "uvicorn"
# kind = "server"
# homepage = "https://www.uvicorn.org"
# hold = { uvloop = "0.23 writes each response of a batch on its own" }
# body = "bytes"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "uvloop and httptools, for greater performance than asyncio and h11"
# page = "https://uvicorn.dev/settings/"
# read = 2026-11-26
# taken = "in part"
# why = "uvloop alone: the row shows what h11 costs"
# ///
"""The same application with h11, the parser that uvicorn takes without `uvicorn[standard]`."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

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


if __name__ == "__main__":
    uvicorn.run(
        "app_h11:app",
        host=HOST,
        port=PORT,
        workers=WORKERS,
        # uvloop 0.23 makes a system call of each head and body: 1.4 times the CPU
        loop=LOOP if LOOP in {"asyncio", "uvloop"} else f"{LOOP}:new_event_loop",
        http="h11",
        ws="none",  # there are no websockets
        lifespan="auto",  # a framework may build its middleware there
        proxy_headers=False,  # no proxy stands before it
        access_log=False,  # a line a request would be measured too
        log_level="warning",  # no banner
        timeout_graceful_shutdown=1,  # seconds that handlers still have after SIGTERM
    )
