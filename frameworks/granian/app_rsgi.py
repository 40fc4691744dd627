# /// script
# requires-python = ">=3.10"
# dependencies = ["granian==2.8.7", "uvloop==0.23.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "granian, RSGI"
# distribution = "granian"
# kind = "server"
# homepage = "https://github.com/emmett-framework/granian"
# body = "bytes"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "its own defaults of threads; one worker a CPU"
# page = "https://github.com/emmett-framework/granian/blob/master/README.md"
# read = 2026-11-26
# taken = "yes"
#
# [[tool.pipebench.tuning]]
# advice = "uvloop, as in its benchmarks"
# page = "https://github.com/emmett-framework/granian/blob/master/benchmarks/README.md"
# read = 2026-11-26
# taken = "yes"
# ///
"""The same application on RSGI, granian's own interface."""

import asyncio
import os
from importlib import import_module
from typing import Any

from granian import Granian, loops
from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")


async def somebody() -> None:
    return


async def app(scope: Any, protocol: Any) -> None:
    status = 200
    match scope.method, scope.path.split("/"):
        case "GET", ["", ""]:
            await somebody()
            body = b"Hello world!"
        case "GET", ["", "sleep", ms, token] if ms.isdecimal():
            await asyncio.sleep(int(ms) / 1000)
            body = token.encode()
        case "POST", ["", "echo"]:
            body = await protocol()
        case _:
            status, body = 404, b"Not Found"
    protocol.response_bytes(status, [("content-type", "text/plain")], body)


@loops.register("auto")  # granian's way to choose a loop that it has no name for
def loop() -> asyncio.AbstractEventLoop:
    made: asyncio.AbstractEventLoop = import_module(LOOP).new_event_loop()
    asyncio.set_event_loop(made)
    return made


if __name__ == "__main__":
    Granian(
        "app_rsgi:app",
        address=HOST,
        port=PORT,
        interface=Interfaces.RSGI,
        workers=WORKERS,
        loop=Loops.auto,  # for timers and callbacks; granian reads and writes sockets itself
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.warning,  # no banner
        workers_kill_timeout=1,  # seconds that workers still have after SIGTERM
    ).serve()
