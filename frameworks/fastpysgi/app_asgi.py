# /// script
# requires-python = ">=3.10"
# dependencies = ["fastpysgi==0.6", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "fastpysgi, ASGI"
# distribution = "fastpysgi"
# kind = "server"
# homepage = "https://github.com/remittor/fastpysgi"
# body = "bytes"
# loop = "uvloop"
# remark = "TCP_NODELAY set by hand; without it a batch waits 40 ms"
#
# [[tool.pipebench.tuning]]
# advice = "nothing on throughput found"
# page = "https://github.com/remittor/fastpysgi"
# read = 2026-11-26
#
# [[tool.pipebench.tuning]]
# advice = "server.loop lends it an event loop, such as uvloop's"
# page = "https://github.com/remittor/fastpysgi/blob/master/fastpysgi.py"
# read = 2026-11-26
# taken = "yes"
# ///
import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

import fastpysgi

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


if __name__ == "__main__":
    if WORKERS > 1:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # what starts workers ends them on Ctrl-C alone
    fastpysgi.server.loop = import_module(
        LOOP
    ).new_event_loop()  # it borrows a loop for callbacks, asyncio's own otherwise
    fastpysgi.server.lifespan = 0  # there is nothing to start or to stop
    fastpysgi.server.tcp_nodelay = 1  # else, at depth 2 and more, a batch waits 40 ms (Nagle, delayed ACK)
    fastpysgi.run(app, host=HOST, port=PORT, workers=WORKERS)
