# /// script
# requires-python = ">=3.10"
# dependencies = ["daphne==4.2.3"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "daphne"
# distribution = "daphne"
# kind = "server"
# homepage = "https://github.com/django/daphne"
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "nothing on throughput found; uvloop is not mentioned"
# page = "https://github.com/django/daphne"
# read = 2026-11-26
# ///
"""A raw ASGI application. daphne is one process; its documentation shares a socket among several."""

import asyncio
import multiprocessing
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any

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


def work(listener: socket.socket) -> None:
    from daphne.server import Server  # installs the reactor, of which each process needs its own

    Server(app, endpoints=[f"fd:fileno={listener.fileno()}"], server_name="daphne").run()


if __name__ == "__main__":
    with socket.create_server((HOST, PORT), backlog=1024) as listener:
        for _ in range(WORKERS - 1):
            # A daemon ends with this process, which is a worker as well.
            multiprocessing.get_context("fork").Process(target=work, args=(listener,), daemon=True).start()
        work(listener)
