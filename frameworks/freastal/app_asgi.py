# /// script
# requires-python = ">=3.10"
# dependencies = ["freastal==0.0.3"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "freastal, ASGI"
# distribution = "freastal"
# kind = "server"
# homepage = "https://github.com/jbylund/freastal"
# known_failure = "resets on a request of more than 16 KiB, and takes a chunked body for the next request"
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "Content-Length in each response; nothing to set"
# page = "https://github.com/jbylund/freastal/blob/master/README.md"
# read = 2026-11-26
# taken = "yes"
# ///
"""freastal steps asyncio's loop from within libuv's; a raw ASGI application."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import freastal

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
    freastal.serve_asgi(app, host=HOST, port=PORT, workers=WORKERS)
