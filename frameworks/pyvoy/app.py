# /// script
# requires-python = ">=3.10"
# dependencies = ["pyvoy==1.3.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "pyvoy"
# distribution = "pyvoy"
# kind = "server"
# homepage = "https://pyvoy.dev"
# embeds = true
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "one worker thread for ASGI"
# page = "https://github.com/curioswitch/pyvoy/blob/main/docs/settings.md"
# read = 2026-11-26
# taken = "yes"
# ///
"""An ASGI application inside Envoy, which pyvoy brings along and loads Python into."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from pyvoy import PyvoyServer

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


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


async def main() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as servers:
        for _ in range(WORKERS):
            server = PyvoyServer(
                "app",
                address=HOST,
                port=PORT,  # Envoy sets SO_REUSEPORT: the kernel shares connections out among several
                lifespan=False,  # there is nothing to start or to stop
                additional_envoy_args=["--concurrency", "1"],  # threads of Envoy's own; one a CPU by default
                stdout=None,  # its errors go where this program's go, not nowhere
                stderr=None,
            )
            await servers.enter_async_context(server)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
