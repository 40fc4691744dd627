# /// script
# requires-python = ">=3.11"
# dependencies = ["peregrine-server==1.2.0", "uvloop==0.23.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "peregrine"
# distribution = "peregrine-server"
# kind = "server"
# homepage = "https://github.com/grepjava/peregrine"
# body = "bytes"
# loop = "uvloop"
# loops = "asyncio uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "uvloop, which it takes by itself where it is installed"
# page = "https://github.com/grepjava/peregrine/blob/main/README.md"
# read = 2026-11-26
# taken = "yes"
# ///
"""peregrine reads, parses and writes in Swift; a raw ASGI application."""

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
        "host": HOST,
        "port": PORT,
        "workers": WORKERS,
        "python-path": Path(__file__).parent,
        "log-level": "warning",  # no banner; there is no access log unless one is asked for
        "graceful-timeout": 1000,  # milliseconds that handlers still have after SIGTERM
    }
    program = Path(sys.executable).with_name("peregrine")
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    os.execv(program, [str(program), *words, *([] if LOOP == "uvloop" else ["--no-uvloop"]), "app:app"])
