# /// script
# requires-python = ">=3.11"
# dependencies = ["h2corn[uvloop]==2.0.0", "uvloop==0.23.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "h2corn"
# distribution = "h2corn"
# kind = "server"
# homepage = "https://h2corn.monicz.dev"
# body = "bytes"
# loop = "uvloop"
# loops = "asyncio uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "nothing on throughput found; uvloop as an extra"
# page = "https://github.com/Zaczero/pkgs/tree/main/h2corn"
# read = 2026-11-26
# taken = "yes"
# ///
"""h2corn reads, parses and writes in Rust, in threads of its own; here HTTP/1.1 without TLS."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

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
    options = {
        "bind": f"{HOST}:{PORT}",
        "workers": WORKERS,
        "loop": LOOP,
        "app-dir": Path(__file__).parent,
        "timeout-graceful-shutdown": 1,  # seconds that handlers still have after SIGTERM
    }
    program = Path(sys.executable).with_name("h2corn")
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    os.execv(program, [str(program), *words, "--no-access-log", "app:app"])
