# /// script
# requires-python = ">=3.10"
# dependencies = ["emmett55==1.3.0", "granian==2.8.7", "uvloop==0.23.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "emmett55"
# distribution = "emmett55"
# kind = "framework"
# runs_on = "granian-rsgi"
# homepage = "https://github.com/emmett-framework/emmett55"
# body = "str"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "nothing on throughput found"
# page = "https://github.com/emmett-framework/emmett55"
# read = 2026-11-26
# ///
"""emmett55 on granian's RSGI, where `emmett55 serve` puts it."""

import asyncio
import os
from importlib import import_module

from emmett55 import App, request, response
from emmett_core.server import run
from granian import loops

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")

app = App(__name__)


async def somebody() -> None:
    return


@app.route("/", methods="get", output="str")
async def hello() -> str:
    await somebody()
    response.content_type = "text/plain"
    return "Hello world!"


@app.route("/sleep/<int:ms>/<str:token>", methods="get", output="str")
async def sleep(ms: int, token: str) -> str:
    await asyncio.sleep(ms / 1000)
    response.content_type = "text/plain"
    return token


@app.route("/echo", methods="post", output="bytes")
async def echo() -> bytes:
    response.content_type = "text/plain"
    return await request.body


@loops.register("auto")  # granian's way to choose a loop that it has no name for
def loop() -> asyncio.AbstractEventLoop:
    made: asyncio.AbstractEventLoop = import_module(LOOP).new_event_loop()
    asyncio.set_event_loop(made)
    return made


if __name__ == "__main__":
    run(
        "rsgi",
        ("app", "app"),
        host=HOST,
        port=PORT,
        workers=WORKERS,
        loop="auto",  # for timers and callbacks; granian reads and writes sockets itself
        http="1",
        enable_websockets=False,
        log_level="warning",  # no banner
    )
